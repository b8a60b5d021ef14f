"""What holds of calibrations whatever they were fitted on, and of the thresholds that have names."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bran.config import parse_config
from bran.evaluation.calibration import METHODS, Calibration, log_odds
from bran.evaluation.calibration_choice import fit_calibration
from bran.evaluation.reliability import Reliability, calibration_error, equal_mass_bins, equal_width_bins
from bran.evaluation.thresholds import LEAST_KEPT, PRECISIONS, Curve, precision_thresholds

SCORES = st.floats(0, 1, width=32)
LABELLED = st.lists(st.tuples(SCORES, st.booleans()), min_size=2, max_size=40)
GRID = st.lists(SCORES, min_size=2, max_size=40)
METHOD = st.sampled_from(list(METHODS))


def columns(labelled: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    scores, correct = (np.array(column) for column in zip(*labelled, strict=True))
    assume(correct.any() and not correct.all())
    return scores, correct


@given(LABELLED, GRID, METHOD)
@settings(max_examples=40, deadline=None)
def test_order_never_turns_and_nothing_is_certain(labelled: list, grid: list[float], method: str) -> None:
    fitted = METHODS[method](*columns(labelled))
    found = fitted.probabilities(np.sort(np.array(grid)))
    assert (np.diff(found) >= 0).all()
    assert ((found > 0) & (found < 1)).all()


@given(LABELLED, GRID, METHOD)
@settings(max_examples=40, deadline=None)
def test_a_calibration_survives_json(labelled: list, grid: list[float], method: str) -> None:
    calibration = Calibration(default=METHODS[method](*columns(labelled)))
    text = json.dumps(calibration.model_dump(mode="json"))
    again = parse_config(Calibration, json.loads(text), source="text")
    assert again == calibration
    scores = np.array(grid)[:, None]
    assert np.array_equal(again.probabilities(scores, ("a",)), calibration.probabilities(scores, ("a",)))


@given(LABELLED, METHOD)
@settings(max_examples=40, deadline=None)
def test_fitting_lowers_the_log_loss_of_what_was_fitted(labelled: list, method: str) -> None:
    """The identity is among the logistic curves, and a level line among the monotone ones."""
    scores, correct = columns(labelled)
    share = np.full(len(correct), correct.mean())
    found = METHODS[method](scores, correct).probabilities(scores)
    before = scores if method != "isotonic" else share
    measure = "brier" if method == "isotonic" else "log_loss"
    after, limit = (getattr(Reliability.of(values, correct), measure) for values in (found, before))
    slack = 0.03 if method == "isotonic" else 1e-3  # the ends of a line keep from 0 and 1
    assert after <= limit + slack


@given(st.floats(0.3, 3), st.floats(-2, 2), st.integers(0, 2**16))
@settings(max_examples=10, deadline=None)
def test_a_known_miscalibration_is_undone(slope: float, intercept: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    scores = generator.uniform(0.01, 0.99, 16000)
    truth = 1 / (1 + np.exp(-(slope * log_odds(scores) + intercept)))
    fitted = fit_calibration(scores, generator.uniform(size=16000) < truth, np.arange(16000) // 8)
    assert np.abs(fitted.calibrator.probabilities(scores) - truth).mean() < 0.03
    assert Reliability.of(fitted.probabilities, generator.uniform(size=16000) < truth).ece_mass < 0.05


@given(st.integers(0, 2**16), METHOD)
@settings(max_examples=10, deadline=None)
def test_true_probabilities_stay_true(seed: int, method: str) -> None:
    generator = np.random.default_rng(seed)
    scores = generator.uniform(0.01, 0.99, 16000)
    correct = generator.uniform(size=16000) < scores
    fitted = fit_calibration(scores, correct, np.arange(16000) // 8, method=method)
    assert np.abs(fitted.calibrator.probabilities(scores) - scores).mean() < 0.03
    assert Reliability.of(fitted.probabilities, correct).ece_width < 0.05


@given(LABELLED, st.integers(1, 12))
@settings(deadline=None)
def test_bins_hold_everything_once(labelled: list, bins: int) -> None:
    probabilities, correct = (np.array(column) for column in zip(*labelled, strict=True))
    for made in (equal_width_bins(probabilities, correct, bins), equal_mass_bins(probabilities, correct, bins)):
        assert sum(each.count for each in made) == len(correct)
        assert sum(each.count * each.observed for each in made) == pytest.approx(correct.sum())
        assert all(each.low - 1e-12 <= each.predicted <= each.high + 1e-12 for each in made)
        assert 0 <= calibration_error(made) <= 1


@given(st.lists(st.booleans(), min_size=1, max_size=80), st.integers(0, 5))
def test_a_name_keeps_its_promise_and_higher_ones_keep_less(right: list[bool], missed: int) -> None:
    tp, kept = np.cumsum(right), np.arange(1, len(right) + 1)
    relations = int(tp[-1]) + missed
    assume(relations)
    curve = Curve(np.linspace(0.9, 0.1, len(right)), np.stack([tp, kept - tp, relations - tp], axis=-1))
    found = precision_thresholds(curve)
    for name, threshold in found.items():
        inside = int((curve.thresholds >= threshold.value).sum())
        assert inside >= LEAST_KEPT
        assert tp[inside - 1] / inside == threshold.precision >= int(name[1:]) / 100
    values = [threshold.value for threshold in found.values()]
    assert values == sorted(values)
    # A precision that is reached has every lower one reached.
    assert list(found) == [f"p{percent}" for percent in PRECISIONS][: len(found)]
