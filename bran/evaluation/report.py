"""The scores of one system, with intervals and signatures: as table rows, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bran.evaluation.counts import OUTCOMES, SPANS, DocumentCounts, FloatArray
from bran.evaluation.gold import GoldStandard
from bran.evaluation.oddities import Oddities
from bran.evaluation.predictions import Predictions
from bran.evaluation.resampling import bootstrap_interval
from bran.evaluation.scores import MACRO, METRICS, MICRO, score_totals, slice_names, slice_totals, types_present
from bran.evaluation.signature import Signature


@dataclass(frozen=True, eq=False)
class Scorecard:
    """The scores of one system under one protocol.

    Attributes:
        signature: what the scores are of.
        counts: per document.
        interval: 95 % intervals, shape ``(slices, metrics, 2)``; ``None`` when none were asked for.
    """

    signature: Signature
    counts: DocumentCounts
    interval: FloatArray | None

    @property
    def slices(self) -> tuple[str, ...]:
        """Names of the slices: see :func:`bran.evaluation.scores.slice_names`."""
        return slice_names(self.counts.types)

    @property
    def scores(self) -> FloatArray:
        """Precision, recall and F1 in [0, 1], shape ``(slices, metrics)``."""
        totals = self.counts.totals
        return score_totals(totals, types_present(totals))

    @property
    def totals(self) -> dict[str, dict[str, int]]:
        """``tp``, ``fp`` and ``fn`` of each slice; macro scores are means and have none."""
        names = [name for name in self.slices if name != MACRO]
        rows = slice_totals(self.counts.totals).tolist()
        return {name: dict(zip(OUTCOMES, row, strict=True)) for name, row in zip(names, rows, strict=True)}

    def score(self, slice_name: str = MICRO, metric: str = "f1") -> float:
        """One score, in [0, 1].

        Raises:
            ValueError: when there is no such slice or metric.
        """
        return float(self.scores[self.slices.index(slice_name), METRICS.index(metric)])

    def to_dict(self) -> dict[str, Any]:
        """Signature, and the counts, scores and intervals of each slice."""
        totals = self.totals
        slices = {
            name: {**totals.get(name, {}), **dict(zip(METRICS, row, strict=True)), **self._intervals(number)}
            for number, (name, row) in enumerate(zip(self.slices, self.scores.tolist(), strict=True))
        }
        return {"signature": str(self.signature), **self.signature.to_dict(), "slices": slices}

    def cells(self, slice_name: str) -> list[str]:
        """Precision, recall, F1 in percent, the F1 with its interval: cells of a table."""
        number = self.slices.index(slice_name)
        cells = [f"{100 * score:.1f}" for score in self.scores[number]]
        if self.interval is not None:
            low, high = 100 * self.interval[number, METRICS.index("f1")]
            cells[-1] += f" ({low:.1f}–{high:.1f})"
        return cells

    def _intervals(self, number: int) -> dict[str, Any]:
        if self.interval is None:
            return {}
        return {"interval": dict(zip(METRICS, self.interval[number].tolist(), strict=True))}


@dataclass(frozen=True, eq=False)
class EvaluationReport:
    """The scores of one system, raw and filtered side by side.

    Attributes:
        system: its name.
        cards: by protocol.
        oddities: what the scores pass over.
    """

    system: str
    cards: Mapping[str, Scorecard]
    oddities: Oddities

    @property
    def header(self) -> list[str]:
        """Titles of the columns of :attr:`rows`."""
        columns = ["slice", "gold"]
        for protocol, card in self.cards.items():
            interval = "" if card.interval is None else " (95 %)"
            columns += [f"{protocol} P", f"{protocol} R", f"{protocol} F1{interval}"]
        return columns

    @property
    def shown_slices(self) -> list[str]:
        """Names of the slices of :attr:`rows`: with a single relation type, not those that only repeat micro."""
        first = next(iter(self.cards.values()))
        single = len(first.counts.types) == 1
        return [name for name in first.slices if not single or name == MICRO or name in SPANS]

    @property
    def rows(self) -> list[list[str]]:
        """One row per slice: its name, its gold relations, and the scores in percent under each protocol."""
        totals = next(iter(self.cards.values())).totals
        rows = []
        for name in self.shown_slices:
            gold = str(totals[name]["tp"] + totals[name]["fn"]) if name in totals else ""
            rows.append([name, gold, *(cell for card in self.cards.values() for cell in card.cells(name))])
        return rows

    @property
    def signatures(self) -> list[str]:
        """One line per protocol."""
        return [str(card.signature) for card in self.cards.values()]

    @property
    def notes(self) -> list[str]:
        """What the scores pass over, in one line each."""
        return self.oddities.lines()

    def to_dict(self) -> dict[str, Any]:
        """Everything but the counts per document, ready for JSON."""
        return {
            "system": self.system,
            "protocols": {protocol: card.to_dict() for protocol, card in self.cards.items()},
            "oddities": self.oddities.to_dict(),
        }

    def to_markdown(self) -> str:
        """Table, signatures and oddities."""
        table = [self.header, ["---"] + ["---:"] * (len(self.header) - 1), *self.rows]
        lines = ["| " + " | ".join(row) + " |" for row in table]
        lines += ["", *(f"- `{signature}`" for signature in self.signatures)]
        return "\n".join([*lines, *(f"- {line}" for line in self.notes)]) + "\n"

    def count_rows(self) -> Iterator[tuple[str, str, str, str, int, int, int]]:
        """``(protocol, document, type, span, tp, fp, fn)``: the counts per document."""
        for protocol, card in self.cards.items():
            for row in card.counts.rows():
                yield protocol, *row


def evaluate(gold: GoldStandard, predictions: Predictions, *, resamples: int = 1000, seed: int = 0) -> EvaluationReport:
    """Score ``predictions`` against ``gold``.

    Args:
        gold: what is right.
        predictions: relations, kept at their threshold.
        resamples: corpora drawn for the intervals; 0 for no intervals.
        seed: of the drawing.

    Raises:
        UnknownTypeError: when the schema does not have the type of a predicted relation.
        ConfigError: when intervals are asked for and gold has no document.
    """
    cards = {
        protocol: Scorecard(
            Signature.of(gold, predictions, protocol, resamples=resamples, resampling_seed=seed),
            counts,
            bootstrap_interval(counts, resamples=resamples, seed=seed) if resamples else None,
        )
        for protocol, counts in gold.count(predictions).items()
    }
    return EvaluationReport(predictions.system, cards, Oddities.of(gold, predictions))
