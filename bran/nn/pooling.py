"""Pooling of token-pair scores to entity-pair scores, by segments (paper, section 2.3)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from bran.config import Config


class PoolingConfig(Config):
    """How the scores of all token pairs of an entity pair become one."""

    kind: Literal["logsumexp", "max", "mean"] = "logsumexp"
    """``logsumexp``: the paper, a smooth maximum that lets every mention pair learn."""

    def build(self) -> nn.Module:
        """The module; called with values ``(n, labels)``, segments ``(n,)`` and the number of segments."""
        return {"logsumexp": LogSumExp, "max": Max, "mean": Mean}[self.kind]()


class LogSumExp(nn.Module):
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


class Max(nn.Module):
    """The highest value of each segment."""

    def forward(self, values: Tensor, segments: Tensor, size: int) -> Tensor:
        """Pool ``(n, labels)`` to ``(size, labels)``."""
        return segment_max(values, segments, size)


class Mean(nn.Module):
    """The mean of each segment; 0 for one without values."""

    def forward(self, values: Tensor, segments: Tensor, size: int) -> Tensor:
        """Pool ``(n, labels)`` to ``(size, labels)``."""
        total = values.new_zeros(size, values.shape[1]).index_add(0, segments, values)
        count = torch.bincount(segments, minlength=size).clamp_min(1)
        return total / count[:, None]


def segment_max(values: Tensor, segments: Tensor, size: int) -> Tensor:
    """The highest value of each segment: ``(n, labels)`` to ``(size, labels)``."""
    lowest = torch.finfo(values.dtype).min
    return values.new_full((size, values.shape[1]), lowest).scatter_reduce(
        0, segments[:, None].expand_as(values), values, "amax"
    )
