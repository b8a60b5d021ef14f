"""Comparisons of means over runs, and the correction of their p-values."""

from __future__ import annotations

import numpy as np
import pytest

from bran.errors import ConfigError
from bran.evaluation.counts import DocumentCounts
from bran.evaluation.resampling import Replicates, compare_counts, compare_replicates, holm
from bran.evaluation.scores import score_totals, types_present

MICRO, F1 = 0, 2


def counts(seed: int, documents: int = 40, part: str = "") -> DocumentCounts:
    values = np.random.default_rng(seed).integers(0, 4, (documents, 2, 2, 3))
    return DocumentCounts(tuple(f"{part}{number:03}" for number in range(documents)), ("A", "B"), values)


def score(data: DocumentCounts) -> float:
    return float(score_totals(data.totals, types_present(data.totals))[MICRO, F1])


def test_the_difference_is_that_of_the_means_over_runs_and_parts() -> None:
    parts = [
        Replicates((counts(0), counts(1)), (counts(2), counts(3))),
        Replicates((counts(4, 30, "x"),), (counts(5, 30, "x"),)),
    ]
    found = compare_replicates(parts, resamples=20)
    a = np.mean([score(run) for part in parts for run in part.a])
    b = np.mean([score(run) for part in parts for run in part.b])
    assert found.difference[MICRO, F1] == pytest.approx(b - a)
    low, high = found.interval[MICRO, F1]
    assert low < found.difference[MICRO, F1] < high


def test_a_run_that_is_repeated_changes_nothing() -> None:
    once = compare_counts(counts(0), counts(1), resamples=200, seed=3)
    twice = compare_replicates([Replicates((counts(0),) * 2, (counts(1),) * 2)], resamples=200, seed=3)
    assert np.allclose(once.difference, twice.difference)
    assert np.allclose(once.interval, twice.interval)
    assert np.allclose(once.p_value, twice.p_value)


def test_documents_are_swapped_in_all_runs_at_once() -> None:
    """Runs that are alike are no further evidence: with two documents, half of all swaps are as extreme."""
    missed, found = np.zeros((2, 1, 2, 3), dtype=np.int64), np.zeros((2, 1, 2, 3), dtype=np.int64)
    missed[:, 0, 0, 2] = found[:, 0, 0, 0] = 1
    a, b = (DocumentCounts(("1", "2"), ("A",), values) for values in (missed, found))
    comparison = compare_replicates([Replicates((a,) * 5, (b,) * 5)], resamples=4000)
    assert comparison.p_value[MICRO, F1] == pytest.approx(0.5, abs=0.03)


def test_parts_are_drawn_apart() -> None:
    one, two = counts(0), counts(0, part="x")
    other, another = counts(1), counts(1, part="x")
    single = compare_replicates([Replicates((one,), (other,))], resamples=500)
    both = compare_replicates([Replicates((one,), (other,)), Replicates((two,), (another,))], resamples=500)
    widths = [float(np.ptp(found.interval[MICRO, F1])) for found in (single, both)]
    assert widths[1] == pytest.approx(widths[0] / np.sqrt(2), rel=0.15)


def test_runs_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(ConfigError, match="2 and 1 run;"):
        Replicates((counts(0), counts(1)), (counts(2),))
    with pytest.raises(ConfigError, match="40 and 30 documents"):
        Replicates((counts(0),), (counts(1, 30),))
    with pytest.raises(ConfigError, match="no runs to compare"):
        compare_replicates([])


def test_holm_multiplies_by_how_many_are_left() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []
    assert holm([0.02]) == [0.02]
