"""Figures as SVG: differences with their intervals, curves over epochs, precision against recall."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Points = Sequence[tuple[float, float]]
"""x and y of each point of a curve."""

STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: it can be searched, and the file stays small
    "svg.hashsalt": "bran",  # the same figure has the same bytes
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}
"""How every figure looks: settings of matplotlib that hold while it is drawn and written."""
_DASHES = ("-", "--", ":", "-.")


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference with the ends of its interval."""

    name: str
    value: float
    low: float
    high: float


def forest(intervals: Sequence[Interval], *, label: str) -> str:
    """A forest plot: one line per difference, from the top down, with zero marked; ``label`` is that of the x axis."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.5, 0.9 + 0.32 * len(intervals)), layout="constrained")
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
        return svg(figure)


def curves(lines: Mapping[str, Points], *, x: str, y: str) -> str:
    """Curves by name, one colour or dash each; ``x`` and ``y`` are the labels of the axes."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.5, 3.6), layout="constrained")
        axes = figure.subplots()
        _draw(axes, lines)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        return svg(figure)


def _draw(axes: Axes, lines: Mapping[str, Points]) -> None:
    for number, (name, points) in enumerate(lines.items()):
        style: dict[str, Any] = {
            "color": f"C{number % 10}",
            "linestyle": _DASHES[number // 10 % len(_DASHES)],
            "linewidth": 1.2,
        }
        marker = "o" if len(points) == 1 else ""
        axes.plot([x for x, _ in points], [y for _, y in points], label=name, marker=marker, markersize=3, **style)
    if lines:
        axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def svg(figure: Figure) -> str:
    """The figure as one ``svg`` element, without date and document type, so that a page can hold it."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return re.sub(r"\s*<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
