"""Cells of the tab-separated relation table: numbers of fixed precision, and names that stay on one line."""

from __future__ import annotations

import re
from typing import Any

from bran.export.table import DIGITS

_ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}
_ESCAPE = str.maketrans(_ESCAPES)
_UNESCAPE = {escaped: plain for plain, escaped in _ESCAPES.items()}
_ESCAPED = re.compile(r"\\[\\tnr]")


def to_cell(value: Any) -> str:
    r"""One cell of text.

    Null is empty, truth is ``true`` or ``false``, a float has six digits after the point; a backslash, tab,
    line feed or carriage return in a string is written ``\\``, ``\t``, ``\n`` or ``\r``.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.{DIGITS}f}"
    return str(value).translate(_ESCAPE)


def from_cell(cell: str) -> str | None:
    """The string that :func:`to_cell` was given (numbers and truth stay text), or ``None``."""
    return _ESCAPED.sub(lambda match: _UNESCAPE[match[0]], cell) if cell else None
