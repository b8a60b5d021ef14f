"""How a subword is written: what its lower-cased form no longer tells."""

from __future__ import annotations

import numpy as np

from bran.encoding.subwords import Ints, SubwordSequence

_KINDS = 8
SHAPE_VALUES = 2 * _KINDS
"""Number of shapes: eight ways to be written, at the start of a word or within one."""


def shapes(text: str, sequence: SubwordSequence) -> Ints:
    """The shape of each subword of ``text``, shape ``(subwords,)``, from 0 to ``SHAPE_VALUES - 1``."""
    starts, ends = sequence.starts, sequence.ends
    kinds = np.array([_kind(text[start:end]) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)])
    begins = np.ones(len(starts), dtype=np.int64)
    begins[1:] = starts[1:] != ends[:-1]
    result: Ints = kinds.astype(np.int64) + _KINDS * begins
    return result


def _kind(letters: str) -> int:
    if letters.isdigit():
        return 1
    if letters.islower():
        return 3
    if letters.isupper():
        return 5 if len(letters) > 1 else 4
    if letters.istitle():
        return 6
    return 7 if any(character.isalpha() for character in letters) else 2
