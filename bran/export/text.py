"""Rows of the relation table as text: numbers of fixed precision, and names that stay on one line."""

from __future__ import annotations

import csv
import json
import re
from typing import Any, Protocol, TextIO

from bran.export.table import DIGITS, FLAT, Row

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


def plain_cell(value: Any) -> str:
    """One cell of a format that has quotes: as :func:`to_cell`, but strings stay as they are."""
    return value if isinstance(value, str) else to_cell(value)


def from_cell(cell: str) -> str | None:
    """The string that :func:`to_cell` was given (numbers and truth stay text), or ``None``."""
    return _ESCAPED.sub(lambda match: _UNESCAPE[match[0]], cell) if cell else None


class RowWriter(Protocol):
    """Writes rows of the relation table as text, one after the other."""

    def __init__(self, stream: TextIO) -> None: ...

    def write(self, row: Row) -> None:
        """Append ``row``, which has a value for every column."""


class TsvRows:
    """Tab-separated rows under a header, cells as :func:`to_cell` writes them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        stream.write("\t".join(FLAT.names) + "\n")

    def write(self, row: Row) -> None:
        """Append ``row``."""
        self._stream.write("\t".join([to_cell(row[name]) for name in FLAT.names]) + "\n")


class CsvRows:
    """Comma-separated rows under a header, quoted where needed (RFC 4180)."""

    def __init__(self, stream: TextIO) -> None:
        # With lines that end in a line feed alone, Python 3.11 leaves a carriage return in a cell unquoted.
        self._csv = csv.writer(stream, lineterminator="\r\n")
        self._csv.writerow(FLAT.names)

    def write(self, row: Row) -> None:
        """Append ``row``."""
        self._csv.writerow([plain_cell(row[name]) for name in FLAT.names])


class JsonRows:
    """One JSON object per row, with all mention pairs under ``evidence``."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, row: Row) -> None:
        """Append ``row``."""
        pairs = [_rounded(pair) for pair in row["evidence"] or ()]
        self._stream.write(json.dumps({**_rounded(row), "evidence": pairs}, ensure_ascii=False) + "\n")


def _rounded(values: Row) -> Row:
    return {key: round(value, DIGITS) if isinstance(value, float) else value for key, value in values.items()}
