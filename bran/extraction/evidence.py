"""Evidence: which mention pairs carried a relation."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from bran.corpus.document import Evidence
from bran.encoding.examples import Example
from bran.encoding.subwords import Floats


def mention_pairs(example: Example, values: Floats, *, pair: int, label: int) -> tuple[Evidence, ...]:
    """The mention pairs behind one entity pair's LogSumExp, strongest first.

    ``exp(v - logsumexp(v))`` of a token pair is its share; a mention pair has the shares of its token pairs.

    Args:
        example: the document.
        values: token-pair scores of its windows, shape ``(windows, heads, tails, labels)``, padded.
        pair: index in ``example.pairs``.
        label: index on the label axis of ``values``.

    Returns:
        Shares sum to 1 over the pair's mention pairs, up to rounding.
    """
    places = [np.nonzero(window.pairs == pair) for window in example.windows]
    scores = [table[rows, columns, label] for table, (rows, columns) in zip(values, places, strict=True)]
    highest = max(part.max() for part in scores if len(part))
    parts = [np.exp(part - highest) for part in scores]
    total = sum(part.sum() for part in parts)
    shares: defaultdict[tuple[int, int], float] = defaultdict(float)
    for window, (rows, columns), part in zip(example.windows, places, parts, strict=True):
        mentions = zip(window.head_mentions[rows], window.tail_mentions[columns], part / total, strict=True)
        for head, tail, share in mentions:
            shares[int(head), int(tail)] += float(share)
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Evidence(example.mentions[head], example.mentions[tail], min(share, 1.0)) for (head, tail), share in ranked
    )
