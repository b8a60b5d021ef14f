"""Optimiser, learning-rate schedule, gradient noise and the moving average of weights."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal, Protocol, runtime_checkable

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer

from bran.config import Config
from bran.errors import ConfigError

PEAK = "peak"
"""Key of a group of parameters: its highest learning rate."""


class OptimiserConfig(Config):
    """Adam or AdamW, and how its gradients are treated."""

    kind: Literal["adam", "adamw"] = "adamw"
    learning_rate: float = Field(default=5e-4, gt=0)
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = Field(default=1e-8, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    """Decay of matrices and embeddings; biases and norms are left alone."""
    clip: float = Field(default=10.0, gt=0)
    """Largest norm of the whole gradient."""
    gradient_noise: float = Field(default=0.0, ge=0)
    """Variance ``eta`` of Gaussian noise on the gradient, ``eta / (1 + step)`` at each step (paper, section 4)."""
    encoder_learning_rate: float | None = Field(default=None, gt=0, exclude_if=lambda value: value is None)
    """Of the encoder and the subwords that it reads; ``null``: that of all else."""
    layer_decay: float = Field(default=1.0, gt=0, le=1, exclude_if=(1.0).__eq__)
    """Factor of the rate from each layer of the encoder to the one beneath it (Howard, Ruder 2018, section 3.2)."""

    def build(self, model: nn.Module) -> Optimizer:
        """The optimiser over the parameters of ``model``; each group of them keeps its rate as ``peak``.

        Raises:
            ConfigError: when layers are to have rates of their own, and the model has none.
        """
        rates = self._rates(model)
        trained = [p for p in model.parameters() if p.requires_grad]
        groups: dict[tuple[bool, float], list[nn.Parameter]] = {}
        for decayed in (True, False):
            for parameter in trained:
                if decayed == (parameter.ndim > 1):
                    rate = rates.get(parameter, self.learning_rate)
                    groups.setdefault((decayed, rate), []).append(parameter)
        described = [
            {"params": parameters, "weight_decay": self.weight_decay * decayed, "lr": rate, PEAK: rate}
            for (decayed, rate), parameters in groups.items()
        ]
        cls = AdamW if self.kind == "adamw" else Adam
        return cls(described, betas=self.betas, eps=self.epsilon)

    def _rates(self, model: nn.Module) -> dict[nn.Parameter, float]:
        """Rates of the parameters that have one of their own."""
        if self.encoder_learning_rate is None and self.layer_decay == 1:
            return {}
        if not isinstance(model, Layered):
            raise ConfigError("optimiser.encoder_learning_rate, optimiser.layer_decay: the model has no layers to tell")
        highest = self.encoder_learning_rate or self.learning_rate
        layers = enumerate(model.stack())
        return {p: highest * self.layer_decay**depth for depth, parameters in layers for p in parameters}


@runtime_checkable
class Layered(Protocol):
    """A model that tells its layers apart."""

    def stack(self) -> list[list[nn.Parameter]]:
        """Its pretrained parameters by layer, the uppermost first."""


class ScheduleConfig(Config):
    """The learning rate over the run, as a factor of its peak."""

    kind: Literal["constant", "linear", "cosine"] = "linear"
    warmup: float = Field(default=0.05, ge=0, lt=1)
    """Share of the run in which the rate rises from zero."""

    def factor(self, progress: float) -> float:
        """Factor at ``progress`` in [0, 1] of the run: a function of nothing else, so it needs no state."""
        if progress < self.warmup:
            return progress / self.warmup
        left = max(0.0, 1 - (progress - self.warmup) / (1 - self.warmup))
        if self.kind == "linear":
            return left
        return 0.5 * (1 - math.cos(math.pi * left)) if self.kind == "cosine" else 1.0


def add_noise(parameters: Iterable[nn.Parameter], *, eta: float, step: int) -> None:
    """Add N(0, eta / (1 + step)) to every gradient, in place (paper, section 4)."""
    deviation = math.sqrt(eta / (1 + step))
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad.add_(torch.randn_like(parameter.grad), alpha=deviation)


class WeightAverage:
    """Exponential moving average of a model's weights, what is validated and kept.

    Args:
        model: its weights now are where the average starts.
        decay: share of the old average that each step keeps; 0 follows the weights themselves.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights: dict[str, Tensor] = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move towards the weights of ``model``; early steps count more, so the start is soon forgotten."""
        decay = min(self.decay, (1 + step) / (10 + step)) if self.decay else 0.0
        for name, tensor in model.state_dict().items():
            self.weights[name].lerp_(tensor, 1 - decay)

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Continue from saved weights."""
        self.weights = {name: tensor.clone() for name, tensor in weights.items()}
