"""Scored candidates beside the answers: what thresholds are chosen on and calibrations are fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bran.errors import ConfigError, DataError
from bran.evaluation.counts import FloatArray, IntArray
from bran.evaluation.gold import FILTERED, GoldDocument, GoldStandard, RelationKey
from bran.evaluation.predictions import Predictions, score_of

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ScoredCandidates:
    """Every scored relation of the gold documents, each once.

    Attributes:
        scores: shape ``(candidates,)``.
        correct: whether it is a gold relation, shape ``(candidates,)``.
        documents: number of its document in ``gold.documents``, shape ``(candidates,)``.
        types: number of its relation type in the schema's labels, shape ``(candidates,)``.
    """

    scores: FloatArray
    correct: BoolArray
    documents: IntArray
    types: IntArray

    @classmethod
    def of(cls, gold: GoldStandard, predictions: Predictions, *, protocol: str = FILTERED) -> ScoredCandidates:
        """Compare ``predictions`` with gold; of a relation that stands twice the higher score counts.

        Args:
            gold: documents with the answers.
            predictions: scored candidates, kept at no threshold; those of other documents are passed over.
            protocol: ``raw``, or ``filtered``: then what the filter ignores is left out.

        Raises:
            ConfigError: when gold does not have that protocol.
            DataError: when a relation has no score.
        """
        if protocol not in gold.protocols:
            raise ConfigError(f"protocol {protocol!r}; expected one of {', '.join(gold.protocols)}")
        labels = {label: number for number, label in enumerate(gold.schema.labels)}
        rows = [
            (score, key in document.relations, number, labels[key.type])
            for number, document in enumerate(gold.documents)
            for key, score in _best(document, predictions).items()
            if not (protocol == FILTERED and gold.hypernyms and document.forgives(key, gold.hypernyms))
        ]
        scores, correct, documents, types = zip(*rows, strict=True) if rows else ((), (), (), ())
        return cls(
            np.array(scores, dtype=np.float64),
            np.array(correct, dtype=np.bool_),
            np.array(documents, dtype=np.int64),
            np.array(types, dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.scores)

    def select(self, chosen: BoolArray) -> ScoredCandidates:
        """Those where ``chosen``, of shape ``(candidates,)``, holds."""
        return ScoredCandidates(self.scores[chosen], self.correct[chosen], self.documents[chosen], self.types[chosen])

    def check_kinds(self) -> None:
        """Make sure that some are right and some are wrong, so that there is something to tell apart.

        Raises:
            DataError: when they are all alike.
        """
        if self.correct.all() or not self.correct.any():
            found = "right" if self.correct.any() else "wrong"
            raise DataError(f"all of {len(self)} scored relations are {found}; expected right and wrong ones")


def _best(document: GoldDocument, predictions: Predictions) -> dict[RelationKey, float]:
    """The highest score of each relation that was predicted for ``document``."""
    best: dict[RelationKey, float] = {}
    for relation in predictions.relations.get(document.id, ()):
        key, score = document.key(relation), score_of(relation, document.id)
        best[key] = max(score, best.get(key, score))
    return best
