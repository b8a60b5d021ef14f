from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from bran.evaluation.reliability import Reliability, calibration_error, equal_mass_bins, equal_width_bins, log_loss

PROBABILITIES = np.array([0.1, 0.1, 0.3, 0.9, 0.9])
CORRECT = np.array([False, True, False, True, True])


def drawn(count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    probabilities = generator.beta(0.5, 1.5, count)
    return probabilities, generator.uniform(size=count) < probabilities


def test_measures_by_hand():
    found = Reliability.of(PROBABILITIES, CORRECT)
    assert found.brier == pytest.approx((0.01 + 0.81 + 0.09 + 0.01 + 0.01) / 5)
    assert found.log_loss == pytest.approx(-(3 * np.log(0.9) + np.log(0.1) + np.log(0.7)) / 5)
    assert found.ece_width == pytest.approx((2 * 0.4 + 0.3 + 2 * 0.1) / 5)
    assert [(each.count, each.predicted, each.observed) for each in found.bins] == [
        (2, pytest.approx(0.1), 0.5),
        (1, pytest.approx(0.3), 0.0),
        (2, pytest.approx(0.9), 1.0),
    ]
    assert [(each.low, each.high) for each in found.bins] == [
        pytest.approx(edges) for edges in ((0, 0.1), (0.2, 0.3), (0.8, 0.9))
    ]


def test_measures_are_those_of_scikit_learn():
    probabilities, correct = drawn()
    found = Reliability.of(probabilities, correct)
    assert found.log_loss == pytest.approx(metrics.log_loss(correct, probabilities.clip(1e-6, 1 - 1e-6)))
    assert found.brier == pytest.approx(metrics.brier_score_loss(correct, probabilities))
    observed, predicted = calibration_curve(correct, probabilities, n_bins=10)
    assert [each.observed for each in found.bins] == pytest.approx(observed.tolist())
    assert [each.predicted for each in found.bins] == pytest.approx(predicted.tolist())


def test_bins_of_equal_mass_hold_equally_many():
    probabilities, correct = drawn()
    bins = equal_mass_bins(probabilities, correct)
    assert [each.count for each in bins] == [400] * 10
    assert [each.high for each in bins[:-1]] == [each.low for each in bins[1:]]


def test_equal_probabilities_stay_together():
    bins = equal_mass_bins(np.array([0.2] * 90 + [0.4] * 10), np.array([True] * 20 + [False] * 80))
    assert sorted((each.count, each.observed) for each in bins) == [(10, 0.0), (90, pytest.approx(20 / 90))]


def test_one_probability_is_one_bin():
    same = np.full(7, 0.25)
    correct = np.arange(7) < 2
    for bins in (equal_mass_bins(same, correct), equal_width_bins(same, correct)):
        assert [(each.count, each.observed) for each in bins] == [(7, pytest.approx(2 / 7))]
    assert calibration_error(equal_mass_bins(same, correct)) == pytest.approx(2 / 7 - 0.25)


def test_both_ends_of_the_scale_are_counted():
    found = Reliability.of(np.array([0.0, 1.0, 1.0]), np.array([False, True, False]))
    assert [each.count for each in found.bins] == [1, 2]
    assert np.isfinite(found.log_loss)


def test_certain_and_wrong_is_finite():
    assert log_loss(np.array([1.0]), np.array([False])) == pytest.approx(-np.log(1e-6))


def test_true_probabilities_have_a_small_error():
    found = Reliability.of(*drawn())
    assert found.ece_width < 0.02
    assert found.ece_mass < 0.03


def test_every_number_has_its_name():
    found = Reliability.of(PROBABILITIES, CORRECT)
    assert set(found.metrics) == {"log_loss", "brier", "ece_width", "ece_mass"}
    data = found.to_dict()
    assert data["brier"] == found.brier
    assert data["bins"][0] == {"low": 0.0, "high": 0.1, "count": 2, "predicted": 0.1, "observed": 0.5}
