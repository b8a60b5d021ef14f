"""Soft labels: what teachers say of a pair, in place of what is annotated or beside it.

A student that learns from the scores of an ensemble comes close to it at the size of one model (Hinton, Vinyals & Dean:
*Distilling the knowledge in a neural network*, 2015): a pair that the teachers hold for half true says more than a
label, and documents that nobody has annotated can be learned from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from pydantic import Field

from bran.config import Config
from bran.corpus.document import Document, Pair, Relation
from bran.corpus.schema import Schema
from bran.encoding.labels import Labeller, PairLabels, ScoredLabels, weighted
from bran.encoding.subwords import Floats

Scores = Mapping[str, Sequence[Relation]]
"""Every candidate that the teachers scored, by document id."""


class DistillationConfig(Config):
    """How a student learns from its teachers."""

    gold_share: float = Field(default=0.5, ge=0, le=1)
    """Of an annotated pair, the share of its label in what is learned; the rest is the teachers' score. 1: they are
    heard of unlabelled documents alone."""
    temperature: float = Field(default=1.0, ge=0.1)
    """The teachers' logits are divided by it: above 1 their scores are drawn towards even odds."""
    unlabelled_weight: float = Field(default=1.0, gt=0)
    """Factor of each pair of an unlabelled document in the loss; an annotated one has 1."""
    per_epoch: float = Field(default=1.0, gt=0, le=1)
    """Share of the unlabelled documents in an epoch, in turn: with 0.25 each one comes every fourth time."""

    def annotated(self, schema: Schema, scores: Scores, gold: Labeller) -> Labeller:
        """Labels of annotated documents, of which the teachers say ``scores``."""
        return MixedLabels(gold, self._soft(schema, scores), share=self.gold_share)

    def unlabelled(self, schema: Schema, scores: Scores) -> Labeller:
        """Labels of unlabelled documents, of which the teachers say ``scores``."""
        return weighted(self._soft(schema, scores), self.unlabelled_weight)

    def _soft(self, schema: Schema, scores: Scores) -> Labeller:
        labels = ScoredLabels(schema, scores)
        return labels if self.temperature == 1 else SoftenedLabels(labels, schema, self.temperature)


class SoftenedLabels:
    """Labels whose logits are divided by a temperature.

    Args:
        labels: in [0, 1].
        schema: tells whether one relation type excludes the others; then null is softened with them, as in a softmax.
        temperature: above 0.
    """

    def __init__(self, labels: Labeller, schema: Schema, temperature: float) -> None:
        self._labels, self._exclusive, self._power = labels, schema.exclusive, 1 / temperature

    def __call__(self, document: Document, pairs: tuple[Pair, ...]) -> PairLabels:
        """Labels of ``pairs``, which are candidates of ``document``."""
        found = self._labels(document, pairs)
        return replace(found, values=self._softened(found.values))

    def _softened(self, values: Floats) -> Floats:
        """Shape ``(pairs, relation types)``, as ``values``."""
        null = np.clip(1 - values.sum(1, keepdims=True) if self._exclusive else 1 - values, 0, 1) ** self._power
        raised = values**self._power
        total = raised.sum(1, keepdims=True) if self._exclusive else raised
        softened: Floats = (raised / (total + null)).astype(np.float32)
        return softened


class MixedLabels:
    """Gold labels, drawn towards what teachers say; the weights are those of the gold labels.

    Args:
        gold: labels of annotated documents.
        teacher: labels of the same; a pair to which it gives no weight keeps its gold label.
        share: of the gold label, in [0, 1].
    """

    def __init__(self, gold: Labeller, teacher: Labeller, *, share: float) -> None:
        self._gold, self._teacher, self._share = gold, teacher, share

    def __call__(self, document: Document, pairs: tuple[Pair, ...]) -> PairLabels:
        """Labels of ``pairs``, which are candidates of ``document``."""
        gold, teacher = self._gold(document, pairs), self._teacher(document, pairs)
        mixed = self._share * gold.values + (1 - self._share) * teacher.values
        values = np.where(teacher.weights[:, None] > 0, mixed, gold.values).astype(np.float32)
        return replace(gold, values=values)
