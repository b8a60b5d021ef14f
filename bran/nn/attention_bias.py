"""Scores that heads of attention learn for how query and key stand to each other, whatever the tokens are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from bran.errors import ConfigError

BiasKind = Literal["distance", "sentence"]

BUCKETS = 32
"""Half of them for keys after the query. Distances below a quarter of them have a bucket each."""
FARTHEST = 128
"""Tokens apart from which on all distances to one side are one."""


class DistanceBias(nn.Module):
    """A score for each bucket of distances, which widen with the distance, and each head.

    Raffel et al.: *Exploring the limits of transfer learning with a unified text-to-text transformer*, JMLR 2020,
    section 2.1.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.table = nn.Embedding(BUCKETS, heads)
        nn.init.zeros_(self.table.weight)

    def forward(self, mask: Tensor, sentences: Tensor | None) -> Tensor:
        """As :meth:`AttentionBias.forward`, the same for all windows: shape ``(1, heads, tokens, tokens)``."""
        places = torch.arange(mask.shape[1], device=mask.device)
        scores: Tensor = self.table(distance_bucket(places[None, :] - places[:, None]))
        return scores.permute(2, 0, 1)[None]


class SentenceBias(nn.Module):
    """A score for keys in the query's sentence, the next one, the one before and all others, for each head.

    What Xu, Wang, Lyu, Zhu, Mao (*Entity structure within and throughout*, AAAI 2021) learn for mentions in one
    sentence and in others, for all tokens.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.table = nn.Embedding(4, heads)
        nn.init.zeros_(self.table.weight)

    def forward(self, mask: Tensor, sentences: Tensor | None) -> Tensor:
        """As :meth:`AttentionBias.forward`."""
        if sentences is None:
            raise ConfigError("attention.bias = sentence: this network is not told of sentences")
        apart = sentences[:, None, :] - sentences[:, :, None]  # (windows, tokens, tokens)
        scores: Tensor = self.table(torch.where(apart.abs() > 1, 3, apart % 3))  # 0: same, 1: next, 2: before, 3: other
        return scores.permute(0, 3, 1, 2)


class AttentionBias(nn.Module):
    """The sum of all that is learned of where tokens stand; all blocks share it. It starts at zero.

    Args:
        kinds: what it knows.
        heads: of attention.
    """

    def __init__(self, kinds: Sequence[BiasKind], *, heads: int) -> None:
        super().__init__()
        known = {"distance": DistanceBias, "sentence": SentenceBias}
        self.kinds = nn.ModuleDict({kind: known[kind](heads) for kind in kinds})

    def forward(self, mask: Tensor, sentences: Tensor | None) -> Tensor:
        """What to add to the score of each query and key.

        Args:
            mask: of tokens, shape ``(windows, tokens)``.
            sentences: number of the sentence of each token, shape ``(windows, tokens)``.

        Returns:
            shape ``(windows, heads, tokens, tokens)``: a row for the query.

        Raises:
            ConfigError: when sentences are needed and not given.
        """
        first, *others = (kind(mask, sentences) for kind in self.kinds.values())
        total: Tensor = sum(others, start=first)
        return total.expand(len(mask), -1, -1, -1)


def distance_bucket(apart: Tensor) -> Tensor:
    """The bucket, below :data:`BUCKETS`, of distances from query to key, of any shape."""
    side, exact = BUCKETS // 2, BUCKETS // 4
    distance = apart.abs()
    steps = (distance.clamp_min(1) / exact).log() / math.log(FARTHEST / exact) * (side - exact)
    far = (exact + steps.long()).clamp_max(side - 1)
    return torch.where(distance < exact, distance, far) + side * (apart > 0)
