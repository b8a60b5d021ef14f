"""Examples: documents as arrays, ready to be padded into batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field, model_validator

from bran.config import Config
from bran.corpus.document import Document, Entity, Mention, Pair
from bran.corpus.schema import Schema
from bran.corpus.sentences import document_sentences
from bran.encoding.cue_scores import CueScores, HeldOutScores
from bran.encoding.knowledge import Knowledge
from bran.encoding.labels import GoldLabels, Labeller
from bran.encoding.layout import Places
from bran.encoding.mention_pairs import MentionPairs, nearest, within_sentences
from bran.encoding.structure import FEATURES, Structure
from bran.encoding.subwords import Floats, Ints, SubwordConfig, Subwords, SubwordSequence
from bran.encoding.windows import Span, assign, cut


class EncodingConfig(Config):
    """How documents become examples."""

    subwords: SubwordConfig = SubwordConfig()
    window: int = Field(default=1280, ge=8)
    """Longest window, in subwords."""
    overlap: int = Field(default=256, ge=0)
    """Subwords that consecutive windows of a long document share."""
    mention_pairs: MentionPairs = Field(default="all", exclude_if="all".__eq__)
    """Which mention pairs of two entities are scored: ``all`` (the paper), the ``nearest`` alone, or those in one
    ``sentence``. Entities that never share a sentence are then left without a score, as uncovered pairs are."""

    @model_validator(mode="after")
    def _windows_move_on(self) -> EncodingConfig:
        if self.overlap >= self.window:
            raise ValueError(f"overlap {self.overlap} must be smaller than window {self.window}")
        return self


@dataclass(frozen=True, slots=True)
class Window:
    """One encoder input.

    Attributes:
        start: its first subword, in the document.
        ids: subword ids, shape ``(tokens,)``.
        types: 1 + index of the entity type of the mention that covers each, 0 for none, ``(tokens,)``.
        tags: BIO tag of each, 0 for O, ``(tokens,)``.
        sentences: number of the sentence of each, in the document, ``(tokens,)``.
        heads: position of each subword of each mention of each head entity, ``(heads,)``.
        tails: the same of the tail entities, ``(tails,)``.
        pairs: index in ``Example.pairs`` that each (head, tail) token pair adds to, -1 for none,
            ``(heads, tails)``.
        layouts: how the mentions of each token pair stand to each other (:mod:`bran.encoding.layout`),
            ``(heads, tails)``.
        head_mentions: index in ``Example.mentions`` of each head token's mention, ``(heads,)``.
        tail_mentions: the same of the tail tokens, ``(tails,)``.
    """

    start: int
    ids: Ints
    types: Ints
    tags: Ints
    sentences: Ints
    heads: Ints
    tails: Ints
    pairs: Ints
    layouts: Ints
    head_mentions: Ints
    tail_mentions: Ints


@dataclass(frozen=True, slots=True)
class Example:
    """One document, encoded.

    Attributes:
        document: what was encoded.
        mentions: the document's mentions in text order; windows refer to them.
        pairs: the candidates that are scored.
        uncovered: candidates of which no mention pair is scored, as when no window holds one; they are reported.
        dropped: mentions without a single subword; they take no part.
        features: what the layout says of each pair (:mod:`bran.encoding.structure`), after it what other documents do
            (:mod:`bran.encoding.knowledge`), and then the words around and in mentions (:mod:`bran.encoding.cues`),
            shape ``(pairs, features)``.
        labels: how far each relation type holds, in [0, 1], shape ``(pairs, relation types)``.
        weights: factor of each pair in the training loss, 0 where it is left out, shape ``(pairs,)``.
        recall: how many of the relations that hold are labelled, as a share; 1: all.
        windows: the encoder's inputs.
    """

    document: Document
    mentions: tuple[Mention, ...]
    pairs: tuple[Pair, ...]
    uncovered: tuple[Pair, ...]
    dropped: tuple[Mention, ...]
    features: Floats
    labels: Floats
    weights: Floats
    recall: float
    windows: tuple[Window, ...]

    @property
    def length(self) -> int:
        """Subwords of its longest window."""
        return max(len(window.ids) for window in self.windows)


@dataclass(frozen=True, slots=True)
class _Occurrences:
    """The tokens of all mentions of all entities on one side, in flat arrays of one length."""

    tokens: Ints
    entities: Ints
    mentions: Ints


class DocumentEncoder:
    """Turns documents into examples.

    Args:
        config: window sizes; the vocabulary is already learned.
        subwords: the vocabulary.
        schema: which pairs to score and which labels there are.
        labels: what training takes the pairs for; by default the document's own relations.
        knowledge: what other documents say of pairs; by default nothing.
        cues: what the words around their mentions say; by default nothing.
    """

    def __init__(
        self,
        config: EncodingConfig,
        subwords: Subwords,
        schema: Schema,
        *,
        labels: Labeller | None = None,
        knowledge: Knowledge | None = None,
        cues: CueScores | HeldOutScores | None = None,
    ) -> None:
        self.config = config
        self.subwords = subwords
        self.schema = schema
        self.labels = labels or GoldLabels(schema)
        self._told = [told for told in (knowledge, cues) if told is not None]
        self._types = {name: index for index, name in enumerate(schema.entity_types)}
        relations = schema.relation_types.values()
        # A symmetric pair has the smaller (type, id) as its head, whichever way the schema names its types.
        turned = {pair[::-1] for relation in relations if relation.symmetric for pair in relation.pairs}
        self._head_types = {head for head, _ in {*schema.type_pairs, *turned}}
        self._tail_types = {tail for _, tail in {*schema.type_pairs, *turned}}

    def __call__(self, documents: Sequence[Document]) -> list[Example]:
        """Encode ``documents``; the order is kept."""
        sequences = self.subwords.encode(documents)
        return [self._example(document, seq) for document, seq in zip(documents, sequences, strict=True)]

    def _example(self, document: Document, sequence: SubwordSequence) -> Example:
        mentions = tuple(sorted(document.mentions, key=lambda m: (m.start, m.end, m.type, m.concepts)))
        bounds = _token_bounds(mentions, sequence)  # (mentions, 2)
        entities = self.schema.entities(document)
        candidates = self.schema.candidates(document)
        heads = _occurrences(entities, self._head_types, mentions, bounds)
        tails = _occurrences(entities, self._tail_types, mentions, bounds)
        table = _pair_table(entities, candidates)[heads.entities[:, None], tails.entities[None, :]]
        sentences = np.array([start for start, _ in document_sentences(document)], dtype=np.int64)
        spans = self._spans(sequence, sentences)
        owner = assign(bounds[heads.mentions], bounds[tails.mentions], spans) if len(spans) > 1 else None
        if owner is not None:
            table = np.where(owner >= 0, table, -1)
        places = Places.of(document, mentions, sentences)
        if self.config.mention_pairs == "sentence":
            table = within_sentences(table, places.sentence[heads.mentions], places.sentence[tails.mentions])
        elif self.config.mention_pairs == "nearest":
            table = nearest(table, heads.mentions, tails.mentions, bounds)
        pairs, uncovered, table = _keep_scored(candidates, table)
        types, tags = self._tag(mentions, bounds, len(sequence.ids))
        numbers = np.searchsorted(sentences[1:], sequence.starts, side="right")  # of each subword's sentence
        cutter = _Cutter(sequence.ids, types, tags, numbers, heads, tails, places)
        labels = self.labels(document, pairs)
        return Example(
            document=document,
            mentions=mentions,
            pairs=pairs,
            uncovered=uncovered,
            dropped=tuple(m for m, (start, end) in zip(mentions, bounds, strict=True) if start == end),
            features=self._features(document, pairs, entities, sentences),
            labels=labels.values,
            weights=labels.weights,
            recall=labels.recall,
            windows=tuple(
                cutter.window(span, table if owner is None else np.where(owner == index, table, -1))
                for index, span in enumerate(spans)
            ),
        )

    def _features(
        self, document: Document, pairs: Sequence[Pair], entities: Sequence[Entity], sentences: Ints
    ) -> Floats:
        """Numbers for the perceptron over each pair, shape ``(pairs, features)``."""
        if not pairs:
            return np.zeros((0, FEATURES + sum(told.width for told in self._told)), dtype=np.float32)
        layout = Structure(document, entities, sentences).pairs(pairs)
        return np.concatenate([layout, *(told.features(document, pairs) for told in self._told)], axis=1)

    def _spans(self, sequence: SubwordSequence, sentences: Ints) -> tuple[Span, ...]:
        length = len(sequence.ids)
        if length <= self.config.window:
            return (Span(0, length),)
        starts = np.searchsorted(sequence.starts, sentences)
        return cut(length, starts.tolist(), size=self.config.window, overlap=self.config.overlap)

    def _tag(self, mentions: tuple[Mention, ...], bounds: Ints, length: int) -> tuple[Ints, Ints]:
        """Type index and BIO tag of each subword; where mentions overlap, the later one wins."""
        types = np.zeros(length, dtype=np.int64)
        tags = np.zeros(length, dtype=np.int64)
        for mention, (start, end) in zip(mentions, bounds.tolist(), strict=True):
            index = self._types[self.schema.canonical_type(mention.type)]
            types[start:end] = index + 1
            tags[start:end] = 2 * index + 2
            tags[start : start + (end > start)] = 2 * index + 1
        return types, tags


def _token_bounds(mentions: Sequence[Mention], sequence: SubwordSequence) -> Ints:
    """First and last-plus-one subword of each mention, shape ``(mentions, 2)``."""
    starts = np.searchsorted(sequence.starts, [mention.start for mention in mentions])
    ends = np.searchsorted(sequence.ends, [mention.end for mention in mentions], side="right")
    bounds: Ints = np.stack([starts, np.maximum(starts, ends)], axis=1).astype(np.int64).reshape(-1, 2)
    return bounds


def _occurrences(
    entities: tuple[Entity, ...], wanted: set[str], mentions: tuple[Mention, ...], bounds: Ints
) -> _Occurrences:
    position = {mention: index for index, mention in enumerate(mentions)}
    owners = [
        (entity_index, position[mention])
        for entity_index, entity in enumerate(entities)
        if entity.type in wanted
        for mention in entity.mentions
    ]
    owner = np.array(owners, dtype=np.int64).reshape(-1, 2)
    start, end = bounds[owner[:, 1]].T
    counts = end - start
    first: Ints = start - (np.cumsum(counts) - counts)
    tokens = np.repeat(first, counts) + np.arange(counts.sum(), dtype=np.int64)
    return _Occurrences(tokens, np.repeat(owner[:, 0], counts), np.repeat(owner[:, 1], counts))


def _pair_table(entities: tuple[Entity, ...], candidates: tuple[Pair, ...]) -> Ints:
    """Index of the candidate of each (head entity, tail entity), -1 for none, ``(entities, entities)``."""
    position = {(entity.type, entity.id): index for index, entity in enumerate(entities)}
    table = np.full((len(entities), len(entities)), -1, dtype=np.int64)
    for index, pair in enumerate(candidates):
        table[position[pair.head.type, pair.head.id], position[pair.tail.type, pair.tail.id]] = index
    return table


def _keep_scored(candidates: tuple[Pair, ...], table: Ints) -> tuple[tuple[Pair, ...], tuple[Pair, ...], Ints]:
    """Candidates with at least one token pair, those without, and ``table`` renumbered to the former."""
    scored = np.zeros(len(candidates) + 1, dtype=bool)
    scored[table.ravel()] = True
    scored = scored[:-1]  # the last one stood for -1, "no candidate"
    if scored.all():
        return candidates, (), table
    renumbered = np.append(np.where(scored, np.cumsum(scored) - 1, -1), -1)
    kept = tuple(pair for pair, keep in zip(candidates, scored, strict=True) if keep)
    left = tuple(pair for pair, keep in zip(candidates, scored, strict=True) if not keep)
    return kept, left, renumbered[table]


@dataclass(frozen=True, slots=True)
class _Cutter:
    """Cuts windows out of the arrays of a whole document."""

    ids: Ints
    types: Ints
    tags: Ints
    sentences: Ints
    heads: _Occurrences
    tails: _Occurrences
    places: Places

    def window(self, span: Span, table: Ints) -> Window:
        """The window at ``span``, with the token pairs for which ``table`` ``(heads, tails)`` names a pair."""
        rows = (table >= 0).any(1).nonzero()[0]
        columns = (table >= 0).any(0).nonzero()[0]
        inside = slice(span.start, span.end)
        head_mentions, tail_mentions = self.heads.mentions[rows], self.tails.mentions[columns]
        return Window(
            start=span.start,
            ids=self.ids[inside],
            types=self.types[inside],
            tags=self.tags[inside],
            sentences=self.sentences[inside],
            heads=self.heads.tokens[rows] - span.start,
            tails=self.tails.tokens[columns] - span.start,
            pairs=table[np.ix_(rows, columns)],
            layouts=self.places.layouts(head_mentions, tail_mentions),
            head_mentions=head_mentions,
            tail_mentions=tail_mentions,
        )
