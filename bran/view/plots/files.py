"""Figures as SVG and PNG: the same figure gives the same bytes, without dates and versions."""

from __future__ import annotations

import io
import re
from pathlib import Path

from matplotlib.figure import Figure

from bran.errors import ConfigError
from bran.files import atomic_write_binary
from bran.view.plots.style import styled

DOTS = 150
"""Per inch of a PNG."""
SUFFIXES = (".svg", ".png")


@styled
def svg(figure: Figure) -> str:
    """The figure as one ``svg`` element, without date and document type, so that a page can hold it."""
    stream = io.StringIO()
    _settle(figure)
    figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return re.sub(r"\s*<metadata>.*?</metadata>", "", text[text.index("<svg") :].rstrip(), flags=re.DOTALL)


@styled
def png(figure: Figure) -> bytes:
    """The content of a PNG file."""
    stream = io.BytesIO()
    _settle(figure)
    figure.savefig(stream, format="png", dpi=DOTS, metadata={"Software": None})
    return stream.getvalue()


def _settle(figure: Figure) -> None:
    """Give everything its place once: done anew for each file, it would move by a rounding."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def check_suffix(path: Path) -> None:
    """Make sure that a figure can be written to ``path``.

    Raises:
        ConfigError: when its suffix names no format.
    """
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"{path}: the suffix tells the format; expected one of {', '.join(SUFFIXES)}")


def write_figure(figure: Figure, path: Path) -> None:
    """Write ``figure`` to ``path``, in the format that its suffix names; folders are made.

    Raises:
        ConfigError: when it names none.
    """
    check_suffix(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write_binary(path) as stream:
        stream.write(png(figure) if path.suffix == ".png" else svg(figure).encode() + b"\n")


def write_both(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write ``figure`` to ``folder`` as SVG and PNG; returns the files."""
    paths = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    for path in paths:
        write_figure(figure, path)
    return paths
