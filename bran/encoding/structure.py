"""What a document's layout says of a pair without its words: how often, where and how near its ends are named.

A relation that an abstract is about is named often, early and together. These numbers carry much of what
there is to learn from a thousand documents, and newer literature follows them as older does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bran.corpus.document import Document, Entity, Pair
from bran.corpus.sentences import document_sentences
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


def pair_features(document: Document, entities: Sequence[Entity], pairs: Sequence[Pair]) -> Floats:
    """The features of each of ``pairs``, all of them within a few units of 0, shape ``(pairs, FEATURES)``.

    Args:
        document: where the entities are named.
        entities: of which the pairs are made.
        pairs: the candidates.
    """
    if not pairs:
        return np.zeros((0, FEATURES), dtype=np.float32)
    begins = np.array([start for start, _ in document_sentences(document)], dtype=np.int64)
    counts = np.array([len(entity.mentions) for entity in entities], dtype=np.int64)
    starts = np.array([mention.start for entity in entities for mention in entity.mentions], dtype=np.int64)
    sentences = np.searchsorted(begins, starts, side="right") - 1  # (mentions,)
    offsets = np.cumsum(counts) - counts  # first mention of each entity
    single = _entity_features(document, entities, counts, starts, sentences / len(begins), offsets)
    number = {(entity.type, entity.id): index for index, entity in enumerate(entities)}
    heads = np.array([number[pair.head.type, pair.head.id] for pair in pairs], dtype=np.int64)
    tails = np.array([number[pair.tail.type, pair.tail.id] for pair in pairs], dtype=np.int64)
    owner = np.repeat(np.arange(len(entities)), counts)
    present = np.zeros((len(entities), len(begins)), dtype=np.float32)
    present[owner, sentences] = 1
    shared = (present @ present.T)[heads, tails]
    apart = _nearest(sentences, offsets)[heads, tails]
    near = _nearest(starts, offsets)[heads, tails]
    title = ENTITY_FEATURES.index("title")
    both = single[heads, title] * single[tails, title]
    together = np.stack([both, np.log1p(shared), apart == 0, apart == 1, np.log1p(apart), np.log1p(near) / 5], axis=1)
    features: Floats = np.concatenate([single[heads], single[tails], together], axis=1).astype(np.float32)
    return features


def _entity_features(
    document: Document, entities: Sequence[Entity], counts: Ints, starts: Ints, places: Floats, offsets: Ints
) -> Floats:
    """``ENTITY_FEATURES`` of each entity, shape ``(entities, 8)``; ``places`` are the mentions' relative sentences."""
    kinds = np.array([entity.type for entity in entities])
    same = kinds[:, None] == kinds[None, :]  # (entities, entities)
    total = (same * counts).sum(1)
    most = (same * counts).max(1)
    higher = (same & (counts[None, :] > counts[:, None])).sum(1)
    title = np.minimum.reduceat(starts, offsets) < len(document.title)
    columns = (
        np.log1p(counts),
        counts / total,
        counts / most,
        np.log1p(higher),
        title,
        np.minimum.reduceat(places, offsets),
        np.maximum.reduceat(places, offsets),
        np.log(same.sum(1)),
    )
    features: Floats = np.stack(columns, axis=1).astype(np.float32)
    return features


def _nearest(positions: Ints, offsets: Ints) -> Ints:
    """The smallest distance between mentions of every two entities, shape ``(entities, entities)``."""
    distance = np.abs(positions[:, None] - positions[None, :])
    nearest: Ints = np.minimum.reduceat(np.minimum.reduceat(distance, offsets, axis=0), offsets, axis=1)
    return nearest
