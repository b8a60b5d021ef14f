"""Precision against recall over every threshold, with the one that was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bran.view.plots.curves import add_legend
from bran.view.plots.style import Points, line_style, marker, styled

_LEVELS = (0.2, 0.4, 0.6, 0.8)
"""F1 of the lines that are drawn to read it off."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A threshold and what it scores, in [0, 1]."""

    threshold: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """The curve of one system.

    Attributes:
        points: recall and precision at each threshold, in [0, 1], from the highest threshold to the lowest.
        average_precision: in [0, 1].
        chosen: the threshold that decides; ``None`` when there is none.
    """

    points: Points
    average_precision: float
    chosen: Chosen | None = None


@styled
def precision_recall_plot(systems: Mapping[str, PrecisionRecall]) -> Figure:
    """One step line per system, its chosen threshold marked, over lines of equal F1."""
    figure = Figure(figsize=(5.6, 5.2))
    axes = figure.subplots()
    _draw_levels(axes)
    for number, (name, system) in enumerate(systems.items()):
        _draw(axes, name, system, number)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    add_legend(axes)
    return figure


def _draw(axes: Axes, name: str, system: PrecisionRecall, number: int) -> None:
    label = f"{name}: average precision {system.average_precision:.3f}"
    style: dict[str, Any] = {"linewidth": 1.2, "drawstyle": "steps-pre", **line_style(number)}
    axes.plot([x for x, _ in system.points], [y for _, y in system.points], label=label, **style)
    if chosen := system.chosen:
        axes.plot(
            [chosen.recall],
            [chosen.precision],
            label=f"threshold {chosen.threshold:.3f}: F1 {chosen.f1:.3f}",
            marker=marker(number),
            markersize=7,
            **{**line_style(number), "linestyle": ""},
        )


def _draw_levels(axes: Axes) -> None:
    """Where precision and recall have the same F1: ``p = f r / (2 r - f)``."""
    for f1 in _LEVELS:
        recall = np.linspace(f1 / (2 - f1), 1.0, 60)
        axes.plot(recall, f1 * recall / (2 * recall - f1), color="0.8", linewidth=0.8, zorder=0)
        axes.annotate(f"F1 {f1}", (1.0, f1 / (2 - f1)), color="0.4", fontsize=7, ha="right", va="bottom")
