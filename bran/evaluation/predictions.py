"""What a system predicted: relations by document, and what the signature of its scores says of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bran.corpus.document import Document, Relation
from bran.corpus.schema import RelationType, Schema
from bran.errors import DataError, DuplicateDocumentError, Place, UnknownTypeError


@dataclass(frozen=True)
class Predictions:
    """The output of one system.

    Attributes:
        system: its name, for people.
        relations: predicted relations by document id.
        config: hash of the model's config; ``None`` when not known.
        seed: of its training; ``None`` when not known.
        threshold: the score from which on relations were kept; ``None`` when not known.
    """

    system: str
    relations: Mapping[str, tuple[Relation, ...]] = field(repr=False)
    config: str | None = None
    seed: int | None = None
    threshold: float | None = None

    @classmethod
    def of(cls, documents: Iterable[Document], *, system: str) -> Predictions:
        """The relations of ``documents``; nothing else of them is read.

        Raises:
            DuplicateDocumentError: when a document id stands twice.
        """
        relations: dict[str, tuple[Relation, ...]] = {}
        for document in documents:
            if document.id in relations:
                message = f"id {document.id!r} stands twice in {system}; expected one document per id"
                raise DuplicateDocumentError(message, Place(document=document.id))
            relations[document.id] = document.relations
        return cls(system, relations)

    def check_types(self, schema: Schema) -> None:
        """Make sure that ``schema`` has the type of every relation.

        Raises:
            UnknownTypeError: when it does not.
        """
        for document, relations in self.relations.items():
            for relation in relations:
                type_of(relation, document, schema)

    def best(self, schema: Schema) -> Predictions:
        """Where types exclude each other, only the relation of each pair that scores best, as a model predicts them.

        Args:
            schema: says whether they do; of equal scores its first type counts.

        Raises:
            DataError: when a relation has no score.
            UnknownTypeError: when the schema does not have the type of a relation.
        """
        if not schema.exclusive or len(schema.labels) == 1:
            return self
        chosen = {document: _best(relations, document, schema) for document, relations in self.relations.items()}
        return replace(self, relations=chosen)

    def keep(self, threshold: float, schema: Schema) -> Predictions:
        """Only what a model predicts at ``threshold``: :meth:`best`, with a score of at least that.

        Raises:
            DataError: when a relation has no score.
            UnknownTypeError: when the schema does not have the type of a relation.
        """
        kept = {
            document: tuple(relation for relation in relations if score_of(relation, document) >= threshold)
            for document, relations in self.best(schema).relations.items()
        }
        return replace(self, relations=kept, threshold=threshold)


def _best(relations: Iterable[Relation], document: str, schema: Schema) -> tuple[Relation, ...]:
    """The best relation of each pair, in the order in which pairs first come."""
    best: dict[tuple[str, str], tuple[tuple[float, int], Relation]] = {}
    for relation in relations:
        type_of(relation, document, schema)
        rank = score_of(relation, document), -schema.labels.index(relation.type)
        found = best.get((relation.head, relation.tail))
        if found is None or rank > found[0]:
            best[relation.head, relation.tail] = rank, relation
    return tuple(relation for _, relation in best.values())


def score_of(relation: Relation, document: str) -> float:
    """The score of ``relation``.

    Raises:
        DataError: when it has none that is a number; names ``document``.
    """
    if relation.score is None or math.isnan(relation.score):
        found = "no score" if relation.score is None else f"score {relation.score}"
        message = f"relation {relation.type} {relation.head} {relation.tail} has {found}; expected one in [0, 1]"
        raise DataError(message, Place(document=document))
    return relation.score


def type_of(relation: Relation, document: str, schema: Schema) -> RelationType:
    """What ``schema`` says of the type of ``relation``.

    Raises:
        UnknownTypeError: when the schema does not have it; names ``document``.
    """
    if relation.type not in schema.relation_types:
        message = f"relation type {relation.type!r}; expected one of {', '.join(schema.labels)}"
        raise UnknownTypeError(message, Place(document=document))
    return schema.relation_types[relation.type]
