"""Unlabelled text as examples and batches: windows, pairs of passages, where words begin, and mentions where there are.

Pairs of passages: Devlin, Chang, Lee, Toutanova: *BERT: pre-training of deep bidirectional transformers for language
understanding*, NAACL 2019, section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bran.corpus.document import Document
from bran.corpus.sentences import document_sentences
from bran.encoding.batches import SHAPES
from bran.encoding.mention_classes import IGNORED, MentionClasses
from bran.encoding.subwords import PAD_ID, Ints, Subwords, SubwordSequence
from bran.encoding.windows import cut

Bools = NDArray[np.bool_]

_DOCUMENTS_AT_A_TIME = 1024


@dataclass(frozen=True, slots=True)
class TextExample:
    """One encoder input.

    Attributes:
        document: the text, or the one that the first passage is of.
        ids: subword ids, shape ``(tokens,)``.
        sentences: number of the sentence of each, shape ``(tokens,)``.
        starts: ``True`` where a word begins, shape ``(tokens,)``.
        mentions: first subword, last-plus-one, type and concept (:class:`MentionClasses`) of each mention, none of
            which overlap, shape ``(mentions, 4)``.
        second: where the second passage begins; ``len(ids)`` when there is none.
        follows: whether it follows the first in the text (1) or is of another place (0); :data:`IGNORED`: no second.
    """

    document: Document
    ids: Ints
    sentences: Ints
    starts: Bools
    mentions: Ints
    second: int
    follows: int = IGNORED

    @property
    def length(self) -> int:
        """Its subwords."""
        return len(self.ids)

    @property
    def windows(self) -> tuple[TextExample]:
        """Itself: what is packed into batches."""
        return (self,)

    def part(self, begin: int, end: int) -> TextExample:
        """Subwords ``begin`` to ``end``, and the mentions that lie whole in them."""
        inside = slice(begin, end)
        whole = (self.mentions[:, 0] >= begin) & (self.mentions[:, 1] <= end)
        return TextExample(
            self.document,
            self.ids[inside],
            self.sentences[inside],
            self.starts[inside],
            _moved(self.mentions[whole], -begin),
            end - begin,
        )

    def before(self, other: TextExample, *, follows: int) -> TextExample:
        """This passage, and that of ``other`` after it, whose sentences are numbered on."""
        numbers = other.sentences - other.sentences[0] + self.sentences[-1] + 1
        return TextExample(
            self.document,
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.sentences, numbers]),
            np.concatenate([self.starts, other.starts]),
            np.concatenate([self.mentions, _moved(other.mentions, self.length)]),
            self.length,
            follows,
        )


class TextEncoder:
    """Turns unlabelled documents into examples.

    Args:
        subwords: the vocabulary.
        window: longest example, in subwords.
        next_sentence: cut each window in two at a sentence, and put another second half to half of them.
        seed: of where windows are cut in two, and which second half comes to which first.
        classes: what is to be told of mentions; by default nothing.
    """

    def __init__(
        self,
        subwords: Subwords,
        *,
        window: int,
        next_sentence: bool = False,
        seed: int = 0,
        classes: MentionClasses | None = None,
    ) -> None:
        self.subwords, self.window = subwords, window
        self.next_sentence, self.seed = next_sentence, seed
        self.classes = classes or MentionClasses()

    def __call__(self, documents: Sequence[Document]) -> list[TextExample]:
        """The windows of ``documents``, in order; a window of one sentence has no second half."""
        examples = [
            example
            for start in range(0, len(documents), _DOCUMENTS_AT_A_TIME)
            for example in self._windows(documents[start : start + _DOCUMENTS_AT_A_TIME])
        ]
        return self._paired(examples) if self.next_sentence else examples

    def _windows(self, documents: Sequence[Document]) -> Iterator[TextExample]:
        for document, sequence in zip(documents, self.subwords.encode(documents), strict=True):
            begins = np.array([start for start, _ in document_sentences(document)], dtype=np.int64)
            whole = TextExample(
                document,
                sequence.ids,
                np.searchsorted(begins[1:], sequence.starts, side="right"),
                ~self.subwords.continuing[sequence.ids],
                self._mentions(document, sequence),
                len(sequence.ids),
            )
            first = np.searchsorted(sequence.starts, begins).tolist()
            for span in cut(whole.length, first, size=self.window, overlap=0):
                yield whole.part(span.start, span.end)

    def _mentions(self, document: Document, sequence: SubwordSequence) -> Ints:
        """What :attr:`TextExample.mentions` holds; of those that overlap, the one that begins first, or is longest."""
        rows: list[tuple[int, int, int, int]] = []
        for mention in sorted(document.mentions, key=lambda m: (m.start, -m.end, m.type, m.concepts)):
            begin = int(np.searchsorted(sequence.starts, mention.start))
            end = int(np.searchsorted(sequence.ends, mention.end, side="right"))
            if begin < end and (not rows or begin >= rows[-1][1]):
                rows.append((begin, end, *self.classes.of(mention)))
        return np.array(rows, dtype=np.int64).reshape(-1, 4)

    def _paired(self, examples: list[TextExample]) -> list[TextExample]:
        """The same examples in two halves; half of the second ones change places, so each is read once."""
        generator = np.random.default_rng(self.seed)
        halved = [_halved(example, generator) for example in examples]
        parted = [index for index, example in enumerate(halved) if example.follows != IGNORED]
        moved = generator.permutation(parted)[: len(parted) // 2].tolist()
        if len(moved) < 2:
            return halved
        paired = list(halved)
        for index, other in zip(moved, [*moved[1:], moved[0]], strict=True):
            paired[index] = self._joined(halved[index], halved[other])
        return paired

    def _joined(self, first: TextExample, second: TextExample) -> TextExample:
        """The first half of one example, and the second of another as far as the window goes."""
        end = min(second.length, second.second + self.window - first.second)
        return first.part(0, first.second).before(second.part(second.second, end), follows=0)


def _halved(example: TextExample, generator: np.random.Generator) -> TextExample:
    """``example`` cut in two where one of its sentences begins."""
    begins = np.flatnonzero(np.diff(example.sentences)) + 1
    return replace(example, second=int(generator.choice(begins)), follows=1) if len(begins) else example


def _moved(mentions: Ints, places: int) -> Ints:
    """``mentions`` of shape ``(mentions, 4)``, so many subwords further on."""
    moved: Ints = mentions + np.array([places, places, 0, 0])
    return moved


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Examples as padded tensors.

    Attributes:
        token_ids: shape ``(windows, tokens)``.
        mask: ``True`` at real subwords, shape ``(windows, tokens)``.
        sentences: number of each token's sentence, shape ``(windows, tokens)``, padded with 0.
        starts: ``True`` where a word begins, shape ``(windows, tokens)``.
        mentions: number of the mention that covers each token, counted from 1 over the batch, 0 for none, shape
            ``(windows, tokens)``.
        types: entity type of each mention, shape ``(mentions,)``: see :class:`MentionClasses`.
        concepts: concept of each, shape ``(mentions,)``.
        second: ``True`` at the second passage, shape ``(windows, tokens)``.
        follows: whether it follows the first, shape ``(windows,)``: see :class:`TextExample`.
        examples: what was batched.
    """

    token_ids: Tensor
    mask: Tensor
    sentences: Tensor
    starts: Tensor
    mentions: Tensor
    types: Tensor
    concepts: Tensor
    second: Tensor
    follows: Tensor
    examples: tuple[TextExample, ...]

    def to(self, device: torch.device) -> TextBatch:
        """The same batch with its tensors on ``device``."""
        moved = {field.name: getattr(self, field.name).to(device) for field in fields(self) if field.name != "examples"}
        return replace(self, **moved)


