from __future__ import annotations

import statistics

import pytest

from bran.workflows.studies.analysis import analyse
from bran.workflows.studies.results import RunResult
from tests.studies import invented_result, invented_study


def grid(right: dict[str, int]) -> list[tuple[str, RunResult]]:
    return [
        (row, invented_result(row, seed, split, count + seed))
        for row, count in right.items()
        for seed in (0, 1)
        for split in ("fold-1", "fold-2")
    ]


def f1(right: int) -> float:
    return 100 * 2 * right / (10 + right)


def test_means_and_deviations_are_over_seeds_and_folds() -> None:
    (kind,) = analyse(invented_study(grid({"base": 8, "worse": 3})), resamples=50)
    base, worse = kind.rows
    values = [f1(8), f1(8), f1(9), f1(9)]
    assert base.mean("filtered") == pytest.approx(statistics.fmean(values))
    assert base.deviation("filtered") == pytest.approx(statistics.stdev(values))
    assert base.deviation_of_seeds("filtered") == pytest.approx(statistics.stdev([f1(8), f1(9)]))
    assert worse.mean("filtered", "micro", "recall") == pytest.approx(35)


def test_a_row_is_compared_with_the_base() -> None:
    (kind,) = analyse(
        invented_study(grid({"base": 8, "worse": 3, "same": 8}), ("base", "worse", "same")), resamples=400
    )
    base, worse, same = kind.rows
    assert base.difference("filtered") is None
    found, none = worse.difference("filtered"), same.difference("filtered")
    assert found is not None
    assert none is not None
    assert found.value == pytest.approx(worse.mean("filtered") - base.mean("filtered"))
    assert found.low < found.value < found.high < 0
    assert found.p_value < 0.01
    assert (none.value, none.low, none.high, none.p_value) == (0, 0, 0, 1)
    assert kind.corrected("filtered") == pytest.approx({"worse": 2 * found.p_value, "same": 1.0})


def test_only_what_both_have_is_compared() -> None:
    runs = [run for run in grid({"base": 8, "worse": 3}) if run[1].key not in ("base/1/fold-1", "worse/0/fold-2")]
    (kind,) = analyse(invented_study(runs), resamples=50)
    found = kind.rows[1].difference("filtered")
    assert found is not None
    assert found.value == pytest.approx((f1(3) + f1(4) - f1(8) - f1(9)) / 2)
    (alone,) = analyse(invented_study([run for run in runs if run[0] == "worse"]), resamples=50)
    assert [row.difference("filtered") for row in alone.rows] == [None]
    (apart,) = analyse(
        invented_study(
            [("base", invented_result("base", 0, "fold-1", 8)), ("worse", invented_result("worse", 1, "fold-1", 3))]
        )
    )
    assert apart.rows[1].difference("filtered") is None


def test_kinds_of_splits_are_kept_apart() -> None:
    runs = [("base", invented_result("base", 0, split, 5)) for split in ("fold-1", "fold-2", "cut-1")]
    kinds = analyse(invented_study(runs), resamples=10)
    assert [(kind.kind, len(kind.rows[0].runs)) for kind in kinds] == [("fold", 2), ("cut", 1)]
    assert analyse(invented_study([])) == []


def test_curves_are_means_over_runs() -> None:
    runs = [
        ("base", invented_result("base", 0, "fold-1", 8, epochs=3)),
        ("base", invented_result("base", 0, "fold-2", 4)),
    ]
    (kind,) = analyse(invented_study(runs), resamples=10)
    (row,) = kind.rows
    assert row.learning_curve == [(1.0, pytest.approx(6)), (2.0, pytest.approx(12)), (3.0, pytest.approx(24))]
    points = row.precision_recall
    assert points[0] == (0.0, pytest.approx(100.0))
    assert points[-1] == (pytest.approx(40), pytest.approx(100 * (8 / 13 + 4 / 9) / 2))
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
