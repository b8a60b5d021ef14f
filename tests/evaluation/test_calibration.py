from __future__ import annotations

import numpy as np
import pytest

from bran.config import parse_config
from bran.errors import ConfigError
from bran.evaluation.calibration import (
    METHODS,
    Calibration,
    Isotonic,
    Platt,
    Temperature,
    fit_isotonic,
    fit_platt,
    fit_temperature,
    log_odds,
)


def drawn(slope: float, intercept: float, count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and answers that are right as often as the logistic curve over their log-odds says."""
    generator = np.random.default_rng(7)
    scores = generator.uniform(0.01, 0.99, count)
    return scores, generator.uniform(size=count) < 1 / (1 + np.exp(-(slope * log_odds(scores) + intercept)))


def test_log_odds_by_hand():
    assert log_odds(np.array([0.5, 0.75, 0.2])).tolist() == pytest.approx([0, np.log(3), -np.log(4)])
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()


def test_a_temperature_by_hand():
    found = Temperature(temperature=2).probabilities(np.array([0.5, 0.9, 0.1]))
    assert found.tolist() == pytest.approx([0.5, 0.75, 0.25])  # log-odds of 0.9 are log 9, half of them log 3


def test_a_logistic_curve_by_hand():
    found = Platt(slope=1, intercept=np.log(3)).probabilities(np.array([0.5, 0.25]))
    assert found.tolist() == pytest.approx([0.75, 0.5])


def test_a_line_is_straight_between_its_corners_and_level_beyond():
    line = Isotonic(scores=(0.2, 0.4), values=(0.1, 0.3))
    assert line.probabilities(np.array([0.0, 0.2, 0.3, 0.4, 1.0])).tolist() == pytest.approx([0.1, 0.1, 0.2, 0.3, 0.3])


def test_a_known_miscalibration_is_found():
    fitted = fit_platt(*drawn(0.5, -1.0))
    assert (fitted.slope, fitted.intercept) == pytest.approx((0.5, -1.0), abs=0.05)
    assert fit_temperature(*drawn(0.4, 0.0)).temperature == pytest.approx(2.5, abs=0.15)


@pytest.mark.parametrize("method", METHODS)
def test_calibrated_scores_stay_as_they_are(method: str):
    fitted = METHODS[method](*drawn(1.0, 0.0))
    grid = np.linspace(0.05, 0.95, 19)
    assert np.abs(fitted.probabilities(grid) - grid).mean() < 0.02


def test_scores_that_fall_where_they_should_rise_get_one_probability():
    scores = np.array([0.1, 0.2, 0.8, 0.9])
    correct = np.array([True, True, False, False])
    assert fit_platt(scores, correct).probabilities(scores).tolist() == pytest.approx([0.5] * 4)
    assert fit_isotonic(scores, correct).probabilities(scores).tolist() == pytest.approx([0.5] * 4)
    assert fit_temperature(scores, correct).temperature == pytest.approx(100)


def test_the_ends_of_a_line_keep_from_certainty():
    scores = np.linspace(0.1, 0.9, 8)
    line = fit_isotonic(scores, scores > 0.5)
    assert (line.values[0], line.values[-1]) == pytest.approx((1 / 6, 5 / 6))


def test_a_line_of_many_candidates_has_few_corners():
    assert len(fit_isotonic(*drawn(0.7, -0.5)).scores) < 150


def test_types_have_their_own_calibration_or_the_default():
    calibration = Calibration(default=Temperature(temperature=1), types={"b": Temperature(temperature=2)})
    found = calibration.probabilities(np.array([[0.9, 0.9], [0.1, 0.5]]), ("a", "b"))
    assert found.tolist() == [pytest.approx([0.9, 0.75]), pytest.approx([0.1, 0.5])]


def test_no_pairs_no_probabilities():
    calibration = Calibration(default=Temperature(temperature=1))
    assert calibration.probabilities(np.empty((0, 2)), ("a", "b")).shape == (0, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"kind": "magic"}, "magic"),
        ({"temperature": 1}, r"'default\.kind' is missing"),
        ({"kind": "temperature", "temperature": 0}, "greater than 0"),
        ({"kind": "temperature", "temperature": float("inf")}, "finite"),
        ({"kind": "platt", "slope": -1, "intercept": 0}, "greater than or equal to 0"),
        ({"kind": "platt", "slope": 1, "intercept": float("nan")}, "finite"),
        ({"kind": "isotonic", "scores": [], "values": []}, "at least 1"),
        ({"kind": "isotonic", "scores": [0.1], "values": [0.1, 0.2]}, "1 score and 2 values"),
        ({"kind": "isotonic", "scores": [0.2, 0.1], "values": [0.1, 0.2]}, "ascending"),
        ({"kind": "isotonic", "scores": [0.1, 0.2], "values": [0.2, 0.1]}, "ascending"),
        ({"kind": "isotonic", "scores": [0.1, 0.2], "values": [0.2, 1.0]}, "less than 1"),
    ],
)
def test_what_is_no_calibration_is_refused(content: dict, message: str):
    with pytest.raises(ConfigError, match=message) as caught:
        parse_config(Calibration, {"default": content}, source="model.json")
    assert "\n" not in str(caught.value)
