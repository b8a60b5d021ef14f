"""Writing an explanation: the suffix of a path says as what."""

from __future__ import annotations

from pathlib import Path

from bran.errors import ConfigError
from bran.files import atomic_write
from bran.view.explain.arrays import write_arrays
from bran.view.explain.explanation import Explanation
from bran.view.explain.page import explanation_page

DRAWINGS = ("attention", "entities", "influence")
"""Names of the drawings of :mod:`bran.view.explain.figures`, which imports matplotlib."""
_SUFFIXES = (".html", ".npz", ".png", ".svg")


def check_output(path: Path, figure: str) -> None:
    """Make sure that an explanation can be written to ``path``, before one is made.

    Raises:
        ConfigError: when its suffix names no format, or there is no such figure.
    """
    if path.suffix and path.suffix not in _SUFFIXES and not path.is_dir():
        raise ConfigError(
            f"{path}: the suffix tells the format; expected one of {', '.join(_SUFFIXES)}, or a folder without one"
        )
    if figure not in DRAWINGS:
        raise ConfigError(f"figure {figure!r}: expected one of {', '.join(DRAWINGS)}")


def write_explanation(
    explanation: Explanation, path: Path, *, figure: str = DRAWINGS[0], max_tokens: int | None = None
) -> list[Path]:
    """Write ``explanation``; returns the files.

    Args:
        explanation: what is written.
        path: a page, arrays with their tokens beside them, a figure; or a folder that gets all of these.
        figure: which one, where ``path`` is a figure.
        max_tokens: words, or entities, that a figure shows at most on a side; by default as many as can be read.

    Raises:
        ConfigError: as :func:`check_output`.
    """
    check_output(path, figure)
    if path.suffix not in _SUFFIXES or path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        files = [path / "explanation.html", path / "arrays.npz"]
        files += [path / f"{name}{suffix}" for name in DRAWINGS for suffix in (".svg", ".png")]
        return [written for file in files for written in _write(explanation, file, file.stem, max_tokens)]
    return _write(explanation, path, figure, max_tokens)


def _write(explanation: Explanation, path: Path, figure: str, max_tokens: int | None) -> list[Path]:
    if path.suffix == ".html":
        with atomic_write(path) as stream:
            stream.write(explanation_page(explanation))
        return [path]
    if path.suffix == ".npz":
        return write_arrays(explanation, path)
    from bran.view.explain.figures import FIGURES
    from bran.view.plots.files import write_figure

    bound = {} if max_tokens is None else {"max_tokens": max_tokens}
    write_figure(FIGURES[figure](explanation, **bound), path)
    return [path]
