"""Two systems on the same gold documents: differences, intervals and p-values, raw and filtered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.report import EvaluationReport, evaluate
from bran.evaluation.resampling import Comparison, compare_counts
from bran.evaluation.scores import METRICS


@dataclass(frozen=True, eq=False)
class ComparisonReport:
    """System B against system A.

    Attributes:
        a: scores of the first system.
        b: scores of the second system.
        comparisons: B less A, by protocol.
    """

    a: EvaluationReport
    b: EvaluationReport
    comparisons: Mapping[str, Comparison]

    header = ("protocol", "slice", "A F1", "B F1", "B - A (95 %)", "p")

    @property
    def rows(self) -> list[list[str]]:
        """One row per protocol and slice: F1 in percent, their difference, its interval and p-value."""
        f1 = METRICS.index("f1")
        rows = []
        for protocol, comparison in self.comparisons.items():
            for name in self.a.shown_slices:
                number = comparison.slices.index(name)
                a, b = (100 * report.cards[protocol].score(name) for report in (self.a, self.b))
                difference = 100 * comparison.difference[number, f1]
                low, high = 100 * comparison.interval[number, f1]
                change = f"{difference:+.1f} ({low:+.1f} to {high:+.1f})"
                rows.append([protocol, name, f"{a:.1f}", f"{b:.1f}", change, f"{comparison.p_value[number, f1]:.4f}"])
        return rows

    @property
    def signatures(self) -> list[str]:
        """One line per system and protocol."""
        return [
            f"{label} {report.system} {signature}"
            for label, report in (("A", self.a), ("B", self.b))
            for signature in report.signatures
        ]

    @property
    def notes(self) -> list[str]:
        """What is odd about either system's predictions."""
        return [f"{label} {line}" for label, report in (("A", self.a), ("B", self.b)) for line in report.notes]

    def to_dict(self) -> dict[str, Any]:
        """Both systems' scores, and their differences by protocol, slice and metric."""
        differences = {protocol: comparison.to_dict() for protocol, comparison in self.comparisons.items()}
        return {"a": self.a.to_dict(), "b": self.b.to_dict(), "differences": differences}


def compare(
    gold: GoldStandard, a: Predictions, b: Predictions, *, resamples: int = 10_000, seed: int = 0
) -> ComparisonReport:
    """Score two systems and compare them: see :func:`bran.evaluation.resampling.compare_counts`.

    Args:
        gold: what is right.
        a: predictions of the first system.
        b: predictions of the second system.
        resamples: corpora drawn for each interval and p-value.
        seed: of the drawing.

    Raises:
        UnknownTypeError: when the schema does not have the type of a predicted relation.
        ConfigError: when gold has no document, or there are no resamples.
    """
    first, second = (evaluate(gold, predictions, resamples=resamples, seed=seed) for predictions in (a, b))
    comparisons = {
        protocol: compare_counts(card.counts, second.cards[protocol].counts, resamples=resamples, seed=seed)
        for protocol, card in first.cards.items()
    }
    return ComparisonReport(first, second, comparisons)
