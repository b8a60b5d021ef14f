"""Scores of recognition and linking: mentions, concepts of mentions, concepts of documents; by entity type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bran.corpus.document import Document
from bran.errors import DataError, Place
from bran.wording import counted

_Typed: TypeAlias = tuple[str, object]
"""An entity type, and a place or concept of it."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How many items were found rightly, wrongly and not at all."""

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float:
        """Share of what was found that is right; 0 when nothing was."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        """Share of what there is that was found; 0 when there is nothing."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / total if total else 0.0


@dataclass(frozen=True, slots=True)
class LinkingScores:
    """How many gold mentions were given exactly their concepts.

    Attributes:
        mentions: all of them.
        right: those with the same set of concepts; a gold mention without concept is right when left without.
        linkable: those that have a concept in gold.
        linkable_right: those of them that are right.
    """

    mentions: int
    right: int
    linkable: int
    linkable_right: int

    @property
    def accuracy(self) -> float:
        """Share of all mentions that are right."""
        return self.right / self.mentions if self.mentions else 0.0

    @property
    def linkable_accuracy(self) -> float:
        """Share of the linkable mentions that are right."""
        return self.linkable_right / self.linkable if self.linkable else 0.0


def mention_scores(gold: Sequence[Document], predicted: Sequence[Document]) -> dict[str, Scores]:
    """Recognition: mentions with exactly the same place and type, by type.

    Raises:
        DataError: when the documents are not the same ones in the same order.
    """
    return _scores((_mentions(doc), _mentions(found)) for doc, found in _pairs(gold, predicted))


def concept_scores(gold: Sequence[Document], predicted: Sequence[Document]) -> dict[str, Scores]:
    """Concepts of documents: a concept counts once per document, wherever it is mentioned; by type.

    Raises:
        DataError: when the documents are not the same ones in the same order.
    """
    return _scores((_concepts(doc), _concepts(found)) for doc, found in _pairs(gold, predicted))


def linking_scores(gold: Sequence[Document], linked: Sequence[Document]) -> dict[str, LinkingScores]:
    """Linking of gold mentions, by type.

    Args:
        gold: documents with gold mentions.
        linked: the same mentions, in the same order, with the concepts of a linker.

    Raises:
        DataError: when documents or mentions are not the same ones in the same order.
    """
    counts: dict[str, Counter[str]] = {}
    for document, found in _pairs(gold, linked):
        if [(m.start, m.end, m.type) for m in document.mentions] != [(m.start, m.end, m.type) for m in found.mentions]:
            raise DataError("mentions differ from the gold ones; expected the same", Place(document=document.id))
        for mention, answer in zip(document.mentions, found.mentions, strict=True):
            count = counts.setdefault(mention.type, Counter())
            right, linkable = set(mention.concepts) == set(answer.concepts), bool(mention.concepts)
            count.update({"mentions": 1, "right": right, "linkable": linkable, "linkable_right": right and linkable})
    return {type_: LinkingScores(**count) for type_, count in sorted(counts.items())}


def total_scores(scores: Mapping[str, Scores]) -> Scores:
    """All types together."""
    return Scores(*(sum(getattr(value, name) for value in scores.values()) for name in ("tp", "fp", "fn")))


def candidate_recall(
    gold: Sequence[Document], candidates: Sequence[Sequence[Sequence[str]]], *, k: int
) -> dict[str, float]:
    """Of how many linkable gold mentions all concepts are among the first ``k`` candidates, by type.

    Args:
        gold: documents with gold mentions.
        candidates: for each document and each of its mentions, ids, best first.
        k: how many of them count.
    """
    found: Counter[str] = Counter()
    linkable: Counter[str] = Counter()
    for document, of_document in zip(gold, candidates, strict=True):
        for mention, ids in zip(document.mentions, of_document, strict=True):
            if mention.concepts:
                linkable[mention.type] += 1
                found[mention.type] += set(mention.concepts).issubset(ids[:k])
    return {type_: found[type_] / count for type_, count in sorted(linkable.items())}


def _mentions(document: Document) -> set[_Typed]:
    return {(mention.type, (mention.start, mention.end)) for mention in document.mentions}


def _concepts(document: Document) -> set[_Typed]:
    return {(mention.type, concept) for mention in document.mentions for concept in mention.concepts}


def _scores(pairs: Iterable[tuple[set[_Typed], set[_Typed]]]) -> dict[str, Scores]:
    tp: Counter[str] = Counter()
    fp: Counter[str] = Counter()
    fn: Counter[str] = Counter()
    for gold, found in pairs:
        tp.update(type_ for type_, _ in gold & found)
        fp.update(type_ for type_, _ in found - gold)
        fn.update(type_ for type_, _ in gold - found)
    return {type_: Scores(tp[type_], fp[type_], fn[type_]) for type_ in sorted({*tp, *fp, *fn})}


def _pairs(gold: Sequence[Document], predicted: Sequence[Document]) -> Iterator[tuple[Document, Document]]:
    if [document.id for document in gold] != [document.id for document in predicted]:
        message = f"{counted(len(predicted), 'predicted document')}; expected the {len(gold)} gold ones, in their order"
        raise DataError(message)
    return zip(gold, predicted, strict=True)
