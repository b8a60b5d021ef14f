"""Choosing a threshold on development data; precision-recall curve and average precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bran.errors import ConfigError, DataError
from bran.evaluation.counts import FloatArray, IntArray
from bran.evaluation.gold import FILTERED, GoldStandard, RelationKey
from bran.evaluation.predictions import Predictions, score_of
from bran.evaluation.scores import precision_recall_f1


@dataclass(frozen=True, eq=False)
class Curve:
    """Scores at every threshold that makes a difference, from the highest to the lowest.

    Attributes:
        thresholds: the predicted scores, each once, descending; a relation is kept when its score is at
            least the threshold.
        counts: true positives, false positives, false negatives, shape ``(thresholds, 3)``.
    """

    thresholds: FloatArray
    counts: IntArray

    @property
    def scores(self) -> FloatArray:
        """Precision, recall and F1, shape ``(thresholds, 3)``."""
        return precision_recall_f1(self.counts)

    @property
    def average_precision(self) -> float:
        """Precision at each threshold, weighted by the recall that the threshold adds.

        Gold relations that were no candidate are never found, so the sum of the weights may stay below 1.
        """
        precision, recall, _ = self.scores.T
        return float(np.sum(np.diff(recall, prepend=0.0) * precision))


@dataclass(frozen=True, slots=True)
class Threshold:
    """A chosen threshold and what it scores where it was chosen."""

    value: float
    precision: float
    recall: float
    f1: float


def score_curve(gold: GoldStandard, predictions: Predictions, *, protocol: str = FILTERED) -> Curve:
    """Sweep over every score of ``predictions``.

    Args:
        gold: development documents.
        predictions: scored candidates, kept at no threshold; of a relation predicted twice the higher score counts.
        protocol: ``raw``, or ``filtered``: then what the filter ignores counts nowhere.

    Raises:
        ConfigError: when gold does not have that protocol.
        DataError: when a relation has no score, or gold and predictions have no document with predictions in common.
    """
    if protocol not in gold.protocols:
        raise ConfigError(f"protocol {protocol!r}; expected one of {', '.join(gold.protocols)}")
    scores, correct = _scored(gold, predictions, protocol)
    if not len(scores):
        raise DataError("no scored relation for any gold document; expected the scores of candidates")
    order = np.argsort(-scores, kind="stable")
    scores, correct = scores[order], correct[order]
    # Tied relations are kept together or not at all: only the last of each tie is a point of the curve.
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    tp = np.cumsum(correct)[last]
    return Curve(scores[last], np.stack([tp, last + 1 - tp, gold.relations - tp], axis=-1))


def best_threshold(curve: Curve) -> Threshold:
    """The threshold with the highest F1; of several the highest.

    It lies midway between the lowest score that it keeps and the highest that it does not, so that it is
    as far as can be from either; when it keeps all, midway to 0.
    """
    scores = curve.scores
    best = int(np.argmax(scores[:, 2]))
    kept = float(curve.thresholds[best])
    below = float(curve.thresholds[best + 1]) if best + 1 < len(curve.thresholds) else min(0.0, kept)
    middle = below + (kept - below) / 2
    precision, recall, f1 = scores[best].tolist()
    return Threshold(middle if below < middle else kept, precision, recall, f1)


def expected_threshold(gold: GoldStandard, predictions: Predictions, *, protocol: str = FILTERED) -> Threshold:
    """The threshold with the best F1 to be expected, rather than the best one that was observed.

    A hundred documents have an F1 that is jagged in the threshold, and its peak is mostly luck. So scores are
    first turned into probabilities by a logistic regression on the same documents (Platt 1999), and of these
    the sum of the kept is the expected number of true positives (Ye et al.: *Optimizing F-measure: a tale of
    two approaches*, ICML 2012).

    Args:
        gold: development documents.
        predictions: scored candidates, kept at no threshold; scores lie in [0, 1].
        protocol: ``raw`` or ``filtered``, as in :func:`score_curve`.

    Returns:
        The threshold, and what it really scores on ``gold``.

    Raises:
        ConfigError: when gold does not have that protocol.
        DataError: when a relation has no score, none has one, or all are right or all wrong.
    """
    curve = score_curve(gold, predictions, protocol=protocol)
    scores, correct = _scored(gold, predictions, protocol)
    if correct.all() or not correct.any():
        raise DataError(f"all of {len(correct)} scored relations are alike; expected right and wrong ones")
    order = np.argsort(-scores, kind="stable")
    scores, correct = scores[order], correct[order]
    probabilities = _calibrate(scores, correct)
    missing = gold.relations - int(correct.sum())  # gold relations that were no candidate
    kept = np.arange(1, len(scores) + 1)
    expected = 2 * np.cumsum(probabilities) / (kept + probabilities.sum() + missing)
    best = int(np.argmax(expected))
    below = scores[best + 1] if best + 1 < len(scores) else 0.0
    value = float(scores[best] + below) / 2
    point = max(int(np.searchsorted(-curve.thresholds, -value, side="right")) - 1, 0)
    precision, recall, f1 = curve.scores[point].tolist()
    return Threshold(value, precision, recall, f1)


def _calibrate(scores: FloatArray, correct: NDArray[np.bool_]) -> FloatArray:
    """Probabilities that relations with these scores are right, by logistic regression on their log-odds."""
    from sklearn.linear_model import LogisticRegression  # takes long to import, and few commands need it

    clipped = scores.clip(1e-6, 1 - 1e-6)
    odds = np.log(clipped / (1 - clipped))[:, None]
    probabilities: FloatArray = LogisticRegression(C=1e6).fit(odds, correct).predict_proba(odds)[:, 1]
    return probabilities


def _scored(gold: GoldStandard, predictions: Predictions, protocol: str) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Scores, and whether each is of a gold relation; without what the protocol leaves out."""
    scores: list[float] = []
    correct: list[bool] = []
    for document in gold.documents:
        best: dict[RelationKey, float] = {}
        for relation in predictions.relations.get(document.id, ()):
            key, score = document.key(relation), score_of(relation, document.id)
            best[key] = max(score, best.get(key, score))
        for key, score in best.items():
            if protocol == FILTERED and gold.hypernyms and document.forgives(key, gold.hypernyms):
                continue
            scores.append(score)
            correct.append(key in document.relations)
    return np.array(scores, dtype=np.float64), np.array(correct, dtype=np.bool_)
