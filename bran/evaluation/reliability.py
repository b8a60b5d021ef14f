"""How far probabilities can be believed: log loss, Brier score, expected calibration error, reliability table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bran.evaluation.counts import FloatArray
from bran.evaluation.scored import BoolArray

BINS = 10
"""Of the reliability table and of both expected calibration errors."""

METRIC_NAMES = {
    "log_loss": "log loss (nats)",
    "brier": "Brier score",
    "ece_width": f"ECE, {BINS} bins of equal width",
    "ece_mass": f"ECE, {BINS} bins of equal mass",
}
"""What people call the :attr:`Reliability.metrics`."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The relations whose probabilities lie near each other.

    Attributes:
        low: they are above it; in the first bin, at it too.
        high: they are at or below it.
        count: how many there are.
        predicted: their mean probability.
        observed: the share of them that is right.
    """

    low: float
    high: float
    count: int
    predicted: float
    observed: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far the probabilities of some relations can be believed; all but the log loss lie in [0, 1].

    Attributes:
        log_loss: mean of ``-log`` of the probability of what is the case, in nats.
        brier: mean squared distance of the probability from what is the case.
        ece_width: expected calibration error over bins of equal width.
        ece_mass: the same over bins of equally many relations.
        bins: those of equal width that are not empty.
    """

    log_loss: float
    brier: float
    ece_width: float
    ece_mass: float
    bins: tuple[Bin, ...]

    @classmethod
    def of(cls, probabilities: FloatArray, correct: BoolArray) -> Reliability:
        """Measure ``probabilities`` against what is the case; both of shape ``(candidates,)``, at least one."""
        even = equal_width_bins(probabilities, correct)
        return cls(
            log_loss=log_loss(probabilities, correct),
            brier=float(np.mean((probabilities - correct) ** 2)),
            ece_width=calibration_error(even),
            ece_mass=calibration_error(equal_mass_bins(probabilities, correct)),
            bins=tuple(even),
        )

    @property
    def metrics(self) -> dict[str, float]:
        """All but the bins, by name."""
        return {name: getattr(self, name) for name in METRIC_NAMES}

    def to_dict(self) -> dict[str, Any]:
        """Every number by its name."""
        return {**self.metrics, "bins": [asdict(each) for each in self.bins]}


def log_loss(probabilities: FloatArray, correct: BoolArray) -> float:
    """Mean of ``-log`` of the probability of what is the case, in nats; 0 and 1 count as 1e-6 less or more."""
    clipped = probabilities.clip(1e-6, 1 - 1e-6)
    return float(-np.log(np.where(correct, clipped, 1 - clipped)).mean())


def equal_width_bins(probabilities: FloatArray, correct: BoolArray, bins: int = BINS) -> list[Bin]:
    """Bins of width ``1 / bins``; empty ones are left out."""
    return _binned(probabilities, correct, np.linspace(0, 1, bins + 1))


def equal_mass_bins(probabilities: FloatArray, correct: BoolArray, bins: int = BINS) -> list[Bin]:
    """Bins of equally many relations, as far as equal probabilities, which stay together, allow it."""
    ordered, last = np.sort(probabilities), -(-np.arange(1, bins + 1) * len(probabilities) // bins) - 1
    return _binned(probabilities, correct, np.append(ordered[0], np.unique(ordered[last])))


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error: distance of predicted from observed, as the relations of the bins have it on average.

    Naeini et al.: *Obtaining well calibrated probabilities using Bayesian binning*, AAAI 2015.
    """
    return sum(each.count * abs(each.predicted - each.observed) for each in bins) / sum(each.count for each in bins)


def _binned(probabilities: FloatArray, correct: BoolArray, edges: FloatArray) -> list[Bin]:
    """Bins between ``edges``, each with its upper edge."""
    places = np.digitize(probabilities, edges[1:-1], right=True)
    found = []
    for place in np.unique(places).tolist():
        inside = places == place
        found.append(
            Bin(
                low=float(edges[place]),
                high=float(edges[place + 1]),
                count=int(inside.sum()),
                predicted=float(probabilities[inside].mean()),
                observed=float(correct[inside].mean()),
            )
        )
    return found
