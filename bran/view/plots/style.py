"""How every plot looks: one style, colours that colour-blind people tell apart, and never hue alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.rcsetup import cycler

Points = Sequence[tuple[float, float]]
"""x and y of each point of a curve."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe & Ito, *Color Universal Design*, 2008, without the yellow that white paper swallows."""
_DASHES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: it can be searched, and the file stays small
    "svg.hashsalt": "bran",  # the same figure has the same bytes
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same widths everywhere
    "font.size": 9,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.constrained_layout.use": True,
}
"""Settings of matplotlib that hold while a figure is drawn and written, whatever those of the user are."""

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def styled(draw: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Let ``draw`` run under :data:`STYLE` and matplotlib's defaults."""

    @wraps(draw)
    def under_style(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        with mpl.rc_context({**mpl.rcParamsDefault, "backend": mpl.rcParams["backend"], **STYLE}):
            return draw(*args, **kwargs)

    return under_style


def line_style(number: int) -> dict[str, Any]:
    """Colour and dash of the line ``number``, from 0: neighbours differ in both, no two of the first 28 are alike."""
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": _DASHES[number % len(_DASHES)]}


def marker(number: int) -> str:
    """The mark of the points of the line ``number``, from 0."""
    return _MARKERS[number % len(_MARKERS)]
