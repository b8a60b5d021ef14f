"""Pooling of token-pair scores to entity-pair scores, by segments (paper, section 2.3)."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from bran.config import Config


class PoolingConfig(Config):
    """How the scores of all token pairs of an entity pair become one."""

    kind: Literal["logsumexp", "max", "mean", "attention"] = "logsumexp"
    """``logsumexp``: the paper, a smooth maximum that lets every mention pair learn."""

    def build(self) -> Pooling:
        """The module; called with values ``(n, labels)``, segments ``(n,)`` and the number of segments."""
        return {"logsumexp": LogSumExp, "max": Max, "mean": Mean, "attention": AttentionWeighted}[self.kind]()


class Pooling(nn.Module):
    """What all kinds have in common."""

    extra: ClassVar[int] = 0
    """Columns of the values, after those of the labels, that it wants scored for itself."""


class LogSumExp(Pooling):
    """``log sum_i exp v_i`` over each segment, stable for any size of the values."""

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
        shifted = (values - highest[segments]).exp()
        total = values.new_zeros(size, values.shape[1]).index_add(0, segments, shifted)
        tiny = torch.finfo(values.dtype).tiny
        return total.clamp_min(tiny).log() + highest


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


def segment_max(values: Tensor, segments: Tensor, size: int) -> Tensor:
    """The highest value of each segment: ``(n, labels)`` to ``(size, labels)``."""
    lowest = torch.finfo(values.dtype).min
    return values.new_full((size, values.shape[1]), lowest).scatter_reduce(
        0, segments[:, None].expand_as(values), values, "amax"
    )
