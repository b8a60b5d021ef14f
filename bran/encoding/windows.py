"""Windows: how a document that is longer than the encoder reads is cut, and who scores what.

A document that fits is one window. A longer one is cut at sentence ends into overlapping windows, and
each mention pair belongs to exactly one of them: the one in which it lies most central.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bran.encoding.subwords import Ints

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Span:
    """Subwords ``start`` (inclusive) to ``end`` (exclusive) of a document."""

    start: int
    end: int


def cut(length: int, sentence_starts: Sequence[int], *, size: int, overlap: int) -> tuple[Span, ...]:
    """Cut ``length`` subwords into windows of at most ``size``.

    Args:
        length: number of subwords in the document.
        sentence_starts: first subword of each sentence, ascending.
        size: the longest window.
        overlap: consecutive windows share at least this many subwords.

    Returns:
        Windows that cover every subword. Each starts and ends at a sentence, except where no sentence
        begins at a place that leaves room for the overlap.
    """
    starts = np.array(sorted({0, *sentence_starts, length}), dtype=np.int64)
    spans: list[Span] = []
    begin, end = 0, overlap
    while length - begin > size:
        end = _latest(starts, above=end, up_to=begin + size)  # beyond the window before, or it would add nothing
        spans.append(Span(begin, end))
        begin = _latest(starts, above=begin, up_to=end - overlap)
    return (*spans, Span(begin, length))


def _latest(starts: Ints, *, above: int, up_to: int) -> int:
    """The last sentence start in ``(above, up_to]``, or ``up_to`` itself when there is none."""
    candidate = int(starts[np.searchsorted(starts, up_to, side="right") - 1])
    return candidate if candidate > above else up_to


def assign(heads: Ints, tails: Ints, spans: Sequence[Span]) -> Ints:
    """The window that scores each mention pair.

    Args:
        heads: first and last-plus-one subword of each head mention, shape ``(heads, 2)``.
        tails: the same of each tail mention, shape ``(tails, 2)``.
        spans: the windows.

    Returns:
        Index of the window whose centre is nearest to the middle of the pair, among those that hold
        both mentions whole; -1 where none does. Shape ``(heads, tails)``.
    """
    bounds = np.array([(span.start, span.end) for span in spans], dtype=np.int64)  # (windows, 2)
    inside_heads = _inside(heads, bounds)  # (windows, heads)
    inside_tails = _inside(tails, bounds)  # (windows, tails)
    both = inside_heads[:, :, None] & inside_tails[:, None, :]  # (windows, heads, tails)
    middle = (heads.sum(1)[:, None] + tails.sum(1)[None, :]) / 4  # (heads, tails)
    distance = np.abs(bounds.mean(1)[:, None, None] - middle)
    nearest = np.where(both, distance, np.inf).argmin(0)
    return np.where(both.any(0), nearest, -1)


def _inside(mentions: Ints, bounds: Ints) -> Bools:
    after: Bools = mentions[None, :, 0] >= bounds[:, None, 0]
    return after & (mentions[None, :, 1] <= bounds[:, None, 1])
