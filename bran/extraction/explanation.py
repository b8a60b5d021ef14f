"""What an explanation holds: units of text, attention maps, and what a relation's score depends on. Arrays alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from bran.corpus.document import Relation

if TYPE_CHECKING:
    from bran.encoding.subwords import Floats, Ints

Span = tuple[int, int]
"""First character, and one past the last."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A word, a mention or an entity, as the subwords of a document that stand for it.

    Attributes:
        name: its characters; those of the first mention, for an entity.
        subwords: their numbers in the document, ascending, shape ``(subwords,)``; empty when it has none.
        spans: its characters: one span, or that of every mention of an entity.
        type: entity type; empty for a word.
        id: of the entity; empty for words and mentions.
    """

    name: str
    subwords: Ints
    spans: tuple[Span, ...]
    type: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class TextUnits:
    """The subwords of a document, and what they make up.

    Attributes:
        starts: first character of each subword, shape ``(subwords,)``.
        ends: one past its last, shape ``(subwords,)``.
        words: in text order; every subword belongs to one.
        mentions: in text order, as ``Example.mentions`` has them; they may overlap.
        entities: by type and id.
    """

    starts: Ints
    ends: Ints
    words: tuple[Unit, ...]
    mentions: tuple[Unit, ...]
    entities: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class AttentionMap:
    """Who attends to whom in one window.

    Attributes:
        start: the window's first subword, in the document.
        weights: shape ``(blocks, heads, tokens, tokens)``; a row for the token that attends, which sums to 1.
    """

    start: int
    weights: Floats

    def within(self, units: Sequence[Unit]) -> list[int]:
        """Numbers of the ``units`` that have a subword in the window."""
        return [number for number, unit in enumerate(units) if len(self._places(unit))]

    def among(self, rows: Sequence[Unit], columns: Sequence[Unit]) -> Floats:
        """Attention of units to units.

        To a unit goes what goes to any of its subwords, and from it the mean of what goes from each (Clark et al.:
        *What does BERT look at?*, BlackboxNLP 2019, section 4.1): rows over all words sum to 1 still.

        Args:
            rows: those that attend; each has a subword in the window.
            columns: those that are attended to.

        Returns:
            shape ``(blocks, heads, rows, columns)``.
        """
        sources, targets = self._membership(rows), self._membership(columns)
        means = sources / np.maximum(sources.sum(1, keepdims=True), 1)
        attention: Floats = means @ (self.weights @ targets.T)
        return attention

    def _membership(self, units: Sequence[Unit]) -> Floats:
        """1 where a token belongs to a unit, ``(units, tokens)``."""
        table = np.zeros((len(units), self.weights.shape[3]), dtype=np.float32)
        for row, unit in enumerate(units):
            table[row, self._places(unit)] = 1
        return table

    def _places(self, unit: Unit) -> Ints:
        places: Ints = unit.subwords - self.start
        return places[(places >= 0) & (places < self.weights.shape[3])]


@dataclass(frozen=True, slots=True)
class LogitParts:
    """What each branch of the scorer adds to a relation's logit; ``None`` where the model does not have it.

    The text alone reads tokens. A pool of scores is no sum: what the layout scores add is what the pool grows by.

    Attributes:
        text: the pooled bi-affine scores of the token pairs.
        layouts: learned scores of how the two mentions stand to each other, within the pool.
        structure: the perceptron over what the layout says of the pair.
        knowledge: what statements of other documents add to that perceptron.
        cues: what the words around mentions add to it.
    """

    text: float
    layouts: float | None = None
    structure: float | None = None
    knowledge: float | None = None
    cues: float | None = None

    @property
    def logit(self) -> float:
        """Their sum."""
        return sum(value for _, value in self.items())

    def items(self) -> list[tuple[str, float]]:
        """The parts that the model has, by name."""
        values = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [(name, value) for name, value in values if value is not None]


@dataclass(frozen=True, slots=True)
class Gradients:
    """Integrated gradients of a relation's logit, from the text with every word hidden to the text as it is.

    Attributes:
        subwords: attribution of each subword of the document, shape ``(subwords,)``.
        difference: what they sum to when the integral is exact: the logit less that of the hidden text.
        steps: points of the path at which gradients were taken.
    """

    subwords: Floats
    difference: float
    steps: int

    @property
    def total(self) -> float:
        """Sum of the attributions."""
        return float(self.subwords.sum(dtype=np.float64))

    @property
    def gap(self) -> float:
        """What completeness lacks: sum of the attributions less the difference of the logits."""
        return self.total - self.difference

    def of(self, units: Sequence[Unit]) -> Floats:
        """Attribution of each unit: the sum of those of its subwords, shape ``(units,)``."""
        return np.array([self.subwords[unit.subwords].sum() for unit in units], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Occlusion:
    """What a relation's logit loses when a unit is hidden: put in place of each subword the unknown one.

    Attributes:
        words: of each word, shape ``(words,)``; positive where the word speaks for the relation.
        mentions: of each mention, shape ``(mentions,)``.
        entities: of each entity, all mentions at once, shape ``(entities,)``.
    """

    words: Floats
    mentions: Floats
    entities: Floats


@dataclass(frozen=True, slots=True)
class Influence:
    """What the score of one relation depends on.

    Attributes:
        relation: as it was predicted; it need not reach a threshold.
        windows: numbers of the windows that it is scored in.
        parts: of its logit. Of exclusive types it is the logit less that of no relation.
        hidden: the same with every word hidden: what types and places of mentions say alone.
        occlusion: by hiding words.
        gradients: by integrated gradients; ``None`` when they were not asked for.
    """

    relation: Relation
    windows: tuple[int, ...]
    parts: LogitParts
    hidden: LogitParts
    occlusion: Occlusion
    gradients: Gradients | None
