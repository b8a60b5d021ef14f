"""Cues: what the words around and in the mentions of a pair say, hashed, and summed by a linear model.

A thousand abstracts are too few for a network to learn which turns of phrase state a relation ("-induced",
"patients with", "the treatment of") and which disorders drugs cause ("-toxicity"), and enough for a linear model
over the words next to mentions, between them and in them, and the branches of MeSH that they are of: its penalty
keeps what is rare small. It is the wide part beside the deep one (Cheng et al.: *Wide & Deep Learning for
Recommender Systems*, DLRS 2016), with features as the systems of the BioCreative V task had them (Xu et al.:
*CD-REST*, Database 2016), hashed so that they need no dictionary (Weinberger et al.: *Feature Hashing for Large
Scale Multitask Learning*, ICML 2009).
"""

from __future__ import annotations

import operator
import re
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, product

import numpy as np
from pydantic import Field

from bran.config import Config
from bran.corpus.document import Document, Entity, Mention, Pair
from bran.corpus.mesh import MeshTree
from bran.corpus.sentences import document_sentences
from bran.encoding.subwords import Ints

ENDINGS = (3, 4, 5)
"""Lengths of the endings of words in names that count."""

REACH = 200
"""Most words from one mention to another for those between to count: no sentence of BC5CDR has more, lists do."""

BRANCHES = 5
"""Levels of the MeSH tree that count, from its top."""

OUTSIDE = 3
"""Words before the first and after the second of two mentions that count for the pair."""

EDITION = 2
"""Number of this set of features: weights that were learned on another mean nothing here."""

_TURN = 2654435761  # Knuth's multiplier: what stood side by side is spread
_WORD = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_LETTERS = re.compile(r"[^\W\d_]+")


class CueConfig(Config):
    """Which words count, and how much their weights are held back."""

    buckets: int = Field(default=2**18, ge=2)
    """Numbers that features are hashed to."""
    radius: int = Field(default=3, ge=1)
    """Words on each side of a mention, within its sentence."""
    between: int = Field(default=12, ge=0)
    """Most words between two mentions of a sentence whose order counts; of more, only which words they are."""
    beginnings: int = Field(default=5, ge=0)
    """Letters of the beginnings of longer words that count as words do (``inhib`` of *inhibitor*); 0: none."""
    by_type: bool = Field(default=False, exclude_if=operator.not_)
    """Whether every feature also counts apart for the entity types of the pair, for schemas with several."""
    strength: float = Field(default=0.06, gt=0)
    """Inverse of the weight of the penalty on squared weights."""
    contrast: float = Field(default=0.5, ge=0, le=1)
    """How much less a feature is held back, the better it tells related pairs from others by itself: the power of the
    log-count ratio that it is multiplied with; 0: all are held back alike."""
    folds: int = Field(default=5, ge=2)
    """Parts of the training documents, each scored by weights that were learned on the others."""


@dataclass(frozen=True, slots=True)
class PairCues:
    """The features of the pairs of one document, each at most once for a pair.

    Attributes:
        buckets: what they are hashed to, shape ``(features,)``.
        pairs: index of the pair that each is of, shape ``(features,)``.
        count: number of pairs.
    """

    buckets: Ints
    pairs: Ints
    count: int


