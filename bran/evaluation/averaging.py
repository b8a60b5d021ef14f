"""The mean of what several systems say of one document.

Averaging the probabilities of models that differ by their seed, or by the documents that they learned from, takes out
much of what each of them has by chance (Dietterich: *Ensemble methods in machine learning*, MCS 2000).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Literal

from bran.corpus.document import Relation
from bran.evaluation.gold import RelationKey
from bran.evaluation.predictions import score_of

Mean = Literal["probabilities", "logits"]
"""What is averaged: scores as they are, or their logits (then the geometric mean of odds)."""

_LEAST = 1e-7
"""Scores are kept this far from 0 and 1 before their logits are taken: what 32 bits can tell from them."""


def mean_relations(
    members: Sequence[Sequence[Relation]], *, document: str, model: str, mean: Mean = "probabilities"
) -> tuple[Relation, ...]:
    """Every relation that a member has scored, with the mean of all members' scores, ordered by type, head and tail.

    Args:
        members: the candidates of one document as each member scored them. One that has no score for a candidate of
            others (no window of it holds the pair) would never predict it: it counts as 0.
        document: id, for errors.
        model: the name that the relations carry.
        mean: of what.

    Raises:
        DataError: when a relation has no score.
    """
    tables = [
        {RelationKey(found.type, found.head, found.tail): score_of(found, document) for found in relations}
        for relations in members
    ]
    average = _logit_mean if mean == "logits" else fmean
    return tuple(
        Relation(*key, score=average([table.get(key, 0.0) for table in tables]), model=model)
        for key in sorted({key for table in tables for key in table})
    )


def _logit_mean(scores: Sequence[float]) -> float:
    kept = [min(max(score, _LEAST), 1 - _LEAST) for score in scores]
    return 1 / (1 + math.exp(-fmean(math.log(score / (1 - score)) for score in kept)))
