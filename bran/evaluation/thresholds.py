"""Choosing thresholds on development data, and calling them by name; precision-recall curve, average precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import FiniteFloat

from bran.config import Config
from bran.errors import ConfigError, DataError
from bran.evaluation.calibration import fit_platt
from bran.evaluation.counts import FloatArray, IntArray
from bran.evaluation.gold import FILTERED, GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.scored import ScoredCandidates
from bran.evaluation.scores import precision_recall_f1

BEST_F1 = "best-f1"
PRECISIONS = (50, 60, 70, 80, 90, 95)
"""Precisions in percent that thresholds are named after: ``p50``, ``p60``, ..."""
LEAST_KEPT = 20
"""Relations that a precision must have been seen on before a threshold is named after it."""
THRESHOLD_HELP = "Least score: a number from 0 to 1, or by name (best-f1, p50, p60, p70, p80, p90, p95)."
"""What commands say of an option that :func:`parse_threshold` reads."""


class Threshold(Config):
    """A chosen threshold on the score, and what it scores where it was chosen, in [0, 1]."""

    value: FiniteFloat
    precision: FiniteFloat
    recall: FiniteFloat
    f1: FiniteFloat


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

    def threshold(self, index: int) -> Threshold:
        """One that keeps what the point ``index`` keeps.

        It lies midway between the lowest score that it keeps and the highest that it does not, so that it is
        as far as can be from either; when it keeps all, midway to 0.
        """
        kept = float(self.thresholds[index])
        below = float(self.thresholds[index + 1]) if index + 1 < len(self.thresholds) else min(0.0, kept)
        middle = below + (kept - below) / 2
        return self._scored(middle if below < middle else kept, index)

    def at(self, value: float) -> Threshold:
        """The threshold ``value``; what keeps nothing gets the scores of the first point."""
        return self._scored(value, max(int(np.searchsorted(-self.thresholds, -value, side="right")) - 1, 0))

    def _scored(self, value: float, index: int) -> Threshold:
        precision, recall, f1 = self.scores[index].tolist()
        return Threshold(value=value, precision=precision, recall=recall, f1=f1)


def score_curve(gold: GoldStandard, predictions: Predictions, *, protocol: str = FILTERED) -> Curve:
    """Sweep over every score of ``predictions``; of types that exclude each other only a pair's best counts.

    Args:
        gold: development documents.
        predictions: scored candidates, kept at no threshold; of a relation predicted twice the higher score counts.
        protocol: ``raw``, or ``filtered``: then what the filter ignores counts nowhere.

    Raises:
        ConfigError: when gold does not have that protocol.
        DataError: when a relation has no score, or gold and predictions have no document with predictions in common.
    """
    return _curve(gold, ScoredCandidates.of(gold, predictions.best(gold.schema), protocol=protocol))


def best_threshold(curve: Curve) -> Threshold:
    """The threshold with the highest F1; of several the highest. See :meth:`Curve.threshold`."""
    return curve.threshold(int(np.argmax(curve.scores[:, 2])))


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
    scored = ScoredCandidates.of(gold, predictions.best(gold.schema), protocol=protocol)
    curve = _curve(gold, scored)
    scored.check_kinds()
    scores = np.sort(scored.scores)[::-1]
    probabilities = fit_platt(scored.scores, scored.correct).probabilities(scores)
    missing = gold.relations - int(scored.correct.sum())  # gold relations that were no candidate
    kept = np.arange(1, len(scores) + 1)
    expected = 2 * np.cumsum(probabilities) / (kept + probabilities.sum() + missing)
    best = int(np.argmax(expected))
    below = scores[best + 1] if best + 1 < len(scores) else 0.0
    return curve.at(float(scores[best] + below) / 2)


def named_thresholds(gold: GoldStandard, predictions: Predictions, *, protocol: str = FILTERED) -> dict[str, Threshold]:
    """``best-f1`` as in :func:`expected_threshold`, and ``p50`` to ``p95`` as in :func:`precision_thresholds`.

    Args:
        gold: documents that the model has not seen.
        predictions: all of its candidates on them, with their scores.
        protocol: ``raw`` or ``filtered``, as in :func:`score_curve`.

    Raises:
        ConfigError, DataError: as in :func:`expected_threshold`.
    """
    best = expected_threshold(gold, predictions, protocol=protocol)
    return {BEST_F1: best, **precision_thresholds(score_curve(gold, predictions, protocol=protocol))}


def precision_thresholds(curve: Curve) -> dict[str, Threshold]:
    """For each of :data:`PRECISIONS` that is reached, with :data:`LEAST_KEPT` relations kept, the highest recall."""
    enough = curve.counts[:, :2].sum(axis=1) >= LEAST_KEPT
    precision = curve.scores[:, 0]
    reached = {percent: np.flatnonzero(enough & (precision >= percent / 100)) for percent in PRECISIONS}
    return {f"p{percent}": curve.threshold(int(points[-1])) for percent, points in reached.items() if len(points)}


def parse_threshold(text: str, named: Mapping[str, Threshold]) -> float:
    """The threshold on the score that ``text`` says: a number in [0, 1], or a key of ``named``.

    Raises:
        ConfigError: when it is neither; lists the names that there are.
    """
    if text in named:
        return named[text].value
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        names = ", ".join(f"{name} ({item.value:.4g})" for name, item in named.items())
        known = f"or one of {names}" if names else "(no thresholds have names here)"
        raise ConfigError(f"threshold {text!r}: expected a number from 0 to 1 {known}")
    return value


def _curve(gold: GoldStandard, scored: ScoredCandidates) -> Curve:
    if not len(scored):
        raise DataError("no scored relation for any gold document; expected the scores of candidates")
    order = np.argsort(-scored.scores, kind="stable")
    scores, correct = scored.scores[order], scored.correct[order]
    # Tied relations are kept together or not at all: only the last of each tie is a point of the curve.
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    tp = np.cumsum(correct)[last]
    return Curve(scores[last], np.stack([tp, last + 1 - tp, gold.relations - tp], axis=-1))
