"""A share of many examples in each epoch, in turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class Share:
    """Hands out a share of examples in each epoch: none comes again before all others have come.

    Args:
        examples: all of them.
        share: of them in an epoch, in (0, 1]; one example at least.
        seed: of the order in which they come.
    """

    def __init__(self, examples: Sequence[Any], share: float, *, seed: int) -> None:
        self.examples = examples
        self.size = share_size(len(examples), share)
        self._order = np.random.default_rng(seed).permutation(len(examples))

    def __call__(self, epoch: int) -> list[Any]:
        """Those of the epoch with this number, from 0."""
        turn = np.arange(epoch * self.size, (epoch + 1) * self.size) % max(1, len(self.examples))
        return [self.examples[index] for index in self._order[turn]]


def share_size(count: int, share: float) -> int:
    """How many of ``count`` a share is; one at least, where there is one."""
    return min(count, max(1, round(share * count)))
