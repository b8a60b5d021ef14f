"""Unlabelled text for masked-language modelling: windows, pairs of passages, and what is hidden of them.

Devlin, Chang, Lee, Toutanova: *BERT: pre-training of deep bidirectional transformers for language understanding*,
NAACL 2019, section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor

from bran.config import Config
from bran.corpus.document import Document
from bran.corpus.sentences import document_sentences
from bran.encoding.batches import SHAPES
from bran.encoding.subwords import PAD_ID, UNK_ID, Ints, Subwords
from bran.encoding.windows import cut

IGNORED = -100
"""The target of what is not to be told."""

_DOCUMENTS_AT_A_TIME = 1024


class MaskingConfig(Config):
    """What is hidden of a text. The unknown subword stands for BERT's ``[MASK]``, as it does in word dropout."""

    rate: float = Field(default=0.15, gt=0, lt=1)
    """Share of the subwords that are to be told."""
    masked: float = Field(default=0.8, ge=0, le=1)
    """Of these, the share that is hidden."""
    replaced: float = Field(default=0.1, ge=0, le=1)
    """Of these, the share that another subword stands for; the rest stay as they are."""

    @model_validator(mode="after")
    def _shares(self) -> MaskingConfig:
        if self.masked + self.replaced > 1:
            raise ValueError(f"masked {self.masked} and replaced {self.replaced} are more than all")
        return self

    def hide(self, ids: Tensor, *, vocabulary: int) -> tuple[Tensor, Tensor]:
        """Hide some of the subwords; which ones is drawn from torch's generator.

        Args:
            ids: shape ``(windows, tokens)``; padding and unknown subwords are left alone.
            vocabulary: number of subwords.

        Returns:
            What is to be read, and what is to be told (:data:`IGNORED` elsewhere), both of the shape of ``ids``.
        """
        chosen = (torch.rand(ids.shape, device=ids.device) < self.rate) & (ids > UNK_ID)
        fate = torch.rand(ids.shape, device=ids.device)
        others = torch.randint(UNK_ID + 1, vocabulary, ids.shape, device=ids.device)
        read = torch.where(chosen & (fate < self.masked), UNK_ID, ids)
        swapped = chosen & (fate >= self.masked) & (fate < self.masked + self.replaced)
        return torch.where(swapped, others, read), torch.where(chosen, ids, IGNORED)


@dataclass(frozen=True, slots=True)
class TextExample:
    """One encoder input.

    Attributes:
        document: the text, or the one that the first passage is of.
        ids: subword ids, shape ``(tokens,)``.
        sentences: number of the sentence of each, shape ``(tokens,)``.
        second: where the second passage begins; ``len(ids)`` when there is none.
        follows: whether it follows the first in the text (1) or is of another place (0); :data:`IGNORED`: no second.
    """

    document: Document
    ids: Ints
    sentences: Ints
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


class TextEncoder:
    """Turns unlabelled documents into examples.

    Args:
        subwords: the vocabulary.
        window: longest example, in subwords.
        next_sentence: cut each window in two at a sentence, and put another second half to half of them.
        seed: of where windows are cut in two, and which second half comes to which first.
    """

    def __init__(self, subwords: Subwords, *, window: int, next_sentence: bool = False, seed: int = 0) -> None:
        self.subwords, self.window = subwords, window
        self.next_sentence, self.seed = next_sentence, seed

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
            starts = np.array([start for start, _ in document_sentences(document)], dtype=np.int64)
            sentences = np.searchsorted(starts[1:], sequence.starts, side="right")
            first = np.searchsorted(sequence.starts, starts).tolist()
            for span in cut(len(sequence.ids), first, size=self.window, overlap=0):
                inside = slice(span.start, span.end)
                yield TextExample(document, sequence.ids[inside], sentences[inside], span.end - span.start)

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
        ids = np.concatenate([first.ids[: first.second], second.ids[second.second :]])[: self.window]
        numbers = second.sentences[second.second :]
        numbers = numbers - numbers[0] + first.sentences[first.second - 1] + 1
        sentences = np.concatenate([first.sentences[: first.second], numbers])[: self.window]
        return TextExample(first.document, ids, sentences, first.second, 0)


def _halved(example: TextExample, generator: np.random.Generator) -> TextExample:
    """``example`` cut in two where one of its sentences begins."""
    begins = np.flatnonzero(np.diff(example.sentences)) + 1
    return replace(example, second=int(generator.choice(begins)), follows=1) if len(begins) else example


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Examples as padded tensors.

    Attributes:
        token_ids: shape ``(windows, tokens)``.
        mask: ``True`` at real subwords, shape ``(windows, tokens)``.
        sentences: number of each token's sentence, shape ``(windows, tokens)``, padded with 0.
        second: ``True`` at the second passage, shape ``(windows, tokens)``.
        follows: whether it follows the first, shape ``(windows,)``: see :class:`TextExample`.
        examples: what was batched.
    """

    token_ids: Tensor
    mask: Tensor
    sentences: Tensor
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
    sentences = np.zeros_like(ids)
    mask, second = np.zeros(ids.shape, dtype=np.bool_), np.zeros(ids.shape, dtype=np.bool_)
    for row, example in enumerate(examples):
        ids[row, : example.length], sentences[row, : example.length] = example.ids, example.sentences
        mask[row, : example.length], second[row, example.second : example.length] = True, True
    return TextBatch(
        token_ids=torch.from_numpy(ids),
        mask=torch.from_numpy(mask),
        sentences=torch.from_numpy(sentences),
        second=torch.from_numpy(second),
        follows=torch.tensor([example.follows for example in examples]),
        examples=tuple(examples),
    )
