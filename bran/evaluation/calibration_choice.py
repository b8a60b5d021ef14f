"""Which calibration suits a model: the one with the least log loss on documents that it was not fitted on.

Candidates of one document are alike, so whole documents are left out at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bran.errors import ConfigError, DataError
from bran.evaluation.calibration import METHODS, Calibration, Calibrator, Isotonic, Platt, Temperature
from bran.evaluation.counts import FloatArray, IntArray
from bran.evaluation.reliability import log_loss
from bran.evaluation.scored import BoolArray, ScoredCandidates
from bran.wording import counted

FOLDS = 5
"""Parts that documents are cut into; each is given probabilities by a calibration that was fitted on the others."""
LEAST_OF_TYPE = 100
"""Right relations, and wrong ones, from which on a relation type has a calibration of its own."""
_DIGITS = 4
"""Log losses that agree to so many digits after the point are equal."""


@dataclass(frozen=True, eq=False)
class FittedCalibrator:
    """A calibrator, and how well its kind does on documents that it was not fitted on.

    Attributes:
        calibrator: fitted on all candidates.
        log_losses: cross-validated, of each method that was tried.
        probabilities: cross-validated, of every candidate by the chosen method, shape ``(candidates,)``.
    """

    calibrator: Temperature | Platt | Isotonic
    log_losses: Mapping[str, float]
    probabilities: FloatArray


@dataclass(frozen=True, eq=False)
class FittedCalibration:
    """The calibration of a model, and how well it does on documents that it was not fitted on.

    Attributes:
        calibration: fitted on all candidates.
        default: how its default was chosen.
        types: how those of single relation types were chosen.
        probabilities: cross-validated, of every candidate, shape ``(candidates,)``.
    """

    calibration: Calibration
    default: FittedCalibrator
    types: Mapping[str, FittedCalibrator]
    probabilities: FloatArray


def fit_calibration(
    scores: FloatArray, correct: BoolArray, groups: IntArray, *, method: str | None = None
) -> FittedCalibrator:
    """Fit one calibrator.

    Args:
        scores: of candidates, in [0, 1], shape ``(candidates,)``.
        correct: whether each is right.
        groups: number of its document; those of one group are left out together.
        method: a key of :data:`bran.evaluation.calibration.METHODS`; the one with the least cross-validated log loss
            when ``None``, the simplest of several.

    Raises:
        ConfigError: when there is no such method.
        DataError: when the candidates are all right or all wrong, or of a single document.
    """
    if method is not None and method not in METHODS:
        raise ConfigError(f"method {method!r}; expected one of {', '.join(METHODS)}")
    if correct.all() or not correct.any() or len(np.unique(groups)) < 2:
        of = f"{counted(len(correct), 'candidate')}, of {counted(len(np.unique(groups)), 'document')}"
        counts = f"{int(correct.sum())} of {of}, are right"
        raise DataError(f"{counts}; expected right and wrong ones, of two documents or more, to calibrate on")
    found = {name: _cross_validated(name, scores, correct, groups) for name in ([method] if method else METHODS)}
    losses = {name: log_loss(probabilities, correct) for name, probabilities in found.items()}
    best = min(losses, key=lambda name: round(losses[name], _DIGITS))  # of equals, the first: the simplest
    return FittedCalibrator(METHODS[best](scores, correct), losses, found[best])


def calibrate(scored: ScoredCandidates, labels: tuple[str, ...], *, method: str | None = None) -> FittedCalibration:
    """Fit the calibration of a model.

    Args:
        scored: all candidates of a model on documents that it has not seen.
        labels: the relation types of its schema; where there are several, each of which there are
            :data:`LEAST_OF_TYPE` right and as many wrong candidates gets a calibrator of its own.
        method: as in :func:`fit_calibration`.

    Raises:
        ConfigError, DataError: as in :func:`fit_calibration`.
    """
    default = fit_calibration(scored.scores, scored.correct, scored.documents, method=method)
    probabilities = default.probabilities.copy()
    types: dict[str, FittedCalibrator] = {}
    for number, label in enumerate(labels if len(labels) > 1 else ()):
        chosen = scored.types == number
        part = scored.select(chosen)
        right = int(part.correct.sum())
        if min(right, len(part) - right) < LEAST_OF_TYPE or len(np.unique(part.documents)) < 2:
            continue
        types[label] = fit_calibration(part.scores, part.correct, part.documents, method=method)
        probabilities[chosen] = types[label].probabilities
    by_type: dict[str, Calibrator] = {label: fitted.calibrator for label, fitted in types.items()}
    return FittedCalibration(Calibration(default=default.calibrator, types=by_type), default, types, probabilities)


def _cross_validated(method: str, scores: FloatArray, correct: BoolArray, groups: IntArray) -> FloatArray:
    """Probabilities of all candidates, each by a calibrator that has seen none of its document."""
    from sklearn.model_selection import GroupKFold  # takes long to import, and few commands need it

    probabilities = np.empty_like(scores)
    folds = GroupKFold(min(FOLDS, len(np.unique(groups))))
    for train, test in folds.split(scores, correct, groups):
        right = int(correct[train].sum())
        if 0 < right < len(train):
            probabilities[test] = METHODS[method](scores[train], correct[train]).probabilities(scores[test])
        else:  # all alike, so there is no curve: the rule of succession
            probabilities[test] = (right + 1) / (len(train) + 2)
    return probabilities
