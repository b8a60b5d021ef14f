"""How the numbers of a pair compare with those of the document's other pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bran.corpus.document import Entity, Pair
from bran.encoding.subwords import Floats, Ints


class PairGroups:
    """Which pairs of one document share their head, and which their tail.

    Args:
        pairs: at least one.
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        # Numbers of its own for each entity, whether or not a table elsewhere knows its concept.
        self.heads: Ints = _numbers([pair.head for pair in pairs])
        self.tails: Ints = _numbers([pair.tail for pair in pairs])

    def behind_best(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """``values`` less the highest of the pairs with the same head, with the same tail, and of all; each at most 0.

        Args:
            values: shape ``(pairs,)``.
        """
        return values - _best(values, self.heads), values - _best(values, self.tails), values - values.max()


def _numbers(entities: Sequence[Entity]) -> Ints:
    _, numbers = np.unique([f"{entity.type} {entity.id}" for entity in entities], return_inverse=True)
    return numbers


def _best(values: Floats, groups: Ints) -> Floats:
    """The highest of each one's group, shape ``(pairs,)``."""
    best = np.full(groups.max() + 1, -np.inf)
    np.maximum.at(best, groups, values)
    return best[groups]
