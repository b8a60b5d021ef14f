"""Leak controls: systems that read no text, and what they must not score.

Where candidates or entities stand in an order that depends on the labels, a table over positions beats
real models. With the order of :attr:`bran.corpus.document.Document.entities` it must stay near predicting
every candidate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from bran.corpus.document import Document, Entity, Pair, Relation
from bran.corpus.schema import Schema
from bran.corpus.sentences import SentenceIndex
from bran.evaluation.gold import GoldDocument, GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.thresholds import best_threshold, score_curve

EntityOrder: TypeAlias = Callable[[Document], Sequence[Entity]]
"""The entities of a document in some order."""

Cell: TypeAlias = tuple[str, int, int]
"""Relation type, position of the head, position of the tail."""


def predict_all(documents: Iterable[Document], schema: Schema) -> Predictions:
    """Every candidate of ``documents``, with every type that may hold between its ends."""
    relations = {
        document.id: tuple(relation for pair in schema.candidates(document) for relation in _relations(pair, schema))
        for document in documents
    }
    return Predictions("predict-all", relations)


def predict_co_occurrence(documents: Iterable[Document], schema: Schema) -> Predictions:
    """Every candidate whose ends some sentence mentions both.

    It is no leak control: it knows where sentences end. It is what a model must beat to have read more.
    """
    relations = {document.id: tuple(_co_occurring(document, schema)) for document in documents}
    return Predictions("co-occurrence (a sanity baseline, not text-blind)", relations)


class EntityIndexBaseline:
    """A count table: how often a relation holds, by the positions of head and tail among the entities.

    Fitted on one split, applied to another. The threshold is the best one on the split it was fitted on,
    where each document is scored by the counts of the others.

    Args:
        gold: the split to fit on.
        order: the order of entities that is suspected; by default that of the schema.

    Raises:
        DataError: when no document of ``gold`` has a candidate.
    """

    name = "entity-index"

    def __init__(self, gold: GoldStandard, *, order: EntityOrder | None = None) -> None:
        self.schema = gold.schema
        self.order = order or gold.schema.entities
        self._seen: Counter[Cell] = Counter()
        self._held: Counter[Cell] = Counter()
        for document in gold.documents:
            for cell, relation in self._cells(document.document):
                self._seen[cell] += 1
                self._held[cell] += document.key(relation) in document.relations
        self._rate = self._held.total() / max(self._seen.total(), 1)
        fitted = {document.id: tuple(self._left_out(document)) for document in gold.documents}
        curve = score_curve(gold, Predictions(self.name, fitted), protocol=gold.protocols[-1])
        self.threshold = best_threshold(curve).value

    def predict(self, documents: Iterable[Document]) -> Predictions:
        """The relations that the table finds in other documents."""
        scored = {
            document.id: tuple(
                replace(relation, score=self._score(self._held[cell], self._seen[cell]))
                for cell, relation in self._cells(document)
            )
            for document in documents
        }
        return Predictions(self.name, scored).keep(self.threshold, self.schema)

    def _left_out(self, document: GoldDocument) -> Iterator[Relation]:
        """The candidates of a document of the table, scored without its own share of the counts."""
        for cell, relation in self._cells(document.document):
            held = self._held[cell] - (document.key(relation) in document.relations)
            yield replace(relation, score=self._score(held, self._seen[cell] - 1))

    def _score(self, held: int, seen: int) -> float:
        """The share of relations in a cell, with one more candidate at the overall rate: for cells seldom seen."""
        return (held + self._rate) / (seen + 1)

    def _cells(self, document: Document) -> Iterator[tuple[Cell, Relation]]:
        position = {(entity.type, entity.id): number for number, entity in enumerate(self.order(document))}
        for pair in self.schema.candidates(document):
            head, tail = position[pair.head.type, pair.head.id], position[pair.tail.type, pair.tail.id]
            for relation in _relations(pair, self.schema):
                yield (relation.type, head, tail), relation


def _co_occurring(document: Document, schema: Schema) -> Iterator[Relation]:
    sentences = SentenceIndex(document)
    for pair in schema.candidates(document):
        if sentences.together(pair.head.mentions, pair.tail.mentions):
            yield from _relations(pair, schema)


def _relations(pair: Pair, schema: Schema) -> Iterator[Relation]:
    """A relation of every type that may hold between the ends of ``pair``."""
    ends = pair.head.type, pair.tail.type
    for name, relation_type in schema.relation_types.items():
        if ends in relation_type.pairs or (relation_type.symmetric and ends[::-1] in relation_type.pairs):
            yield Relation(name, pair.head.id, pair.tail.id, score=1.0)
