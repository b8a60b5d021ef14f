from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bran.view.plots.histograms import bin_edges, lengths_plot, scores_plot


@given(st.lists(st.integers(0, 5000), min_size=1))
def test_every_length_is_in_one_bin(values: list[int]) -> None:
    edges = bin_edges(values)
    assert edges[0] < min(values)
    assert max(values) < edges[-1]
    assert len({high - low for low, high in pairwise(edges)}) == 1
    assert len(edges) <= 42


def test_a_histogram_counts_every_document() -> None:
    figure = lengths_plot({"mentions": [1, 1, 2, 9], "sentences": [3, 3, 3, 3], "words": []})
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_xlabel() for axes in shown] == [
        "mentions per document",
        "sentences per document",
        "words per document",
    ]
    assert [sum(bar.get_height() for bar in axes.patches) for axes in shown] == [4, 4, 0]
    assert shown[0].get_title(loc="left") == "median 2 (line), greatest 9"
    assert shown[0].lines[0].get_xdata() == [1.5, 1.5]


def test_scores_are_stacked() -> None:
    figure = scores_plot({"right": [0.9, 1.0], "wrong": [0.9, 0.0]}, label="score", threshold=0.5, bins=10)
    right, wrong = figure.axes[0].containers
    assert [bar.get_height() for bar in right] == [0] * 9 + [2]
    assert [bar.get_height() for bar in wrong] == [1] + [0] * 8 + [1]
    assert [bar.get_y() for bar in wrong] == [0] * 9 + [2]
    assert (right.get_label(), wrong.get_label()) == ("right: 2", "wrong: 2")
    assert wrong[0].get_hatch()
    assert figure.axes[0].lines[0].get_xdata() == [0.5, 0.5]
