"""The figures of a run: how much there is, what is frequent, how scores are distributed, how often they are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel, ConfigDict

from bran.evaluation.reliability import Reliability
from bran.evaluation.scores import precision_recall_f1
from bran.view.document_data import DocumentData, RelationData, Text

FREQUENT = 50
"""Relations that the list of the most frequent holds."""
BINS = 20
"""Of the distribution."""

_Key = tuple[str, str, str]


class _Values(BaseModel):
    model_config = ConfigDict(frozen=True)


class Frequent(_Values):
    """A relation over all documents."""

    type: Text
    head: Text
    tail: Text
    head_name: Text
    """How most documents write it, or its id."""
    tail_name: Text
    documents: int
    """That it was predicted in."""
    best: float | None
    """The highest probability, or score where there are none."""


class ScoreBin(_Values):
    """Predicted relations whose measures lie near each other: ``low <= measure < high``; the last bin has 1 too."""

    low: float
    high: float
    counts: dict[str, int]
    """By status; under ``unknown`` where there is no gold."""


class ReliabilityBin(_Values):
    """As :class:`bran.evaluation.reliability.Bin`."""

    low: float
    high: float
    count: int
    predicted: float
    observed: float


class Calibrated(_Values):
    """How far the measure can be believed; relations that the hypernym filter ignores are left out."""

    brier: float
    ece: float
    bins: tuple[ReliabilityBin, ...]


class Scores(_Values):
    """Micro scores under one protocol, in [0, 1]."""

    protocol: str
    tp: int
    fp: int
    fn: int
    precision: float
    recall: float
    f1: float


class Summary(_Values):
    """The figures of all documents of a report."""

    documents: int
    documents_with_relations: int
    characters: int
    mentions: int
    linked: int
    """Mentions that have a concept or an id of their own."""
    relations: int
    """That were predicted."""
    cross_sentence: int
    """Predicted relations whose ends never share a sentence."""
    statuses: dict[str, int]
    measure: str | None
    """What bars show: ``probability``, else ``score``; ``None`` when no relation has either."""
    frequent: tuple[Frequent, ...]
    distinct: int
    """Relations that were predicted, each counted once over all documents."""
    distribution: tuple[ScoreBin, ...]
    reliability: Calibrated | None
    scores: tuple[Scores, ...]


@dataclass(slots=True)
class _Seen:
    """One relation over the documents so far."""

    documents: int = 0
    relations: list[RelationData] = field(default_factory=list)
    heads: Counter[str] = field(default_factory=Counter)
    tails: Counter[str] = field(default_factory=Counter)


class Tally:
    """Counts documents as they come."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._seen: dict[_Key, _Seen] = {}
        self._predicted: list[RelationData] = []

    def add(self, data: DocumentData) -> None:
        """Count a document."""
        found = [relation.model_copy(update={"evidence": ()}) for relation in data.relations]
        predicted = [relation for relation in found if relation.status != "missed"]
        self._counts += Counter(
            documents=1,
            documents_with_relations=bool(predicted),
            characters=len(data.text),
            mentions=len(data.mentions),
            linked=sum(bool(mention.concepts or mention.id) for mention in data.mentions),
            relations=len(predicted),
            cross_sentence=sum(bool(relation.cross_sentence) for relation in predicted),
        )
        self._statuses.update(relation.status for relation in found if relation.status)
        self._predicted += predicted
        for key in {(relation.type, relation.head, relation.tail) for relation in predicted}:
            self._seen.setdefault(key, _Seen()).documents += 1
        for relation in predicted:
            self._remember(relation)

    def summary(self) -> Summary:
        """The figures of the documents so far."""
        measure = self._measure()
        return Summary(
            **{name: self._counts[name] for name in _COUNTED},
            statuses=dict(self._statuses),
            measure=measure,
            frequent=tuple(self._frequent(measure)),
            distinct=len(self._seen),
            distribution=distribution(self._predicted, measure),
            reliability=reliability(self._predicted, measure),
            scores=scores(self._statuses),
        )

    def _remember(self, relation: RelationData) -> None:
        seen = self._seen[relation.type, relation.head, relation.tail]
        seen.relations.append(relation)
        seen.heads.update(filter(None, [relation.head_name]))
        seen.tails.update(filter(None, [relation.tail_name]))

    def _measure(self) -> str | None:
        return next(
            (name for name in ("probability", "score") if any(getattr(r, name) is not None for r in self._predicted)),
            None,
        )

    def _frequent(self, measure: str | None) -> list[Frequent]:
        found = [
            Frequent(
                type=type_,
                head=head,
                tail=tail,
                head_name=_commonest(seen.heads, head),
                tail_name=_commonest(seen.tails, tail),
                documents=seen.documents,
                best=max(measures(seen.relations, measure), default=None),
            )
            for (type_, head, tail), seen in self._seen.items()
        ]
        return sorted(found, key=lambda f: (-f.documents, -(f.best or 0.0), f.type, f.head, f.tail))[:FREQUENT]


_COUNTED = (
    "documents",
    "documents_with_relations",
    "characters",
    "mentions",
    "linked",
    "relations",
    "cross_sentence",
)


def measures(relations: Iterable[RelationData], measure: str | None) -> list[float]:
    """The probability or score, as ``measure`` says, of those that have one."""
    values = (getattr(relation, measure) for relation in relations) if measure else ()
    return [value for value in values if value is not None]


def distribution(relations: Sequence[RelationData], measure: str | None) -> tuple[ScoreBin, ...]:
    """Predicted relations by measure, in bins of equal width."""
    edges = np.linspace(0, 1, BINS + 1).round(6)
    counts: list[Counter[str]] = [Counter() for _ in range(BINS)]
    for relation in relations:
        for value in measures([relation], measure):
            place = min(int(np.searchsorted(edges, value, side="right")) - 1, BINS - 1)
            counts[max(place, 0)][relation.status or "unknown"] += 1
    found = zip(edges[:-1].tolist(), edges[1:].tolist(), counts, strict=True)
    return tuple(ScoreBin(low=low, high=high, counts=dict(count)) for low, high, count in found) if measure else ()


def reliability(relations: Sequence[RelationData], measure: str | None) -> Calibrated | None:
    """How often predicted relations are right, by measure; ``None`` where none was judged."""
    judged = [r for r in relations if r.status in ("right", "wrong") and measures([r], measure)]
    if not judged:
        return None
    values = np.array(measures(judged, measure), dtype=np.float64)
    found = Reliability.of(values, np.array([relation.status == "right" for relation in judged]))
    bins = tuple(
        ReliabilityBin(low=b.low, high=b.high, count=b.count, predicted=b.predicted, observed=b.observed)
        for b in found.bins
    )
    return Calibrated(brier=found.brier, ece=found.ece_width, bins=bins)


def scores(statuses: Counter[str]) -> tuple[Scores, ...]:
    """Micro scores without and with the hypernym filter; none where nothing was judged."""
    if not statuses:
        return ()
    right, missed = statuses["right"], statuses["missed"]
    wrong = {"raw": statuses["wrong"] + statuses["hypernym"], "filtered": statuses["wrong"]}
    return tuple(_scores(protocol, right, count, missed) for protocol, count in wrong.items())


def _scores(protocol: str, tp: int, fp: int, fn: int) -> Scores:
    precision, recall, f1 = precision_recall_f1(np.array([tp, fp, fn])).tolist()
    return Scores(protocol=protocol, tp=tp, fp=fp, fn=fn, precision=precision, recall=recall, f1=f1)


def _commonest(names: Counter[str], otherwise: str) -> str:
    return min(names, key=lambda name: (-names[name], name)) if names else otherwise
