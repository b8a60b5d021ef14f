from __future__ import annotations

import pytest

from bran.view.plots.strata import Group, strata_plot

GROUPS = [Group("0", 0.6, 0.5, 0.7, gold=10, predicted=12), Group("1+", 0.2, 0.25, 0.3, gold=4, predicted=0)]


def test_values_intervals_and_counts() -> None:
    upper, lower = strata_plot(GROUPS, label="distance", total=0.5).axes
    (container,) = upper.containers
    assert container.lines[0].get_xydata().tolist() == [[0, 60.0], [1, 20.0]]
    (segments,) = (each.get_segments() for each in container.lines[2])
    assert [segment[:, 1].tolist() for segment in segments] == [
        [pytest.approx(50), pytest.approx(70)],
        [pytest.approx(20), pytest.approx(30)],  # an interval may lie beside its value
    ]
    bars = {bars.get_label(): [bar.get_height() for bar in bars] for bars in lower.containers}
    assert bars == {"gold": [10, 4], "predicted": [12, 0]}
    assert [tick.get_text() for tick in lower.get_xticklabels()] == ["0", "1+"]
    assert upper.lines[0].get_ydata() == [50.0, 50.0]
    assert upper.lines[0].get_label() == "all: 50.0"