class CueReader:
    """Reads the words around mentions.

    Args:
        config: which words count.
    """

    def __init__(self, config: CueConfig) -> None:
        self.config = config
        self._tree = MeshTree.bundled()

    def __call__(self, document: Document, pairs: Sequence[Pair]) -> PairCues:
        """The features of ``pairs``, which are candidates of ``document``."""
        words = _Words(document)
        single: dict[tuple[str, str, str], set[int]] = {}
        for side, entities in (("h", [pair.head for pair in pairs]), ("t", [pair.tail for pair in pairs])):
            for entity in entities:
                key = (side, entity.type, entity.id)
                if key not in single:
                    features = chain(self._around(words, entity), _names(document, entity), self._branches(entity))
                    single[key] = self._buckets(side, features)
        found = [
            single["h", pair.head.type, pair.head.id]
            | single["t", pair.tail.type, pair.tail.id]
            | self._buckets("", self._together(words, pair))
            for pair in pairs
        ]
        buckets = np.fromiter((bucket for each in found for bucket in sorted(each)), dtype=np.int64)
        cues = PairCues(buckets, np.repeat(np.arange(len(pairs)), [len(each) for each in found]), len(pairs))
        return self._by_type(cues, pairs) if self.config.by_type else cues

    def _by_type(self, cues: PairCues, pairs: Sequence[Pair]) -> PairCues:
        """``cues``, and each of them once more, turned by the entity types of its pair."""
        types = np.array([zlib.crc32(f"{pair.head.type} {pair.tail.type}".encode()) for pair in pairs], dtype=np.int64)
        count = self.config.buckets
        turned = (cues.buckets * _TURN + types[cues.pairs]) % count
        numbers = np.unique(
            np.concatenate([cues.pairs, cues.pairs, np.arange(len(pairs))]) * count
            + np.concatenate([cues.buckets, turned, types % count])
        )
        return PairCues(numbers % count, numbers // count, cues.count)

    def _buckets(self, side: str, features: Iterable[str]) -> set[int]:
        """What ``features`` of the head (``h``), the tail (``t``) or both are hashed to: weights are kept by it."""
        begin, buckets = zlib.crc32(side.encode()), self.config.buckets
        return {zlib.crc32(feature.encode("utf-8", "replace"), begin) % buckets for feature in features}

    def _around(self, words: _Words, entity: Entity) -> Iterator[str]:
        """The words next to the mentions of ``entity``: by place, by side, and two by two; how its sentences open."""
        for place in words.of(entity):
            before, after = words.near(place, self.config.radius)
            for letter, near in (("L", before[::-1]), ("R", after)):
                for distance, word in enumerate(near, start=1):
                    yield f"{letter}{distance} {word}"
                    yield f"{letter} {word}"
                if len(near) > 1:
                    yield f"{letter}{letter} {near[0]} {near[1]}"
                yield from (f"{letter}~{beginning}" for beginning in self._beginnings(near))
            opening = words.opening(place)
            yield f"F {opening[0]}"
            yield f"F2 {' '.join(opening)}"

    def _together(self, words: _Words, pair: Pair) -> Iterator[str]:
        """What mentions of both in one sentence say: the words between them, before the first and after the second."""
        for head, tail in product(words.of(pair.head), words.of(pair.tail)):
            if words.sentences[head] == words.sentences[tail] and abs(head - tail) <= REACH:
                order = "<" if head < tail else ">"
                first, last = min(head, tail), max(head, tail)
                yield from self._between(order, words.words[first + 1 : last])
                yield from (f"{order}b{word}" for word in words.near(first, OUTSIDE)[0])
                yield from (f"{order}a{word}" for word in words.near(last, OUTSIDE)[1])

    def _between(self, order: str, between: Sequence[str]) -> Iterator[str]:
        """The words between two mentions, how many, and which mention comes first, as ``order`` tells."""
        beginnings = list(self._beginnings(between))
        length = min(len(between) // 3, 6)
        mentions = min(sum(map(_is_mention, between)), 4)
        yield from (f"{order}{length}", f"{order}n{mentions}", f"{order}n{mentions}l{length}")
        yield from between
        yield from (f"~{beginning}" for beginning in beginnings)
        if between:
            yield from (f"{order}first {' '.join(between[:n])}" for n in (1, 2))
            yield from (f"{order}last {' '.join(between[-n:])}" for n in (1, 2))
        if len(between) <= self.config.between:
            yield f"{order}= {' '.join(between[:4])}"
            yield from (f"{order} {word}" for word in between)
            yield from (f"{order} {first} {second}" for first, second in pairwise(between))
            yield from (f"{order}~{beginning}" for beginning in beginnings)

    def _beginnings(self, words: Iterable[str]) -> Iterator[str]:
        """The beginnings of the longer of ``words``."""
        letters = self.config.beginnings
        return (word[:letters] for word in words if len(word) > letters > 0 and not _is_mention(word))

    def _branches(self, entity: Entity) -> Iterator[str]:
        """The parts of the MeSH tree that ``entity`` stands in; none for what is no disease of it."""
        for number in self._tree.tree_numbers.get(entity.id, ()):
            parts = number.split(".")[:BRANCHES]
            yield from (f"T {'.'.join(parts[:depth])}" for depth in range(1, len(parts) + 1))


def _names(document: Document, entity: Entity) -> Iterator[str]:
    """The words that ``entity`` is called by, and how they end."""
    for name in {document.text[mention.start : mention.end].lower() for mention in entity.mentions}:
        for word in _LETTERS.findall(name):
            yield f"N {word}"
            yield from (f"S {word[-length:]}" for length in ENDINGS)


def _is_mention(word: str) -> bool:
    return word[0] == "@" and len(word) > 1


class _Words:
    """The words of a document; a mention is one word, called by its type.

    Attributes:
        words: in lower case.
        sentences: number of the sentence of each.
    """

    def __init__(self, document: Document) -> None:
        self.words: list[str] = []
        self._places: dict[Mention, int] = {}
        starts: list[int] = []
        end = 0
        for mention in sorted(document.mentions, key=lambda mention: (mention.start, -mention.end)):
            if mention.start >= end:
                starts += self._read(document.text, end, mention.start)
                self.words.append(f"@{mention.type}")
                starts.append(mention.start)
                end = mention.end
            self._places[mention] = len(self.words) - 1  # one within another stands where that does
        starts += self._read(document.text, end, len(document.text))
        sentences = np.array([start for start, _ in document_sentences(document)], dtype=np.int64)
        self.sentences: list[int] = np.searchsorted(sentences[1:], starts, side="right").tolist()

    def _read(self, text: str, start: int, end: int) -> list[int]:
        """Add the words of a part of the text; where they start."""
        found = list(_WORD.finditer(text, start, end))
        self.words += [match.group().lower() for match in found]
        return [match.start() for match in found]

    def of(self, entity: Entity) -> list[int]:
        """Places of the mentions of ``entity``."""
        return [self._places[mention] for mention in entity.mentions]

    def near(self, place: int, radius: int) -> tuple[list[str], list[str]]:
        """The words before and after ``place``, of its sentence, ``radius`` at most."""
        sentence = self.sentences[place]
        first, last = max(0, place - radius), place + radius + 1
        before = [self.words[at] for at in range(first, place) if self.sentences[at] == sentence]
        after = [
            self.words[at] for at in range(place + 1, min(last, len(self.words))) if self.sentences[at] == sentence
        ]
        return before, after

    def opening(self, place: int) -> list[str]:
        """The first two words of the sentence of ``place``."""
        start = bisect_left(self.sentences, self.sentences[place])
        return self.words[start : start + 2]
