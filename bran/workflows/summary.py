"""The summary of a run: every split, and mean ± standard deviation over the splits of a kind."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bran.evaluation.report import EvaluationReport

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

    def values(self, protocol: str, metric: str) -> list[float]:
        """One micro score per split, in percent."""
        return [100 * report.cards[protocol].score("micro", metric) for report in self.reports.values()]

    def mean(self, protocol: str, metric: str) -> float:
        """Mean over the splits, in percent."""
        return statistics.fmean(self.values(protocol, metric))

    def deviation(self, protocol: str, metric: str) -> float:
        """Sample standard deviation over the splits, in percent; 0 for a single one."""
        values = self.values(protocol, metric)
        return statistics.stdev(values) if len(values) > 1 else 0.0

    def cell(self, protocol: str, metric: str) -> str:
        """``mean ± deviation``, in percent; the mean alone of a single split."""
        mean = f"{self.mean(protocol, metric):.1f}"
        return f"{mean} ± {self.deviation(protocol, metric):.1f}" if len(self.reports) > 1 else mean


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
        """Means and deviations by kind, protocol and metric; F1 and signature of each split."""
        return {
            name: {
                protocol: {
                    **{m: [round(group.mean(protocol, m), 4), round(group.deviation(protocol, m), 4)] for m in METRICS},
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

    def to_markdown(self) -> str:
        """The table of :attr:`rows`, and the full scores and signatures of each split."""
        header = ["splits", "protocol", "P", "R", "F1", "F1 of each"]
        lines = ["| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *self.rows]]
        for group in self.groups.values():
            for split, report in group.reports.items():
                lines += ["", f"## {split}", "", report.to_markdown().rstrip()]
        return "\n".join(lines) + "\n"
