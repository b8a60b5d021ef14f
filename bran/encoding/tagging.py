"""Texts as the recogniser reads them: subwords with features, in windows, with the tags that annotation allows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor

from bran.config import Config
from bran.corpus.document import Document, Mention
from bran.corpus.sentences import document_sentences
from bran.encoding.batches import SHAPES
from bran.encoding.shapes import SHAPE_VALUES, shapes
from bran.encoding.subwords import Ints, Subwords, SubwordSequence
from bran.encoding.windows import Bools, Span, cut


class WindowConfig(Config):
    """How long texts are cut."""

    window: int = Field(default=512, ge=8)
    """Longest window, in subwords."""
    overlap: int = Field(default=128, ge=0)
    """Subwords that consecutive windows share."""

    @model_validator(mode="after")
    def _windows_move_on(self) -> WindowConfig:
        if self.overlap >= self.window:
            raise ValueError(f"overlap {self.overlap} must be smaller than window {self.window}")
        return self


FEATURES = ("subword", "shape", "lexicon", "style")
"""The columns of :attr:`TaggingWindow.features`."""


class Name(Protocol):
    """A stretch of text that a lexicon knows."""

    @property
    def start(self) -> int:
        """First character."""

    @property
    def end(self) -> int:
        """One past the last character."""

    @property
    def type(self) -> str:
        """Entity type."""


FindNames = Callable[[str], Iterable[Name]]
"""The names that a lexicon knows in a text; they do not overlap."""


@dataclass(frozen=True, slots=True)
class Names:
    """The lexicons that a recogniser reads by.

    A lexicon that has learned names from the very document knows every mention of it, as it never will of a new
    one; so each training document is read by a lexicon that was compiled without it.

    Attributes:
        everything: for new documents.
        without: for each training document that has taught ``everything`` something, a lexicon that it did not teach.
    """

    everything: FindNames
    without: Mapping[str, FindNames]

    def group(self, documents: Iterable[Document]) -> list[tuple[FindNames, list[Document]]]:
        """``documents`` by the lexicon that each is read by."""
        groups: dict[int, tuple[FindNames, list[Document]]] = {}
        for document in documents:
            names = self.without.get(document.id, self.everything)
            groups.setdefault(id(names), (names, []))[1].append(document)
        return list(groups.values())


@dataclass(frozen=True, slots=True)
class Style:
    """How a corpus was annotated.

    Attributes:
        index: the corpus's number: what is told to the network, since guidelines differ.
        types: the entity types that its annotators looked for; of others it says nothing.
        names: the corpus's name of a type to the recogniser's.
    """

    index: int
    types: frozenset[str]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TaggingWindow:
    """One encoder input.

    Attributes:
        features: :data:`FEATURES` of each subword, shape ``(tokens, features)``.
        allowed: whether the annotation allows each tag, shape ``(tokens, tags)``.
        starts: first character of each subword, in the document, shape ``(tokens,)``.
        ends: one past its last character, ``(tokens,)``.
        own: the tokens that this window decides on; those beside them are context.
    """

    features: Ints
    allowed: Bools
    starts: Ints
    ends: Ints
    own: Span


@dataclass(frozen=True, slots=True)
class TaggingExample:
    """One document, encoded.

    Attributes:
        document: what was encoded.
        windows: the encoder's inputs; one, unless the document is long.
    """

    document: Document
    windows: tuple[TaggingWindow, ...]

    @property
    def length(self) -> int:
        """Subwords of its longest window."""
        return max((len(window.features) for window in self.windows), default=0)


class TaggingEncoder:
    """Turns documents into the recogniser's examples.

    Mentions are read as annotation only: unlike in :class:`~bran.encoding.examples.DocumentEncoder` they do not
    decide where subwords begin, since they are what is to be found.

    Args:
        subwords: the vocabulary.
        types: entity types, in the order of their tags.
        find_names: the lexicon.
        window: longest window, in subwords.
        overlap: subwords that consecutive windows share.
    """

    def __init__(
        self, subwords: Subwords, types: Sequence[str], find_names: FindNames, *, window: int = 512, overlap: int = 128
    ) -> None:
        self.subwords = subwords
        self.types = {name: index for index, name in enumerate(types)}
        self.tags = 2 * len(types) + 1
        self.window, self.overlap = window, overlap
        self._find_names = find_names

    def sizes(self, styles: int) -> tuple[int, ...]:
        """How many values each of :data:`FEATURES` has, with corpora of so many styles."""
        return len(self.subwords), SHAPE_VALUES, self.tags, styles

    def __call__(self, documents: Sequence[Document], style: Style | None = None) -> list[TaggingExample]:
        """Encode ``documents``; the order is kept.

        Args:
            documents: with mentions, where they are to be learned from.
            style: of their annotation; ``None``: they have none that counts, and the first style is asked for.
        """
        sequences = self.subwords.encode([document.with_mentions(()) for document in documents])
        return [self._example(*both, style) for both in zip(documents, sequences, strict=True)]

    def _example(self, document: Document, sequence: SubwordSequence, style: Style | None) -> TaggingExample:
        length = len(sequence.ids)
        if not length:
            return TaggingExample(document, ())
        names = [name for name in self._find_names(document.text) if name.type in self.types]
        features = np.zeros((length, len(FEATURES)), dtype=np.int64)
        features[:, 0] = sequence.ids
        features[:, 1] = shapes(document.text, sequence)
        features[:, 2] = self._tags(((self.types[n.type], n.start, n.end) for n in names), sequence)
        features[:, 3] = style.index if style else 0
        allowed = self._allowed(document, sequence, style)
        spans = self._spans(document, sequence)
        windows = (
            TaggingWindow(
                features=features[span.start : span.end],
                allowed=_opened(allowed[span.start : span.end]),
                starts=sequence.starts[span.start : span.end],
                ends=sequence.ends[span.start : span.end],
                own=own,
            )
            for span, own in zip(spans, _shares(spans), strict=True)
        )
        return TaggingExample(document, tuple(windows))

    @staticmethod
    def _tags(spans: Iterable[tuple[int, int, int]], sequence: SubwordSequence) -> Ints:
        """BIO tag of each subword, 0 for O, from ``(type, start, end)`` in characters; the longest wins."""
        tags = np.zeros(len(sequence.ids), dtype=np.int64)
        for type_, start, end in sorted(spans, key=lambda span: span[2] - span[1]):
            first = int(np.searchsorted(sequence.ends, start, side="right"))
            last = max(first, int(np.searchsorted(sequence.starts, end)))
            tags[first:last] = 2 * type_ + 2
            tags[first : first + (last > first)] = 2 * type_ + 1
        tags[~_continues(tags) & (tags > 0) & (tags % 2 == 0)] -= 1  # what a longer one has left of a shorter begins it
        return tags

    def _allowed(self, document: Document, sequence: SubwordSequence, style: Style | None) -> Bools:
        """Whether the annotation allows each tag, shape ``(tokens, tags)``: all where it says nothing."""
        if style is None:
            return np.ones((len(sequence.ids), self.tags), dtype=np.bool_)
        named = ((mention, style.names.get(mention.type, mention.type)) for mention in document.mentions)
        spans = [(self.types[type_], mention.start, mention.end) for mention, type_ in named if type_ in style.types]
        tags = self._tags(spans, sequence)
        allowed: Bools = tags[:, None] == np.arange(self.tags)
        for type_, index in self.types.items():
            if type_ not in style.types:
                allowed[tags == 0, 2 * index + 1 : 2 * index + 3] = True
        return allowed

    def _spans(self, document: Document, sequence: SubwordSequence) -> tuple[Span, ...]:
        length = len(sequence.ids)
        if length <= self.window:
            return (Span(0, length),)
        starts = np.searchsorted(sequence.starts, [start for start, _ in document_sentences(document)])
        return cut(length, starts.tolist(), size=self.window, overlap=self.overlap)


def _continues(tags: Ints) -> Bools:
    """Whether each tag is an I after a B or I of its type, shape ``(tokens,)``."""
    continues = np.zeros(len(tags), dtype=np.bool_)
    continues[1:] = (tags[1:] > 0) & (tags[1:] % 2 == 0) & ((tags[:-1] + 1) // 2 == tags[1:] // 2)
    return continues


def _opened(allowed: Bools) -> Bools:
    """``allowed`` of a window, where a mention that goes on from before it may begin: an I cannot come first."""
    opened = allowed.copy()
    opened[0, 1::2] |= allowed[0, 2::2]
    return opened


def _shares(spans: Sequence[Span]) -> list[Span]:
    """The tokens, from each window's own start, that the window decides on: up to the middle of each overlap."""
    middles = [(left.end + right.start) // 2 for left, right in itertools.pairwise(spans)]
    begins, ends = [spans[0].start, *middles], [*middles, spans[-1].end]
    return [Span(begin - span.start, end - span.start) for span, begin, end in zip(spans, begins, ends, strict=True)]


@dataclass(frozen=True, slots=True)
class TaggingBatch:
    """Windows as padded tensors.

    Attributes:
        features: shape ``(windows, tokens, features)``, padded with 0.
        mask: ``True`` at real subwords, ``(windows, tokens)``.
        allowed: ``(windows, tokens, tags)``; all allowed at padding.
        examples: what was batched.
    """

    features: Tensor
    mask: Tensor
    allowed: Tensor
    examples: tuple[TaggingExample, ...]

    def to(self, device: torch.device) -> TaggingBatch:
        """The same batch with its tensors on ``device``."""
        moved = {field.name: getattr(self, field.name).to(device) for field in fields(self) if field.name != "examples"}
        return replace(self, **moved)


def collate_tagging(examples: Sequence[TaggingExample]) -> TaggingBatch:
    """Pad the windows of ``examples``, one after the other, into one batch."""
    windows = [window for example in examples for window in example.windows]
    longest = -(-max(len(window.features) for window in windows) // SHAPES) * SHAPES
    tags = windows[0].allowed.shape[1]
    features = np.zeros((len(windows), longest, len(FEATURES)), dtype=np.int64)
    mask = np.zeros((len(windows), longest), dtype=np.bool_)
    allowed = np.ones((len(windows), longest, tags), dtype=np.bool_)
    for row, window in enumerate(windows):
        length = len(window.features)
        features[row, :length], mask[row, :length], allowed[row, :length] = window.features, True, window.allowed
    return TaggingBatch(torch.from_numpy(features), torch.from_numpy(mask), torch.from_numpy(allowed), tuple(examples))


def tagged_mentions(example: TaggingExample, tags: Sequence[NDArray[np.int64]], types: Sequence[str]) -> list[Mention]:
    """The mentions that BIO ``tags`` spell, one array for each of the example's windows, in text order."""
    rows = [
        np.stack([window.starts, window.ends, decided[: len(window.starts)]])[:, window.own.start : window.own.end]
        for window, decided in zip(example.windows, tags, strict=True)
    ]
    if not rows:
        return []
    starts, ends, joined = np.concatenate(rows, axis=1)
    continues = _continues(joined)
    begins = ((joined > 0) & ~continues).nonzero()[0]
    stops = np.append(~continues[1:], True).nonzero()[0]  # the last token of each run, of O runs too
    lasts = stops[np.searchsorted(stops, begins)]
    return [
        Mention(int(starts[begin]), int(ends[last]), types[(int(joined[begin]) - 1) // 2])
        for begin, last in zip(begins, lasts, strict=True)
    ]
