"""Predicted relations beside gold ones: which are right, wrong, forgiven or missed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from bran.corpus.document import Document, Relation
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.schema import Schema
from bran.evaluation.gold import GoldDocument
from bran.export.table import ordered

Status = Literal["right", "wrong", "hypernym", "missed"]
"""``hypernym``: not gold, but its tail stands above that of a gold one: filtered scores do not count it as wrong."""


class Judged(NamedTuple):
    """A relation and what gold says of it."""

    relation: Relation
    status: Status | None


class Judge:
    """Compares predicted relations with those of gold documents, as :mod:`bran.evaluation` counts them.

    Args:
        gold: documents with gold relations and the mentions that they hold between.
        schema: tells which types there are and which of them are symmetric.
        hypernyms: the filter of the filtered protocol; without one, nothing is forgiven.

    Raises:
        UnknownTypeError: when the schema does not have the type of a gold relation.
    """

    def __init__(self, gold: Iterable[Document], schema: Schema, hypernyms: HypernymFilter | None = None) -> None:
        self._gold = {document.id: GoldDocument(document, schema) for document in gold}
        self._hypernyms = hypernyms

    def __call__(self, document: Document) -> list[Judged]:
        """The relations of ``document`` in the order of its table, then what it misses; no status without gold.

        Raises:
            UnknownTypeError: when the schema does not have the type of a relation.
        """
        gold = self._gold.get(document.id)
        predicted = ordered(document.relations)
        if gold is None:
            return [Judged(relation, None) for relation in predicted]
        judged = [Judged(relation, self._status(relation, gold)) for relation in predicted]
        return [*judged, *(Judged(relation, "missed") for relation in _missed(gold, predicted))]

    def relations(self, documents: Iterable[str]) -> int:
        """How many gold relations the documents of these ids have; one that stands twice counts once."""
        return sum(len(self._gold[id_].relations) for id_ in documents if id_ in self._gold)

    def _status(self, relation: Relation, gold: GoldDocument) -> Status:
        key = gold.key(relation)
        if key in gold.relations:
            return "right"
        return "hypernym" if self._hypernyms and gold.forgives(key, self._hypernyms) else "wrong"


def _missed(gold: GoldDocument, predicted: Iterable[Relation]) -> Iterator[Relation]:
    """Gold relations that are not among ``predicted``, each once."""
    found = {gold.key(relation) for relation in predicted}
    for relation in ordered(gold.document.relations):
        key = gold.key(relation)
        if key not in found:
            found.add(key)
            yield relation
