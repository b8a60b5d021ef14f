"""Pooling of token-pair scores to entity-pair scores, by segments (paper, section 2.3)."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from bran.config import Config


class PoolingConfig(Config):
    """How the scores of all token pairs of an entity pair become one."""

    kind: Literal["logsumexp", "max", "mean", "attention", "mixture"] = "logsumexp"
    """``logsumexp``: the paper, a smooth maximum that lets every mention pair learn; ``mixture``: of it and
    ``attention``, in learned shares."""
    temperature: float = Field(default=1.0, gt=0, allow_inf_nan=False, exclude_if=(1.0).__eq__)
    """Of a LogSumExp: towards 0 it becomes the maximum, above 1 weaker mention pairs count more. 1: the paper."""

    @model_validator(mode="after")
    def _something_has_a_temperature(self) -> PoolingConfig:
        if self.temperature != 1 and self.kind not in ("logsumexp", "mixture"):
            raise ValueError(
                f"temperature = {self.temperature}: is that of a LogSumExp; expected 1 with kind {self.kind}"
            )
        return self

    def build(self) -> Pooling:
        """The module; called with values ``(n, labels)``, segments ``(n,)`` and the number of segments."""
        if self.kind == "logsumexp":
            return LogSumExp(self.temperature)
        if self.kind == "mixture":
            return Mixture(self.temperature)
        return {"max": Max, "mean": Mean, "attention": AttentionWeighted}[self.kind]()


class Pooling(nn.Module):
    """What all kinds have in common."""

    extra: ClassVar[int] = 0
    """Columns of the values, after those of the labels, that it wants scored for itself."""


class LogSumExp(Pooling):
    """``t log sum_i exp(v_i / t)`` over each segment, with temperature ``t``; stable for any size of the values."""

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, values: Tensor, segments: Tensor, size: int) -> Tensor:
        """Pool.

        Args:
            values: shape ``(n, labels)``.
            segments: which segment each belongs to, in ``[0, size)``, shape ``(n,)``.
            size: number of segments.

        Returns:
            shape ``(size, labels)``; the lowest number of the type for a segment without values.
        """
        highest = segment_max(values.detach(), segments, size)  # only shifts: no gradient goes through it
        shifted = ((values - highest[segments]) / self.temperature).exp()
        total = values.new_zeros(size, values.shape[1]).index_add(0, segments, shifted)
        tiny = torch.finfo(values.dtype).tiny
        return self.temperature * total.clamp_min(tiny).log() + highest


class Max(Pooling):
    """The highest value of each segment."""

    def forward(self, values: Tensor, segments: Tensor, size: int) -> Tensor:
        """Pool ``(n, labels)`` to ``(size, labels)``."""
        return segment_max(values, segments, size)


class Mean(Pooling):
    """The mean of each segment; 0 for one without values."""

    def forward(self, values: Tensor, segments: Tensor, size: int) -> Tensor:
        """Pool ``(n, labels)`` to ``(size, labels)``."""
        total = values.new_zeros(size, values.shape[1]).index_add(0, segments, values)
        count = torch.bincount(segments, minlength=size).clamp_min(1)
        return total / count[:, None]


class AttentionWeighted(Pooling):
    """``sum_i a_i v_i`` with ``a`` the softmax, over each segment, of the values' last column; 0 for an empty segment.

    Lin et al.: *Neural relation extraction with selective attention over instances*, ACL 2016, section 3.2, with token
    pairs for the sentences that name both entities.
    """

    extra: ClassVar[int] = 1

    def forward(self, values: Tensor, segments: Tensor, size: int) -> Tensor:
        """Pool ``(n, labels + 1)`` to ``(size, labels)``."""
        values, scores = values[:, :-1], values[:, -1:]
        highest = segment_max(scores.detach(), segments, size)  # only shifts: no gradient goes through it
        weights = (scores - highest[segments]).exp()  # (n, 1)
        total = values.new_zeros(size, 1).index_add(0, segments, weights)
        weighted = values.new_zeros(size, values.shape[1]).index_add(0, segments, weights * values)
        return weighted / total.clamp_min(torch.finfo(values.dtype).tiny)


class Mixture(Pooling):
    """``g LogSumExp + (1 - g) attention``, with one learned share ``g``, which starts at a half.

    A LogSumExp grows with the number of mention pairs, a weighted mean does not: which is better depends on whether
    naming two entities often speaks for their relation. After the learned mixtures of Lee, Gallagher, Tu: *Generalizing
    pooling functions in convolutional neural networks*, AISTATS 2016, section 3.1.
    """

    extra: ClassVar[int] = 1

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        self.smooth_maximum, self.weighted = LogSumExp(temperature), AttentionWeighted()
        self.gate = nn.Parameter(torch.zeros(()))
        """Log-odds of ``g``."""

    def forward(self, values: Tensor, segments: Tensor, size: int) -> Tensor:
        """Pool ``(n, labels + 1)`` to ``(size, labels)``."""
        maximum = self.smooth_maximum(values[:, :-1], segments, size)
        share = self.gate.sigmoid()
        pooled: Tensor = share * maximum + (1 - share) * self.weighted(values, segments, size)
        return pooled


def segment_max(values: Tensor, segments: Tensor, size: int) -> Tensor:
    """The highest value of each segment: ``(n, labels)`` to ``(size, labels)``."""
    lowest = torch.finfo(values.dtype).min
    return values.new_full((size, values.shape[1]), lowest).scatter_reduce(
        0, segments[:, None].expand_as(values), values, "amax"
    )
