"""The perceptron over the features of a pair, trained alone before the network is.

It has few weights and much to say, but next to a text encoder that learns a thousand abstracts by heart it is
never given the time: the loss is gone before it has learned. So it goes first, and the network then learns from the
text what the features leave open, as in boosting (Friedman: *Greedy function approximation: a gradient boosting
machine*, Annals of Statistics 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim import AdamW

from bran.config import Config
from bran.encoding.examples import Example
from bran.errors import TrainingError
from bran.nn.links import Link
from bran.nn.model import Bran
from bran.nn.unlabelled import pair_risk
from bran.training.optimiser import ScheduleConfig


class FeatureTrainingConfig(Config):
    """How the perceptron is trained alone; its weights stay as they are from then on."""

    epochs: int = Field(default=30, ge=0)
    """0: it stays as the model has it that training starts from (``init``)."""
    pairs: int = Field(default=128, ge=1)
    """Pairs of a batch."""
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    schedule: ScheduleConfig = ScheduleConfig(warmup=0.1)

    def train(self, network: Bran, examples: Sequence[Example], *, seed: int) -> None:
        """Train ``network.scorer.structure`` on the pairs of ``examples``, then freeze it.

        Raises:
            TrainingError: when the network has none, or there is no pair.
        """
        perceptron = network.scorer.structure
        if perceptron is None:
            raise TrainingError("features are to be trained first, and the scorer hears of none (structure = 0)")
        pairs = _Pairs.of(examples)
        device = next(perceptron.parameters()).device
        optimiser = AdamW(perceptron.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        perceptron.train()
        for step, (chosen, progress) in enumerate(self._batches(len(pairs.features), seed)):
            torch.manual_seed(int(np.random.default_rng([seed, step]).integers(2**63)))  # of dropout
            for group in optimiser.param_groups:
                group["lr"] = self.learning_rate * self.schedule.factor(progress)
            optimiser.zero_grad()
            pairs.loss(perceptron, network.link, chosen, device).backward()
            optimiser.step()
        perceptron.requires_grad_(False)

    def _batches(self, count: int, seed: int) -> list[tuple[Tensor, float]]:
        """Indices of the pairs of each batch, and how much of the training lies behind it."""
        generator = np.random.default_rng(seed)
        orders = [torch.from_numpy(generator.permutation(count)).split(self.pairs) for _ in range(self.epochs)]
        batches = [batch for order in orders for batch in order]
        return [(batch, number / len(batches)) for number, batch in enumerate(batches)]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """All pairs of all examples: ``(pairs, features)``, ``(pairs, labels)``, and ``(pairs,)`` twice."""

    features: Tensor
    labels: Tensor
    weights: Tensor
    recall: Tensor

    @classmethod
    def of(cls, examples: Sequence[Example]) -> _Pairs:
        paired = [example for example in examples if example.pairs]
        if not paired:
            raise TrainingError(f"none of {len(examples)} examples has a pair to learn from")
        arrays = [[getattr(example, name) for example in paired] for name in ("features", "labels", "weights")]
        arrays.append([np.full_like(example.weights, example.recall) for example in paired])
        return cls(*(torch.from_numpy(np.concatenate(array)) for array in arrays))

    def loss(self, perceptron: nn.Module, link: Link, chosen: Tensor, device: torch.device) -> Tensor:
        features, labels, weights, recall = (
            values[chosen].to(device) for values in (self.features, self.labels, self.weights, self.recall)
        )
        return pair_risk(link, perceptron(features), labels, weights, recall)
