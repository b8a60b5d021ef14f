"""Which mention pairs of two entities are scored: all of them, the nearest, or those within one sentence."""

from __future__ import annotations

from typing import Literal

import numpy as np

from bran.encoding.subwords import Ints

MentionPairs = Literal["all", "nearest", "sentence"]


def within_sentences(table: Ints, head_sentences: Ints, tail_sentences: Ints) -> Ints:
    """``table`` with -1 for token pairs whose mentions stand in two sentences.

    Args:
        table: the pair of entities that each token pair adds to, -1 for none, shape ``(heads, tails)``.
        head_sentences: number of the sentence that each head token's mention begins in, shape ``(heads,)``.
        tail_sentences: the same of the tail tokens, shape ``(tails,)``.
    """
    return np.where(head_sentences[:, None] == tail_sentences[None, :], table, -1)


def nearest(table: Ints, heads: Ints, tails: Ints, bounds: Ints) -> Ints:
    """``table`` with -1 for all token pairs but those of each entity pair's nearest mentions; of several the first.

    Args:
        table: as in :func:`within_sentences`.
        heads: each head token's mention, shape ``(heads,)``; mentions are numbered in text order.
        tails: the same of the tail tokens, shape ``(tails,)``.
        bounds: first and last-plus-one subword of each mention, shape ``(mentions, 2)``.
    """
    rows, columns = (table >= 0).nonzero()
    pairs, head, tail = table[rows, columns], heads[rows], tails[columns]
    gaps = np.maximum(bounds[head, 0] - bounds[tail, 1], bounds[tail, 0] - bounds[head, 1]).clip(min=0)
    order = np.lexsort((tail, head, gaps, pairs))
    scored, first = np.unique(pairs[order], return_index=True)
    chosen = order[first][np.searchsorted(scored, pairs)]  # for each token pair: one of its entities' nearest mentions
    kept = (head == head[chosen]) & (tail == tail[chosen])
    result = np.full_like(table, -1)
    result[rows[kept], columns[kept]] = pairs[kept]
    return result
