"""JSON that need not be read whole: JSON lines, and the documents of one large object, one at a time."""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from bran.corpus.readers.errors import ErrorHandler
from bran.errors import DataError, FormatError, Place
from bran.files import read_lines, rewound

_CHUNK = 1 << 16
_GAP = re.compile(r"[\s,]*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_values(
    stream: BinaryIO, keys: tuple[str, ...], path: str, on_error: ErrorHandler
) -> Iterator[tuple[int, Any]]:
    """Each JSON value of ``stream`` with the line on which it begins.

    A value is an item of the lists under ``keys`` (``{"documents": [...]}``), of the list that is the whole
    file, or a line; else, when the first line is no whole value, the values follow one another. One value at
    a time is in memory. A line that is broken is told to ``on_error`` and left out, as is the rest of a file
    that is broken otherwise.

    Args:
        stream: UTF-8.
        keys: names of lists, the first of which begins within the first 64 KiB.
        path: names the file in errors.
        on_error: is told of what is left out.
    """
    head, whole = rewound(stream, _CHUNK, path)
    try:
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        lists = re.compile(rf'"(?:{"|".join(map(re.escape, keys))})"\s*:\s*\[')
        if lists.search(head.decode("utf-8", "replace")):
            yield from _Text(whole, path, on_error).listed(lists)
        elif start.startswith(b"["):
            yield from _Text(whole, path, on_error).listed(re.compile(r"\["), once=True)
        elif start.partition(b"\n")[0].rstrip().endswith(b"}") or b"\n" not in start:
            yield from _lines(whole, path, on_error)
        else:
            yield from _Text(whole, path, on_error).values("")
    except DataError as error:
        on_error.skip(error)


def _lines(stream: BinaryIO, path: str, on_error: ErrorHandler) -> Iterator[tuple[int, Any]]:
    for number, line in read_lines(stream):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            _check_text(line.decode(errors="replace"), value)
        except (ValueError, RecursionError) as error:
            on_error.skip(FormatError(f"{_message(error)}; expected JSON", Place(path, number)))
        else:
            yield number, value


class _Text:
    """A stretch of a JSON file that moves on as its values are taken."""

    def __init__(self, stream: BinaryIO, path: str, on_error: ErrorHandler) -> None:
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="\n")
        self._decoder = json.JSONDecoder()
        self._path = path
        self._on_error = on_error
        self._buffer = ""
        self._at = 0
        self._line = 1

    def listed(self, lists: re.Pattern[str], *, once: bool = False) -> Iterator[tuple[int, Any]]:
        """The items of every list that ``lists`` finds the beginning of, or of the first."""
        while True:
            found = lists.search(self._buffer, self._at)
            if found is not None:
                self._move(found.end())
                yield from self.values("]")
                if once:
                    return
            elif not self._more():
                return

    def values(self, closing: str) -> Iterator[tuple[int, Any]]:
        """The values up to ``closing``, or to the end of the file when that is empty.

        Raises:
            FormatError: when the file is broken, or ends before ``closing``.
        """
        while True:
            gap = _GAP.match(self._buffer, self._at)
            self._move(gap.end() if gap else self._at)
            if self._at == len(self._buffer):
                if self._more():
                    continue
                if closing:
                    raise FormatError(f"breaks off; expected {closing!r}", Place(self._path, self._line))
                return
            if closing and self._buffer[self._at] == closing:
                self._move(self._at + 1)
                return
            line, value = self._line, self._value()
            if value is None:
                continue
            try:
                _check_text(*value)
            except UnicodeEncodeError as error:
                self._on_error.skip(FormatError(f"{error}; expected text", Place(self._path, line)))
            else:
                yield line, value[1]

    def _value(self) -> tuple[str, Any] | None:
        """The next value, as it stands and parsed; ``None`` when more had to be read for it."""
        try:
            value, end = self._decoder.raw_decode(self._buffer, self._at)
        except (ValueError, RecursionError) as error:
            if not isinstance(error, RecursionError) and self._more():
                return None
            raise FormatError(f"{_message(error)}; expected JSON", Place(self._path, self._line)) from None
        text = self._buffer[self._at : end]
        self._move(end)
        return text, value

    def _more(self) -> bool:
        """Read on, twice as much each time, so that a large value is not tried too often; whether there was more."""
        try:
            new = self._text.read(max(_CHUNK, len(self._buffer) - self._at))
        except (UnicodeDecodeError, OSError, EOFError, zlib.error) as error:
            raise FormatError(f"cannot be read on: {error}; expected UTF-8", Place(self._path, self._line)) from None
        self._buffer = self._buffer[self._at :] + new
        self._at = 0
        return bool(new)

    def _move(self, at: int) -> None:
        self._line += self._buffer.count("\n", self._at, at)
        self._at = at


def _check_text(text: str, value: Any) -> None:
    """Raise a ``UnicodeEncodeError`` when ``value`` holds half a character; JSON can write one as an escape."""
    if _SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()


def _message(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
