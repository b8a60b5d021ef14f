"""The reliability diagram: how often relations with a probability are right, and how many have it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bran.evaluation.reliability import Reliability
from bran.view.figures import STYLE, svg

_DOTS = 150
"""Per inch of a PNG."""


def reliability_svg(parts: Mapping[str, Reliability]) -> str:
    """The diagram of each of ``parts``, by name, as one ``svg`` element."""
    with mpl.rc_context(STYLE):
        return svg(_diagram(parts))


def reliability_png(parts: Mapping[str, Reliability]) -> bytes:
    """The same as the content of a PNG file."""
    stream = io.BytesIO()
    with mpl.rc_context(STYLE):
        # Without the name of the software, so that the same figure has the same bytes.
        _diagram(parts).savefig(stream, format="png", dpi=_DOTS, metadata={"Software": None})
    return stream.getvalue()


def _diagram(parts: Mapping[str, Reliability]) -> Figure:
    """Predicted against observed, over the number of relations of each bin."""
    figure = Figure(figsize=(6.5, 6.0), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.4))
    upper.plot([0, 1], [0, 1], color="0.5", linewidth=0.8, linestyle="--")
    for number, (name, reliability) in enumerate(parts.items()):
        _draw_line(upper, name, reliability, color=f"C{number}")
        _draw_counts(lower, reliability, color=f"C{number}", place=(number + 0.5) / len(parts), share=1 / len(parts))
    upper.set_ylabel("share that is right")
    upper.set_xlim(0, 1)
    upper.set_ylim(0, 1)
    upper.legend(frameon=False, loc="upper left")
    lower.set_ylabel("relations")
    lower.set_yscale("log")
    lower.margins(y=0.25)
    lower.set_xlabel("score or probability")
    return figure


def _draw_line(axes: Axes, name: str, reliability: Reliability, *, color: str) -> None:
    bins = reliability.bins
    label = f"{name}: ECE {reliability.ece_width:.3f}, log loss {reliability.log_loss:.3f}"
    style: dict[str, Any] = {"color": color, "marker": "o", "markersize": 4, "linewidth": 1.2, "label": label}
    axes.plot([each.predicted for each in bins], [each.observed for each in bins], **style)


def _draw_counts(axes: Axes, reliability: Reliability, *, color: str, place: float, share: float) -> None:
    """A bar per bin, at ``place`` of its width, with the number on top."""
    bins = reliability.bins
    bars = axes.bar(
        [each.low + place * (each.high - each.low) for each in bins],
        [each.count for each in bins],
        width=[0.9 * share * (each.high - each.low) for each in bins],
        color=color,
    )
    axes.bar_label(bars, fontsize=6, rotation=90, padding=2)
