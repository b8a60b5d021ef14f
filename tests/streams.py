"""Streams that are made while they are read, so that nothing of them is in memory before."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.name = "pieces"
        self._pieces = iter(pieces)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or next(self._pieces, b"")
        taken, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def stream_of(pieces: Iterable[bytes]) -> io.BufferedReader:
    """A stream of ``pieces``, none of them empty, each taken when it is read."""
    return io.BufferedReader(_Pieces(pieces))
