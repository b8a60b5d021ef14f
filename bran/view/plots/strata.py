"""F1 of groups of relations, with intervals, over how many relations each group has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bran.view.plots.style import styled


@dataclass(frozen=True, slots=True)
class Group:
    """A group of relations.

    Attributes:
        name: such as ``3-4``.
        f1: in [0, 1].
        low: lower end of its 95 % interval.
        high: its upper end.
        gold: relations in the gold standard.
        predicted: relations that were predicted.
    """

    name: str
    f1: float
    low: float
    high: float
    gold: int
    predicted: int


@styled
def strata_plot(groups: Sequence[Group], *, label: str, total: float | None = None) -> Figure:
    """F1 of each group with its interval above, gold and predicted relations below.

    Args:
        groups: from left to right.
        label: of the x axis: what the groups differ in.
        total: F1 of all relations together, in [0, 1], drawn as a line.
    """
    figure = Figure(figsize=(6.5, 4.6))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.6))
    places = list(range(len(groups)))
    values = [100 * group.f1 for group in groups]
    reach = [
        [max(0.0, 100 * (group.f1 - group.low)) for group in groups],
        [max(0.0, 100 * (group.high - group.f1)) for group in groups],
    ]
    if total is not None:
        upper.axhline(100 * total, color="0.4", linewidth=0.8, linestyle="--", label=f"all: {100 * total:.1f}")
    upper.errorbar(places, values, yerr=reach, fmt="o", color="C0", capsize=3, markersize=5, label="F1, 95 % interval")
    upper.set_ylabel("F1 (%)")
    upper.set_ylim(0, 100)
    upper.legend()
    _draw_counts(lower, groups)
    lower.set_xticks(places, [group.name for group in groups])
    lower.set_xlabel(label)
    return figure


def _draw_counts(axes: Axes, groups: Sequence[Group]) -> None:
    """Gold and predicted relations side by side."""
    kinds = (
        (-0.2, "C1", "", "gold", [group.gold for group in groups]),
        (0.2, "C5", "///", "predicted", [group.predicted for group in groups]),
    )
    for offset, colour, hatch, name, counts in kinds:
        places = [place + offset for place in range(len(groups))]
        bars = axes.bar(places, counts, width=0.38, label=name, color=colour, hatch=hatch, edgecolor="white")
        axes.bar_label(bars, fontsize=7, padding=1)
    axes.set_ylabel("relations")
    axes.margins(y=0.2)
    axes.legend()
