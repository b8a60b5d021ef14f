"""Where the two mentions of a pair stand to each other: sentences apart, in the title or not, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bran.corpus.document import Document, Mention
from bran.encoding.subwords import Ints

FAR = 3
"""Sentences apart from which on all distances are one."""

LAYOUTS = (FAR + 1) * 2 * 2 * 2
"""Number of layouts: distance x head in title x tail in title x head before tail."""

IN_ONE_SENTENCE = LAYOUTS // (FAR + 1)
"""Layouts below it are of two mentions in one sentence."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where mentions stand.

    Attributes:
        sentence: number of the sentence that each begins in, shape ``(mentions,)``.
        title: 1 where it stands in the title, shape ``(mentions,)``.
        start: first character, shape ``(mentions,)``.
    """

    sentence: Ints
    title: Ints
    start: Ints

    @classmethod
    def of(cls, document: Document, mentions: Sequence[Mention], sentences: Ints) -> Places:
        """The places of ``mentions`` in ``document``, whose sentences begin at the characters ``sentences``."""
        start = np.array([mention.start for mention in mentions], dtype=np.int64)
        number = np.searchsorted(sentences[1:], start, side="right")
        return cls(number, (start < len(document.title)).astype(np.int64), start)

    def layouts(self, heads: Ints, tails: Ints) -> Ints:
        """The layout of each pair of mentions, in ``[0, LAYOUTS)``.

        Args:
            heads: indices of mentions, shape ``(heads,)``.
            tails: indices of mentions, shape ``(tails,)``.

        Returns:
            shape ``(heads, tails)``.
        """
        apart = np.abs(self.sentence[heads][:, None] - self.sentence[tails][None, :]).clip(max=FAR)
        ordered = self.start[heads][:, None] <= self.start[tails][None, :]
        return ((apart * 2 + self.title[heads][:, None]) * 2 + self.title[tails][None, :]) * 2 + ordered
