"""What a document's layout says of its entities and pairs without their words: how often, where, how near.

A relation that an abstract is about is named often, early and together. These numbers carry much of what
there is to learn from a thousand documents, and newer literature follows them as older does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from bran.corpus.document import Document, Entity, Pair
from bran.encoding.subwords import Floats, Ints

ENTITY_FEATURES = (
    "mentions",  # log(1 + mentions)
    "share",  # of the mentions of its type
    "prominence",  # mentions / those of the most mentioned entity of its type
    "rank",  # log(1 + entities of its type with more mentions)
    "title",  # 1 when it is named in the title
    "first",  # sentence of its first mention / sentences
    "last",  # sentence of its last mention / sentences
    "rivals",  # log(entities of its type)
)
PAIR_FEATURES = (
    "both in title",
    "shared sentences",  # log(1 + sentences that name both)
    "same sentence",
    "next sentence",
    "sentences apart",  # log(1 + the fewest)
    "characters apart",  # log(1 + the fewest) / 5
)
FEATURES = 2 * len(ENTITY_FEATURES) + len(PAIR_FEATURES)
"""Numbers per pair: those of the head, of the tail, and of both together."""


class Structure:
    """Counts and distances of the entities of one document; all numbers lie within a few units of 0.

    Args:
        document: where they are named.
        entities: at least one.
        sentences: first character of each sentence, ascending.
    """

    def __init__(self, document: Document, entities: Sequence[Entity], sentences: Ints) -> None:
        self._number = {(entity.type, entity.id): index for index, entity in enumerate(entities)}
        self._kinds = np.array([entity.type for entity in entities])
        self._counts = np.array([len(entity.mentions) for entity in entities], dtype=np.int64)
        self._starts = np.array([mention.start for entity in entities for mention in entity.mentions], dtype=np.int64)
        # White space before the first sentence belongs to it, and a text of nothing else is one sentence.
        self._sentences = np.searchsorted(sentences[1:], self._starts, side="right")  # (mentions,)
        self._offsets = np.cumsum(self._counts) - self._counts  # first mention of each entity
        self._length = max(len(sentences), 1)
        self._title = len(document.title)

    @cached_property
    def entities(self) -> Floats:
        """``ENTITY_FEATURES`` of each entity, shape ``(entities, len(ENTITY_FEATURES))``."""
        same = self._kinds[:, None] == self._kinds[None, :]  # (entities, entities)
        places = self._sentences / self._length
        columns = (
            np.log1p(self._counts),
            self._counts / (same * self._counts).sum(1),
            self._counts / (same * self._counts).max(1),
            np.log1p((same & (self._counts[None, :] > self._counts[:, None])).sum(1)),
            np.minimum.reduceat(self._starts, self._offsets) < self._title,
            np.minimum.reduceat(places, self._offsets),
            np.maximum.reduceat(places, self._offsets),
            np.log(same.sum(1)),
        )
        features: Floats = np.stack(columns, axis=1).astype(np.float32)
        return features

    def pairs(self, pairs: Sequence[Pair]) -> Floats:
        """The features of each pair of entities, shape ``(pairs, FEATURES)``."""
        single = self.entities
        heads = np.array([self._number[pair.head.type, pair.head.id] for pair in pairs], dtype=np.int64)
        tails = np.array([self._number[pair.tail.type, pair.tail.id] for pair in pairs], dtype=np.int64)
        title = ENTITY_FEATURES.index("title")
        shared = self._shared()[heads, tails]
        apart = self._nearest(self._sentences)[heads, tails]
        near = self._nearest(self._starts)[heads, tails]
        columns = (
            single[heads, title] * single[tails, title],
            np.log1p(shared),
            apart == 0,
            apart == 1,
            np.log1p(apart),
            np.log1p(near) / 5,
        )
        together = np.stack(columns, axis=1)
        features: Floats = np.concatenate([single[heads], single[tails], together], axis=1).astype(np.float32)
        return features

    def _shared(self) -> Floats:
        """Number of sentences that name both of every two entities, shape ``(entities, entities)``."""
        present = np.zeros((len(self._counts), self._length), dtype=np.float32)
        present[np.repeat(np.arange(len(self._counts)), self._counts), self._sentences] = 1
        return present @ present.T

    def _nearest(self, positions: Ints) -> Ints:
        """The smallest distance between mentions of every two entities, shape ``(entities, entities)``."""
        distance = np.abs(positions[:, None] - positions[None, :])
        nearest: Ints = np.minimum.reduceat(np.minimum.reduceat(distance, self._offsets), self._offsets, axis=1)
        return nearest
