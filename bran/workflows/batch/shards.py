"""Shards: what one worker reads, tags, extracts and writes at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """A byte range of a file, a whole file, or several small files.

    Attributes:
        key: names its part; depends on the paths and the range alone.
        paths: absolute, in natural order; one, or several small ones.
        start: first byte of the range.
        stop: one past the last byte; ``None``: to the end.
    """

    key: str
    paths: tuple[str, ...]
    start: int = 0
    stop: int | None = None
