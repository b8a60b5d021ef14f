"""How long documents are, and how scores are distributed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bran.view.plots.style import COLOURS, styled

_BINS = 40
_COLUMNS = 2
STATUSES = {"right": (COLOURS[2], ""), "wrong": (COLOURS[1], "///"), "unknown": (COLOURS[0], "")}
"""Colour and hatching of what a relation is, against gold."""


@styled
def lengths_plot(lengths: Mapping[str, Sequence[int]]) -> Figure:
    """One histogram per unit (characters, mentions, ...), with the median marked."""
    rows = -(-len(lengths) // _COLUMNS)
    figure = Figure(figsize=(6.8, 0.4 + 2.3 * rows))
    places = figure.subplots(rows, _COLUMNS, squeeze=False).flatten()
    for axes, (unit, values) in zip(places, lengths.items(), strict=False):
        _draw_lengths(axes, unit, values)
    for axes in places[len(lengths) :]:
        axes.set_visible(False)
    return figure


def bin_edges(values: Sequence[int]) -> list[float]:
    """Edges of bins of one whole width each, at most forty, that hold ``values``; each begins at its lower edge."""
    low, high = min(values, default=0), max(values, default=0)
    width = max(1, -(-(high - low + 1) // _BINS))
    return [edge - 0.5 for edge in range(low, high + width + 1, width)]


def _draw_lengths(axes: Axes, unit: str, values: Sequence[int]) -> None:
    axes.hist(values, bins=bin_edges(values), color=COLOURS[5], edgecolor="white", linewidth=0.3)
    if values:
        middle = median(values)
        axes.axvline(middle, color=COLOURS[1], linewidth=1.2)
        axes.set_title(f"median {middle:,.0f} (line), greatest {max(values):,}")
    axes.set_xlabel(f"{unit} per document")
    axes.set_ylabel("documents")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


@styled
def scores_plot(
    scores: Mapping[str, Sequence[float]], *, label: str, threshold: float | None = None, bins: int = 20
) -> Figure:
    """How many relations have which score or probability, stacked by what they are.

    Args:
        scores: in [0, 1], by a key of :data:`STATUSES`.
        label: of the x axis.
        threshold: marked, where there is one.
        bins: of equal width.
    """
    figure = Figure(figsize=(6.5, 3.4))
    axes = figure.subplots()
    edges = np.linspace(0.0, 1.0, bins + 1)
    below = np.zeros(bins)
    for name, values in scores.items():
        counts, _ = np.histogram(values, bins=edges)
        colour, hatch = STATUSES[name]
        axes.bar(
            edges[:-1],
            counts,
            width=np.diff(edges),
            bottom=below,
            align="edge",
            label=f"{name}: {len(values):,}",
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0.5,
        )
        below += counts
    if threshold is not None:
        axes.axvline(threshold, color="black", linewidth=1.2, linestyle="--", label=f"threshold {threshold:.3f}")
    if below.max(initial=0) > 50 * max(float(np.median(below)), 1.0):
        axes.set_yscale("symlog", linthresh=10)
    axes.set_xlim(0, 1)
    axes.set_xlabel(label)
    axes.set_ylabel("relations")
    axes.legend()
    return figure