def collate_texts(examples: Sequence[TextExample]) -> TextBatch:
    """Pad ``examples`` into one batch."""
    longest = -(-max(example.length for example in examples) // SHAPES) * SHAPES
    ids = np.full((len(examples), longest), PAD_ID, dtype=np.int64)
    sentences, mentions = np.zeros_like(ids), np.zeros_like(ids)
    mask, second, starts = (np.zeros(ids.shape, dtype=np.bool_) for _ in range(3))
    number = 0
    for row, example in enumerate(examples):
        length = example.length
        ids[row, :length], sentences[row, :length], starts[row, :length] = (
            example.ids,
            example.sentences,
            example.starts,
        )
        mask[row, :length], second[row, example.second : length] = True, True
        for begin, end, *_ in example.mentions.tolist():
            number += 1
            mentions[row, begin:end] = number
    starts[:, 0] = True  # of a word that was cut in two
    types, concepts = np.concatenate([example.mentions for example in examples])[:, 2:].T.copy()
    return TextBatch(
        token_ids=torch.from_numpy(ids),
        mask=torch.from_numpy(mask),
        sentences=torch.from_numpy(sentences),
        starts=torch.from_numpy(starts),
        mentions=torch.from_numpy(mentions),
        types=torch.from_numpy(types),
        concepts=torch.from_numpy(concepts),
        second=torch.from_numpy(second),
        follows=torch.tensor([example.follows for example in examples]),
        examples=tuple(examples),
    )
