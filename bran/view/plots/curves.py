"""Differences with their intervals, and curves by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bran.view.plots.style import Points, line_style, styled

_MANY = 6
"""Lines from which on the legend stands beside the axes."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference with the ends of its interval."""

    name: str
    value: float
    low: float
    high: float


@styled
def forest(intervals: Sequence[Interval], *, label: str) -> Figure:
    """A forest plot: one line per difference, from the top down, with zero marked; ``label`` is that of the x axis."""
    figure = Figure(figsize=(6.5, 0.9 + 0.32 * len(intervals)))
    axes = figure.subplots()
    places = range(len(intervals))
    values = [interval.value for interval in intervals]
    reach = [
        [max(0.0, interval.value - interval.low) for interval in intervals],
        [max(0.0, interval.high - interval.value) for interval in intervals],
    ]
    axes.errorbar(values, places, xerr=reach, fmt="o", color="C0", ecolor="C0", capsize=3, markersize=4)
    axes.axvline(0.0, color="0.4", linewidth=0.8)
    axes.set_yticks(list(places), [interval.name for interval in intervals])
    axes.set_ylim(len(intervals) - 0.5, -0.5)
    axes.set_xlabel(label)
    return figure


@styled
def curves(lines: Mapping[str, Points], *, x: str, y: str) -> Figure:
    """Curves by name, each of its own colour and dash; ``x`` and ``y`` are the labels of the axes."""
    figure = Figure(figsize=(6.5, 3.6))
    axes = figure.subplots()
    draw_lines(axes, lines)
    add_legend(axes)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure


def draw_lines(axes: Axes, lines: Mapping[str, Points]) -> None:
    """Draw ``lines`` into ``axes``; one of a single point as a mark."""
    for number, (name, points) in enumerate(lines.items()):
        xs, ys = [x for x, _ in points], [y for _, y in points]
        single = "o" if len(points) == 1 else ""
        axes.plot(xs, ys, label=name, marker=single, markersize=3, linewidth=1.2, **line_style(number))


def add_legend(axes: Axes) -> None:
    """A legend of what has a name in ``axes``: where there is room, or beside them when there is much of it."""
    handles, names = axes.get_legend_handles_labels()
    if len(names) > _MANY:
        axes.legend(handles, names, loc="center left", bbox_to_anchor=(1.0, 0.5))
    elif names:
        axes.legend(handles, names)
