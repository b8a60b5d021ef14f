"""A byte range of a file, as a stream that a reader takes for a file, with errors that name the lines of the whole."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, BinaryIO, cast

from bran.corpus.readers import ErrorHandler
from bran.errors import DataError, FormatError, Place
from bran.workflows.batch.cutting import Frame

_CHUNK = 1 << 18
_LINE = re.compile(r"\bline (\d+)")
"""As lxml names a second line within a message."""


@contextmanager
def open_range(path: str, start: int, stop: int | None, frame: Frame) -> Iterator[BinaryIO]:
    """The bytes from ``start`` to ``stop`` of the file at ``path``, within ``frame``.

    Raises:
        FormatError: when the file cannot be opened.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed by the with below; only opening is tried here
    except OSError as error:
        raise FormatError(f"cannot be opened ({error.strerror}); expected a readable file", Place(path)) from None
    with file:
        pieces = _pieces(file, start, stop, frame)
        yield cast(BinaryIO, io.BufferedReader(_Pieces(pieces, path), _CHUNK))


def _pieces(file: BinaryIO, start: int, stop: int | None, frame: Frame) -> Iterator[bytes]:
    if start and frame.header:
        yield frame.header
    yield from range_chunks(file, start, stop)
    if stop is not None and frame.footer:
        yield frame.footer


def range_chunks(file: BinaryIO, start: int, stop: int | None) -> Iterator[bytes]:
    """The bytes from ``start`` to ``stop``, or to the end, of ``file``, a piece at a time."""
    file.seek(start)
    while chunk := file.read(_CHUNK if stop is None else min(_CHUNK, stop - start)):
        start += len(chunk)
        yield chunk


class _Pieces(io.RawIOBase):
    """Pieces, none of them empty, one after the other."""

    def __init__(self, pieces: Iterator[bytes], name: str) -> None:
        self.name = name
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or memoryview(next(self._pieces, b""))
        taken, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


class RangeErrors:
    """An error handler for the reader of a range: it tells another one the line of the whole file.

    Args:
        on_error: is told.
        path: of the file.
        start: first byte of the range.
        frame: what the range was read within.
    """

    def __init__(self, on_error: ErrorHandler, path: str, start: int, frame: Frame) -> None:
        self._on_error = on_error
        self._path = path
        self._start = start
        self._before = frame.header.count(b"\n") if start else 0

    def skip(self, error: DataError) -> None:
        """Tell of a document that is left out."""
        self._on_error.skip(self._moved(error))

    def drop(self, error: DataError) -> None:
        """Tell of a mention or relation that is left out."""
        self._on_error.drop(self._moved(error))

    def _moved(self, error: DataError) -> DataError:
        place = error.place
        if place.line is None or not self._start:
            return error
        message = _LINE.sub(lambda match: f"line {self._line(int(match[1]))}", error.message)
        return type(error)(message, Place(place.path, self._line(place.line), place.document))

    def _line(self, line: int) -> int:
        """A line of the range as that of the file; lines of the header are the same in both."""
        return line if line <= self._before else line - self._before + self._lines_before

    @cached_property
    def _lines_before(self) -> int:
        """Counted when there is an error to tell, and once."""
        return lines_before(self._path, self._start)


def lines_before(path: str, start: int) -> int:
    """Line feeds in the file at ``path`` before byte ``start``."""
    with open(path, "rb") as file:
        return sum(chunk.count(b"\n") for chunk in range_chunks(file, 0, start))
