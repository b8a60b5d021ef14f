"""The gold side of a score: what is right, what is forgiven, and what crosses sentences."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bran.corpus.document import Document, Relation
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.load import Corpus
from bran.corpus.schema import Schema
from bran.corpus.sentences import SentenceIndex
from bran.evaluation.counts import OUTCOMES, SPANS, DocumentCounts
from bran.evaluation.predictions import Predictions, type_of

RAW, FILTERED = "raw", "filtered"


class RelationKey(NamedTuple):
    """What makes a relation unique within its document."""

    type: str
    head: str
    tail: str


class GoldDocument:
    """One document as scoring sees it.

    Args:
        document: with gold relations and the mentions that they hold between.
        schema: tells which types there are and which of them are symmetric.

    Raises:
        UnknownTypeError: when the schema does not have the type of a gold relation.
    """

    def __init__(self, document: Document, schema: Schema) -> None:
        self.id = document.id
        self.document = document
        self.entity_types = {entity.id: entity.type for entity in schema.entities(document)}
        self._schema = schema
        self._sentences = SentenceIndex(document)
        self.relations = frozenset(map(self.key, document.relations))
        self._pairs = frozenset((key.head, key.tail) for key in self.relations)

    def key(self, relation: Relation) -> RelationKey:
        """The key of a gold or predicted relation; the ends of a symmetric one are ordered by (type, id).

        Raises:
            UnknownTypeError: when the schema does not have its type.
        """
        head, tail = relation.head, relation.tail
        if type_of(relation, self.id, self._schema).symmetric:
            head, tail = sorted((head, tail), key=lambda id_: (self.entity_types.get(id_, ""), id_))
        return RelationKey(relation.type, head, tail)

    def span(self, key: RelationKey) -> str:
        """``intra`` when some sentence mentions both ends of ``key``; else ``inter``."""
        return SPANS[self._sentences.crosses(key.head, key.tail)]

    def forgives(self, key: RelationKey, hypernyms: HypernymFilter) -> bool:
        """Whether ``key`` is a negative that the filtered protocol leaves out."""
        return hypernyms.ignores((key.head, key.tail), self._pairs)

    def mentions_both(self, key: RelationKey) -> bool:
        """Whether the document mentions both ends of ``key``."""
        return key.head in self.entity_types and key.tail in self.entity_types


class GoldStandard:
    """Gold documents, against which any number of systems can be scored.

    Args:
        documents: with gold relations, in any order.
        schema: the relation types that are scored.
        hypernyms: the filter of the filtered protocol; without one, or with a schema that has no use for it, there
            are only raw scores.
        split: name of the documents, for signatures.
        mesh: version of the filter's MeSH tree, for signatures.

    Raises:
        DuplicateDocumentError: when a document id, or a title, stands twice.
        UnknownTypeError: when the schema does not have the type of a gold relation.
    """

    def __init__(
        self,
        documents: Iterable[Document],
        schema: Schema,
        hypernyms: HypernymFilter | None = None,
        *,
        split: str | None = None,
        mesh: str | None = None,
    ) -> None:
        self.corpus = Corpus(tuple(documents))
        self.schema = schema
        self.hypernyms = hypernyms if schema.hypernym_filter else None
        self.split = split
        self.mesh = mesh
        ordered = sorted(self.corpus.documents, key=lambda document: document.id)
        self.documents = tuple(GoldDocument(document, schema) for document in ordered)

    @cached_property
    def relations(self) -> int:
        """How many gold relations there are: the denominator of recall under every protocol."""
        return sum(len(document.relations) for document in self.documents)

    @property
    def protocols(self) -> tuple[str, ...]:
        """``raw``, and with a filter ``filtered``."""
        return (RAW, FILTERED) if self.hypernyms else (RAW,)

    def count(self, predictions: Predictions) -> dict[str, DocumentCounts]:
        """Compare ``predictions`` with gold; counts per document under each protocol.

        A relation counts once per document, however often it was predicted. Predictions for documents that
        are not in gold count nowhere: see :class:`bran.evaluation.oddities.Oddities`.

        Raises:
            UnknownTypeError: when the schema does not have the type of a predicted relation.
        """
        values = np.zeros((len(self.documents), len(self.schema.labels), len(SPANS), len(OUTCOMES)), dtype=np.int64)
        forgiven = np.zeros_like(values)
        for number, document in enumerate(self.documents):
            predicted = frozenset(map(document.key, predictions.relations.get(document.id, ())))
            for key in predicted | document.relations:
                outcome = "fn" if key not in predicted else "tp" if key in document.relations else "fp"
                cell = number, self._label(key), SPANS.index(document.span(key)), OUTCOMES.index(outcome)
                values[cell] += 1
                if outcome == "fp" and self.hypernyms and document.forgives(key, self.hypernyms):
                    forgiven[cell] += 1
        ids, types = tuple(document.id for document in self.documents), self.schema.labels
        by_protocol = {RAW: values, FILTERED: values - forgiven}
        return {protocol: DocumentCounts(ids, types, by_protocol[protocol]) for protocol in self.protocols}

    def _label(self, key: RelationKey) -> int:
        return self.schema.labels.index(key.type)
