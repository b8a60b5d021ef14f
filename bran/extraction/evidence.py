"""Evidence: which mention pairs carried a relation."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from bran.corpus.document import Evidence
from bran.encoding.examples import Example
from bran.encoding.subwords import Floats


def mention_pairs(example: Example, values: Floats, pooled: float, *, pair: int, label: int) -> tuple[Evidence, ...]:
    """The mention pairs behind one entity pair's LogSumExp, strongest first.

    ``exp(v - logsumexp(v))`` of a token pair is its share; a mention pair has the shares of its token pairs.

    Args:
        example: the document.
        values: token-pair scores of its windows, shape ``(windows, heads, tails, labels)``, padded.
        pooled: the LogSumExp of the entity pair for ``label``.
        pair: index in ``example.pairs``.
        label: index on the label axis of ``values``.

    Returns:
        Shares sum to 1 over the pair's mention pairs, up to rounding.
    """
    shares: defaultdict[tuple[int, int], float] = defaultdict(float)
    for window, scores in zip(example.windows, values, strict=True):
        rows, columns = np.nonzero(window.pairs == pair)
        parts = np.exp(scores[rows, columns, label] - pooled)
        for head, tail, part in zip(window.head_mentions[rows], window.tail_mentions[columns], parts, strict=True):
            shares[int(head), int(tail)] += float(part)
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Evidence(example.mentions[head], example.mentions[tail], min(share, 1.0)) for (head, tail), share in ranked
    )
