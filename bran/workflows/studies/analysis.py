"""Scores of each row over seeds and folds, and its difference to the base."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bran.evaluation.resampling import Comparison, Replicates, compare_replicates, holm
from bran.evaluation.scores import METRICS, MICRO
from bran.workflows.studies.results import RunResult, StudyResults

Runs = Mapping[tuple[int, str], RunResult]
"""Finished runs of a row, by seed and split."""

F1 = METRICS.index("f1")


@dataclass(frozen=True, slots=True)
class Difference:
    """A row less the base, in percent.

    Attributes:
        value: of the means over runs that both have.
        low: lower end of the 95 % interval.
        high: its upper end.
        p_value: of the difference alone.
    """

    value: float
    low: float
    high: float
    p_value: float


class RowScores:
    """The finished runs of one row on one kind of split.

    Args:
        name: of the row.
        runs: at least one.
        comparisons: to the base by protocol; empty for the base itself, and without runs in common.
    """

    def __init__(self, name: str, runs: Runs, comparisons: Mapping[str, Comparison]) -> None:
        self.name, self.runs, self.comparisons = name, runs, comparisons

    @cached_property
    def _scores(self) -> dict[str, list[dict[str, dict[str, float]]]]:
        return {protocol: [run.scores(protocol) for run in self.runs.values()] for protocol in self.protocols}

    @property
    def protocols(self) -> list[str]:
        """Protocols that every run was scored under."""
        return list(next(iter(self.runs.values())).counts)

    @property
    def slices(self) -> list[str]:
        """Names of the slices that are scored."""
        return list(self._scores[self.protocols[0]][0])

    def values(self, protocol: str, slice_name: str, metric: str) -> list[float]:
        """One score per run, in percent."""
        return [100 * scores[slice_name][metric] for scores in self._scores[protocol]]

    def mean(self, protocol: str, slice_name: str = MICRO, metric: str = "f1") -> float:
        """Mean over runs, in percent."""
        return statistics.fmean(self.values(protocol, slice_name, metric))

    def deviation(self, protocol: str, slice_name: str = MICRO, metric: str = "f1") -> float:
        """Sample standard deviation over runs, in percent; 0 of a single one."""
        return _deviation(self.values(protocol, slice_name, metric))

    def deviation_of_seeds(self, protocol: str, slice_name: str = MICRO, metric: str = "f1") -> float:
        """Sample standard deviation over seeds of the mean over folds, in percent; 0 of a single seed."""
        by_seed: dict[int, list[float]] = {}
        for (seed, _), value in zip(self.runs, self.values(protocol, slice_name, metric), strict=True):
            by_seed.setdefault(seed, []).append(value)
        return _deviation([statistics.fmean(values) for values in by_seed.values()])

    def difference(self, protocol: str, slice_name: str = MICRO, metric: str = "f1") -> Difference | None:
        """To the base; ``None`` when there is nothing to compare."""
        comparison = self.comparisons.get(protocol)
        if comparison is None:
            return None
        place = comparison.slices.index(slice_name), METRICS.index(metric)
        low, high = (100 * comparison.interval[place]).tolist()
        return Difference(100 * float(comparison.difference[place]), low, high, float(comparison.p_value[place]))

    @property
    def learning_curve(self) -> list[tuple[float, float]]:
        """Mean validation F1 in percent after each epoch; mean loss of pairs where nothing was validated."""
        by_epoch: dict[int, list[float]] = {}
        for run in self.runs.values():
            for epoch in run.epochs:
                score = epoch.metrics.get("score")
                by_epoch.setdefault(epoch.epoch, []).append(
                    epoch.metrics["pair_loss"] if score is None else 100 * score
                )
        return [(float(epoch), statistics.fmean(values)) for epoch, values in sorted(by_epoch.items())]

    @property
    def precision_recall(self) -> list[tuple[float, float]]:
        """Recall and mean interpolated precision, in percent, up to the recall that every run reaches."""
        curves = [run.precision_recall for run in self.runs.values() if run.curve]
        if not curves:
            return []
        recalls = np.linspace(0.0, min(curve[:, 1].max() for curve in curves), 101)
        precisions = [[curve[curve[:, 1] >= recall, 0].max() for recall in recalls] for curve in curves]
        return [(100 * x, 100 * y) for x, y in zip(recalls.tolist(), np.mean(precisions, axis=0).tolist(), strict=True)]


@dataclass(frozen=True, slots=True)
class KindScores:
    """All rows on one kind of split.

    Attributes:
        kind: name of its splits, without the number.
        rows: those with a finished run, in the order of the study.
    """

    kind: str
    rows: Sequence[RowScores]

    def corrected(self, protocol: str) -> dict[str, float]:
        """P-values of the micro F1 of each row, corrected for the number of rows (Holm 1979)."""
        found = {row.name: row.difference(protocol) for row in self.rows}
        p_values = {name: difference.p_value for name, difference in found.items() if difference}
        return dict(zip(p_values, holm(list(p_values.values())), strict=True))


def analyse(study: StudyResults, *, resamples: int = 10_000, seed: int = 0) -> list[KindScores]:
    """Score every kind of split that has a finished run.

    Args:
        study: what a store holds.
        resamples: corpora drawn for each interval and p-value.
        seed: of the drawing.
    """
    kinds = []
    for kind in study.kinds:
        runs = {row: found for row in study.record.rows if (found := study.of_row(row, kind))}
        base = runs.get(study.record.base_name, {})
        rows = [
            RowScores(row, found, {} if row == study.record.base_name else _compare(base, found, resamples, seed))
            for row, found in runs.items()
        ]
        if rows:
            kinds.append(KindScores(kind, rows))
    return kinds


def _compare(base: Runs, row: Runs, resamples: int, seed: int) -> dict[str, Comparison]:
    """``row`` less ``base`` by protocol, on the seeds and splits that both have; empty when there are none."""
    common = [key for key in base if key in row]
    splits = list(dict.fromkeys(split for _, split in common))
    if not splits:
        return {}

    def replicates(protocol: str, split: str) -> Replicates:
        keys = [key for key in common if key[1] == split]
        a, b = (tuple(runs[key].counts[protocol].counts for key in keys) for runs in (base, row))
        return Replicates(a, b)

    return {
        protocol: compare_replicates([replicates(protocol, split) for split in splits], resamples=resamples, seed=seed)
        for protocol in base[common[0]].counts
    }


def _deviation(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0
