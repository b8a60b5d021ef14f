"""What training takes the pairs of a document for, and how much each of them counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bran.corpus.document import Document, Pair, Relation
from bran.corpus.schema import Schema
from bran.encoding.subwords import Floats

PairFilter = Callable[[Document, tuple[Pair, ...]], Sequence[bool]]
"""Says of each candidate of a document whether training counts it."""


@dataclass(frozen=True, slots=True)
class PairLabels:
    """Labels of the pairs of one document.

    Attributes:
        values: how far each relation type holds, in [0, 1], shape ``(pairs, relation types)``.
        weights: factor of each pair in the loss, 0 where it is left out, shape ``(pairs,)``.
        recall: how many of the relations that hold are labelled, as a share. Below 1, a 0 says nothing
            (:mod:`bran.nn.unlabelled`).
    """

    values: Floats
    weights: Floats
    recall: float = 1.0


Labeller = Callable[[Document, tuple[Pair, ...]], PairLabels]
"""Labels the candidates of a document."""


class GoldLabels:
    """The document's own relations: 1 for what they state, 0 for all else.

    Args:
        schema: which relation types there are, and which of them are symmetric.
        pair_filter: what training leaves out (the hypernym filter); by default nothing.
    """

    def __init__(self, schema: Schema, pair_filter: PairFilter | None = None) -> None:
        self._types = schema.labels
        self._symmetric = {name for name, relation in schema.relation_types.items() if relation.symmetric}
        self._filter = pair_filter

    def __call__(self, document: Document, pairs: tuple[Pair, ...]) -> PairLabels:
        """Labels of ``pairs``, which are candidates of ``document``."""
        gold = {(relation.head, relation.tail, relation.type) for relation in document.relations}
        gold |= {(tail, head, type_) for head, tail, type_ in gold if type_ in self._symmetric}
        rows = [[(pair.head.id, pair.tail.id, type_) in gold for type_ in self._types] for pair in pairs]
        return PairLabels(_table(rows, len(self._types)), self._weights(document, pairs))

    def _weights(self, document: Document, pairs: tuple[Pair, ...]) -> Floats:
        if self._filter is None:
            return np.ones(len(pairs), dtype=np.float32)
        return np.array(self._filter(document, pairs), dtype=np.float32)


class ScoredLabels:
    """Scores of other models: soft labels. A pair that they have not scored has no weight.

    Args:
        schema: which relation types there are.
        scores: relations with a score, by document id: every candidate, whatever it scores.
    """

    def __init__(self, schema: Schema, scores: Mapping[str, Iterable[Relation]]) -> None:
        self._types = schema.labels
        self._scores = scores

    def __call__(self, document: Document, pairs: tuple[Pair, ...]) -> PairLabels:
        """Labels of ``pairs``, which are candidates of ``document``."""
        scores = {(one.head, one.tail, one.type): one.score or 0.0 for one in self._scores.get(document.id, ())}
        scored = {(head, tail) for head, tail, _ in scores}
        rows = [[scores.get((pair.head.id, pair.tail.id, type_), 0.0) for type_ in self._types] for pair in pairs]
        weights = np.array([(pair.head.id, pair.tail.id) in scored for pair in pairs], dtype=np.float32)
        return PairLabels(_table(rows, len(self._types)), weights)


def weighted(labels: Labeller, weight: float) -> Labeller:
    """``labels``, each pair of which counts ``weight`` times as much."""

    def lighter(document: Document, pairs: tuple[Pair, ...]) -> PairLabels:
        found = labels(document, pairs)
        return replace(found, weights=found.weights * np.float32(weight))

    return lighter


def _table(rows: Sequence[Sequence[float]], types: int) -> Floats:
    """Shape ``(pairs, types)``, also where there is no pair."""
    table: Floats = np.array(rows, dtype=np.float32).reshape(len(rows), types)
    return table
