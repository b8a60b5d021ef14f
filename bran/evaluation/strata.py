"""Scores of groups of relations: by the distance of their mentions, and by how many mentions there are."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from bran.corpus.document import Document
from bran.corpus.sentences import SentenceIndex
from bran.errors import ConfigError
from bran.evaluation.counts import OUTCOMES, SPANS, DocumentCounts
from bran.evaluation.gold import FILTERED, GoldDocument, GoldStandard, RelationKey
from bran.evaluation.predictions import Predictions
from bran.evaluation.resampling import bootstrap_interval
from bran.evaluation.scores import METRICS, precision_recall_f1, slice_names

Measure = Callable[[GoldDocument], Callable[[RelationKey], int | None]]
"""Of a document, says how far a relation of it is, or how many mentions it has; ``None`` when it is not mentioned."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """The relations of one group, under one protocol.

    Attributes:
        name: the least and the greatest value of the group: ``0``, ``3-4``, ``5+``.
        tp: found and right.
        fp: found and wrong.
        fn: missed.
        precision: in [0, 1].
        recall: in [0, 1].
        f1: in [0, 1].
        low: lower end of the 95 % interval of F1, over resampled documents.
        high: its upper end.
    """

    name: str
    tp: int
    fp: int
    fn: int
    precision: float
    recall: float
    f1: float
    low: float
    high: float

    @property
    def gold(self) -> int:
        """Relations in the gold standard."""
        return self.tp + self.fn

    @property
    def predicted(self) -> int:
        """Relations that were predicted."""
        return self.tp + self.fp


def sentence_distance(document: GoldDocument) -> Callable[[RelationKey], int | None]:
    """How many sentences the nearest mentions of both ends are apart: 0 in one sentence, 1 in neighbouring ones."""
    index = SentenceIndex(document.document)
    sentences: dict[str, set[int]] = {}
    for mention in document.document.mentions:
        for key in (*mention.concepts, *filter(None, [mention.id])):
            sentences.setdefault(key, set()).add(index.sentence(mention))

    def distance(key: RelationKey) -> int | None:
        ends = product(sentences.get(key.head, ()), sentences.get(key.tail, ()))
        return min((abs(head - tail) for head, tail in ends), default=None)

    return distance


def pair_mentions(document: GoldDocument) -> Callable[[RelationKey], int | None]:
    """How many mentions both ends of a relation have together."""
    counts = _mentions(document.document)
    return lambda key: counts[key.head] + counts[key.tail] if key.head in counts and key.tail in counts else None


def document_mentions(document: GoldDocument) -> Callable[[RelationKey], int | None]:
    """How many mentions the document of a relation has."""
    count = len(document.document.mentions)
    return lambda key: count


def strata(
    gold: GoldStandard,
    predictions: Predictions,
    measure: Measure,
    starts: Sequence[int],
    *,
    protocol: str = FILTERED,
    resamples: int = 1000,
    seed: int = 0,
) -> list[Stratum]:
    """Score each group of relations by itself; their counts add up to those of all relations.

    Args:
        gold: documents with the answers.
        predictions: kept at a threshold.
        measure: what the groups differ in, such as :func:`sentence_distance`.
        starts: the least value of each group, ascending; the last one is open. Relations with a value below the
            first, or with none (an end that is not mentioned), come in a last group ``unmentioned``, if there are any.
        protocol: ``raw``, or ``filtered``: then what the filter ignores counts nowhere.
        resamples: corpora drawn for each interval.
        seed: of the drawing.

    Raises:
        ConfigError: when gold does not have that protocol, or there is no document.
    """
    if protocol not in gold.protocols:
        raise ConfigError(f"protocol {protocol!r}; expected one of {', '.join(gold.protocols)}")
    names = (*_names(starts), "unmentioned")
    values = np.zeros((len(gold.documents), len(names), len(SPANS), len(OUTCOMES)), dtype=np.int64)
    for number, document in enumerate(gold.documents):
        of, spot = measure(document), SPANS.index("intra")
        for key, outcome in _outcomes(document, gold, predictions, protocol):
            values[number, _group(of(key), starts), spot, OUTCOMES.index(outcome)] += 1
    # Groups take the place of relation types, which intervals are made for.
    counts = DocumentCounts(tuple(document.id for document in gold.documents), names, values)
    intervals = bootstrap_interval(counts, resamples=resamples, seed=seed)
    slices = slice_names(names)
    found = [
        _stratum(name, counts, *intervals[slices.index(f"type:{name}"), METRICS.index("f1")].tolist()) for name in names
    ]
    return found if found[-1].gold or found[-1].predicted else found[:-1]


def _stratum(name: str, counts: DocumentCounts, low: float, high: float) -> Stratum:
    outcomes = counts.totals[counts.types.index(name)].sum(axis=0)
    tp, fp, fn = outcomes.tolist()
    precision, recall, f1 = precision_recall_f1(outcomes).tolist()
    return Stratum(name, tp, fp, fn, precision, recall, f1, low, high)


def _outcomes(
    document: GoldDocument, gold: GoldStandard, predictions: Predictions, protocol: str
) -> Iterator[tuple[RelationKey, str]]:
    """Every gold or predicted relation of ``document``, as :meth:`GoldStandard.count` counts it."""
    predicted = frozenset(map(document.key, predictions.relations.get(document.id, ())))
    for key in document.relations:
        yield key, "tp" if key in predicted else "fn"
    for key in predicted - document.relations:
        if not (protocol == FILTERED and gold.hypernyms and document.forgives(key, gold.hypernyms)):
            yield key, "fp"


def _group(value: int | None, starts: Sequence[int]) -> int:
    found = -1 if value is None else bisect_right(starts, value) - 1
    return len(starts) if found < 0 else found


def _names(starts: Sequence[int]) -> list[str]:
    closed = [str(low) if low == high - 1 else f"{low}-{high - 1}" for low, high in pairwise(starts)]
    return [*closed, f"{starts[-1]}+"]


def _mentions(document: Document) -> Counter[str]:
    return Counter(key for mention in document.mentions for key in (*mention.concepts, *filter(None, [mention.id])))
