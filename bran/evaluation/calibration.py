"""Calibrations: from the score of a relation to the probability that it is right.

Three kinds, from the simplest to the freest, each a few numbers that a model's ``model.json`` holds. All of them are
monotone: of two relations of a type the one with the higher score never has the lower probability. Applying them
takes numpy alone; fitting them takes scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, FiniteFloat, model_validator

from bran.config import Config
from bran.evaluation.counts import FloatArray
from bran.wording import counted

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

    from bran.evaluation.scored import BoolArray

_LEAST = 1e-6
"""How near scores and probabilities come to 0 and 1, so that log-odds and log loss are finite."""
_SLOPES = (0.01, 100.0)
"""Of the logistic curve that becomes a temperature: the least and the greatest."""

_Open = Annotated[float, Field(gt=0, lt=1)]


def log_odds(scores: FloatArray) -> FloatArray:
    """``log(p / (1 - p))`` of scores in [0, 1], of the same shape; 0 and 1 have finite ones too."""
    clipped = scores.clip(_LEAST, 1 - _LEAST)
    odds: FloatArray = np.log(clipped / (1 - clipped))
    return odds


class Temperature(Config):
    """Log-odds divided by one number (Guo et al.: *On calibration of modern neural networks*, ICML 2017)."""

    kind: Literal["temperature"] = "temperature"
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Above 1: scores were too sure of themselves; below 1: not sure enough."""

    def probabilities(self, scores: FloatArray) -> FloatArray:
        """Probabilities in (0, 1), of the shape of ``scores``."""
        return _logistic(log_odds(scores) / self.temperature)


class Platt(Config):
    """A logistic curve over the log-odds (Platt: *Probabilistic outputs for support vector machines*, 1999)."""

    kind: Literal["platt"] = "platt"
    slope: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """0 where higher scores are no more often right than lower ones: then all have one probability."""
    intercept: FiniteFloat

    def probabilities(self, scores: FloatArray) -> FloatArray:
        """Probabilities in (0, 1), of the shape of ``scores``."""
        return _logistic(self.slope * log_odds(scores) + self.intercept)


class Isotonic(Config):
    """The best monotone curve, as the corners of its line (Zadrozny and Elkan, KDD 2002)."""

    kind: Literal["isotonic"] = "isotonic"
    scores: tuple[FiniteFloat, ...] = Field(min_length=1)
    """Of the corners, ascending."""
    values: tuple[_Open, ...]
    """Probabilities at the corners; between two of them the line is straight, and beyond the ends level."""

    @model_validator(mode="after")
    def _is_a_monotone_line(self) -> Isotonic:
        if len(self.scores) != len(self.values):
            found = f"{counted(len(self.scores), 'score')} and {counted(len(self.values), 'value')}"
            raise ValueError(f"{found}; expected one value per score")
        if any(a >= b for a, b in pairwise(self.scores)) or any(a > b for a, b in pairwise(self.values)):
            raise ValueError("corners that go back or down; expected ascending scores and values")
        return self

    def probabilities(self, scores: FloatArray) -> FloatArray:
        """Probabilities in (0, 1), of the shape of ``scores``."""
        values: FloatArray = np.interp(scores, self.scores, self.values)
        return values


Calibrator = Annotated[Temperature | Platt | Isotonic, Field(discriminator="kind")]
"""Turns scores of one relation type into probabilities."""


class Calibration(Config):
    """What a model's scores are turned into probabilities by."""

    default: Calibrator
    """For every relation type that has none of its own."""
    types: dict[str, Calibrator] = Field(default_factory=dict)
    """For relation types that there were enough of to fit one."""

    def of(self, label: str) -> Calibrator:
        """The calibrator of the relation type ``label``."""
        return self.types.get(label, self.default)

    def probabilities(self, scores: FloatArray, labels: Sequence[str]) -> FloatArray:
        """Probabilities in (0, 1).

        Args:
            scores: shape ``(pairs, relation types)``.
            labels: the relation types.

        Returns:
            The same shape.
        """
        columns = zip(labels, scores.T, strict=True)
        return np.stack([self.of(label).probabilities(column) for label, column in columns], axis=1)


def fit_temperature(scores: FloatArray, correct: BoolArray) -> Temperature:
    """The temperature with the least log loss; both of shape ``(candidates,)``, right and wrong ones among them."""
    slope = float(_fit_logistic(scores, correct, intercept=False).coef_[0, 0])
    return Temperature(temperature=1 / min(max(slope, _SLOPES[0]), _SLOPES[1]))


def fit_platt(scores: FloatArray, correct: BoolArray) -> Platt:
    """The logistic curve with the least log loss that does not fall; arguments as of :func:`fit_temperature`."""
    fitted = _fit_logistic(scores, correct, intercept=True)
    slope, intercept = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if slope < 0:  # of the curves that do not fall, the level one is the best then
        slope, intercept = 0.0, float(log_odds(correct.mean(keepdims=True))[0])
    return Platt(slope=slope, intercept=intercept)


def fit_isotonic(scores: FloatArray, correct: BoolArray) -> Isotonic:
    """The monotone line with the least squared error; arguments as of :func:`fit_temperature`.

    Its ends are kept from 0 and 1 as far as Platt's targets are: by one more right and one more wrong relation than
    were seen.
    """
    from sklearn.isotonic import IsotonicRegression  # takes long to import, and few commands need it

    right = int(correct.sum())
    wrong = len(correct) - right
    line = IsotonicRegression(y_min=1 / (wrong + 2), y_max=(right + 1) / (right + 2)).fit(scores, correct)
    return Isotonic(scores=tuple(line.X_thresholds_.tolist()), values=tuple(line.y_thresholds_.tolist()))


METHODS: dict[str, Callable[[FloatArray, BoolArray], Temperature | Platt | Isotonic]] = {
    "temperature": fit_temperature,
    "platt": fit_platt,
    "isotonic": fit_isotonic,
}
"""How to fit each kind, from the simplest to the freest."""


def _logistic(odds: FloatArray) -> FloatArray:
    probabilities: FloatArray = (1 / (1 + np.exp(-odds.clip(-700, 700)))).clip(_LEAST, 1 - _LEAST)
    return probabilities


def _fit_logistic(scores: FloatArray, correct: BoolArray, *, intercept: bool) -> LogisticRegression:
    from sklearn.linear_model import LogisticRegression  # takes long to import, and few commands need it

    return LogisticRegression(C=1e6, fit_intercept=intercept).fit(log_odds(scores)[:, None], correct)
