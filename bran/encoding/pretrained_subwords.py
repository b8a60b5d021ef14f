"""The tokenizer of a pretrained encoder in the place of a vocabulary of one's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer

from bran.corpus.document import Document
from bran.encoding.subwords import UNK_ID, Ints, Subwords, SubwordSequence

SHIFT = UNK_ID + 1
"""What is added to the tokenizer's numbers: before them come the subword that pads and the one that hides."""


class PretrainedSubwords(Subwords):
    """A tokenizer that an encoder was pretrained with, its subwords numbered from :data:`SHIFT` on.

    Special subwords are never read from a text, which may hold ``[MASK]``, nor put around it: that is the encoder's
    affair. What a tokenizer would cut off or fill up is left as it is.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True  # as text
        super().__init__(tokenizer)
        self._size = SHIFT + 1 + max(tokenizer.get_vocab().values())

    def __len__(self) -> int:
        return self._size

    @property
    def special(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The special subwords that the tokenizer puts before and after a text, by its own numbers."""
        encoding = self._tokenizer.encode("a", add_special_tokens=True)
        text = [index for index, special in enumerate(encoding.special_tokens_mask) if not special]
        return tuple(encoding.ids[: text[0]]), tuple(encoding.ids[text[-1] + 1 :])

    def encode_texts(self, texts: Sequence[str]) -> list[Ints]:
        """The subword ids of plain texts, each of shape ``(subwords,)``."""
        return [ids + SHIFT for ids in super().encode_texts(texts)]

    def _boundaries(self, document: Document) -> list[int]:
        """The space before a mention belongs to it: many tokenizers know words by it."""
        return sorted({_before_spaces(document.text, cut) for cut in super()._boundaries(document)})

    def _sequence(self, document: Document, encoding: object, cuts: list[int]) -> SubwordSequence:
        """Numbered as in bran; a subword with spaces before it starts at what follows them."""
        sequence = super()._sequence(document, encoding, cuts)
        follows = _next_letters(document.text)[sequence.starts]
        starts = np.where(follows < sequence.ends, follows, sequence.starts)
        return SubwordSequence(sequence.ids + SHIFT, starts, sequence.ends)


def _before_spaces(text: str, cut: int) -> int:
    """``cut``, or where the spaces before it begin; the end of the text stays where it is."""
    return cut if cut == len(text) else len(text[:cut].rstrip(" "))


def _next_letters(text: str) -> Ints:
    """Of each character, and of the end, the place of the first one from there on that is no space."""
    letters = np.array([character != " " for character in text] + [True])
    places = np.where(letters, np.arange(len(letters)), len(letters))
    nearest: Ints = np.minimum.accumulate(places[::-1])[::-1].astype(np.int64)
    return nearest
