"""The summary of a run: every split, and mean ± standard deviation over the splits of a kind."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bran.evaluation.counts import SPANS
from bran.evaluation.report import EvaluationReport
from bran.evaluation.scores import MICRO

METRICS = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class GroupScores:
    """The splits of one kind.

    Attributes:
        reports: of each split, by its name.
    """

    reports: dict[str, EvaluationReport]

    @property
    def protocols(self) -> list[str]:
        """Protocols that every split was scored under."""
        return list(next(iter(self.reports.values())).cards)

    @property
    def slices(self) -> list[str]:
        """With several relation types, the mean over them and each; with one, nothing: it is micro again."""
        card = next(iter(next(iter(self.reports.values())).cards.values()))
        names = [name for name in card.slices if name != MICRO and name not in SPANS]
        return names if len(card.counts.types) > 1 else []

    def values(self, protocol: str, metric: str, name: str = MICRO) -> list[float]:
        """The score of a slice in each split, in percent."""
        return [100 * report.cards[protocol].score(name, metric) for report in self.reports.values()]

    def mean(self, protocol: str, metric: str, name: str = MICRO) -> float:
        """Mean over the splits, in percent."""
        return statistics.fmean(self.values(protocol, metric, name))

    def deviation(self, protocol: str, metric: str, name: str = MICRO) -> float:
        """Sample standard deviation over the splits, in percent; 0 for a single one."""
        values = self.values(protocol, metric, name)
        return statistics.stdev(values) if len(values) > 1 else 0.0

    def cell(self, protocol: str, metric: str, name: str = MICRO) -> str:
        """``mean ± deviation``, in percent; the mean alone of a single split."""
        mean = f"{self.mean(protocol, metric, name):.1f}"
        return f"{mean} ± {self.deviation(protocol, metric, name):.1f}" if len(self.reports) > 1 else mean

    def f1_by_slice(self, protocol: str) -> dict[str, list[float]]:
        """Mean and deviation of the F1 of each of :attr:`slices`."""
        return {
            name: [round(self.mean(protocol, "f1", name), 4), round(self.deviation(protocol, "f1", name), 4)]
            for name in self.slices
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """All scores of a run, by kind of split (the name of its splits without the number)."""

    groups: dict[str, GroupScores]

    @classmethod
    def of(cls, groups: Sequence[dict[str, EvaluationReport]]) -> Summary:
        """Of reports by split name, one mapping for each kind of split; empty ones are left out."""
        return cls({next(iter(group)).rsplit("-", 1)[0]: GroupScores(group) for group in groups if group})

    @property
    def metrics(self) -> dict[str, float]:
        """Means and deviations as flat metrics, in percent."""
        return {
            f"{name}_{protocol}_{metric}_{statistic}": getattr(group, statistic)(protocol, metric)
            for name, group in self.groups.items()
            for protocol in group.protocols
            for metric in METRICS
            for statistic in ("mean", "deviation")
        }

    def to_dict(self) -> dict[str, Any]:
        """Means and deviations by kind, protocol and metric (F1 by type too); F1 and signature of each split."""
        return {
            name: {
                protocol: {
                    **{m: [round(group.mean(protocol, m), 4), round(group.deviation(protocol, m), 4)] for m in METRICS},
                    **({"f1_by_slice": group.f1_by_slice(protocol)} if group.slices else {}),
                    "splits": {
                        split: {
                            "f1": round(100 * report.cards[protocol].score("micro", "f1"), 4),
                            "signature": str(report.cards[protocol].signature),
                        }
                        for split, report in group.reports.items()
                    },
                }
                for protocol in group.protocols
            }
            for name, group in self.groups.items()
        }

    @property
    def rows(self) -> list[list[str]]:
        """Cells of a table: kind, protocol, P, R, F1 as mean ± deviation, F1 of each split; in percent."""
        return [
            [
                f"{name} x {len(group.reports)}",
                protocol,
                *(group.cell(protocol, m) for m in METRICS),
                " ".join(f"{value:.1f}" for value in group.values(protocol, "f1")),
            ]
            for name, group in self.groups.items()
            for protocol in group.protocols
        ]

    @property
    def slice_rows(self) -> list[list[str]]:
        """Cells of a table: kind, protocol, slice, P, R, F1 as mean ± deviation, for schemas of several types."""
        return [
            [f"{name} x {len(group.reports)}", protocol, slice_, *(group.cell(protocol, m, slice_) for m in METRICS)]
            for name, group in self.groups.items()
            for protocol in group.protocols
            for slice_ in group.slices
        ]

    def to_markdown(self) -> str:
        """The tables of :attr:`rows` and :attr:`slice_rows`, and the full scores and signatures of each split."""
        lines = _table(["splits", "protocol", "P", "R", "F1", "F1 of each"], self.rows)
        if self.slice_rows:
            lines += ["", *_table(["splits", "protocol", "slice", "P", "R", "F1"], self.slice_rows)]
        for group in self.groups.values():
            for split, report in group.reports.items():
                lines += ["", f"## {split}", "", report.to_markdown().rstrip()]
        return "\n".join(lines) + "\n"


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a table in Markdown."""
    return ["| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows]]
