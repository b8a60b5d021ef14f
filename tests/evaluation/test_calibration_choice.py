from __future__ import annotations

import numpy as np
import pytest

from bran.errors import ConfigError, DataError
from bran.evaluation.calibration import Isotonic, Platt, Temperature, log_odds
from bran.evaluation.calibration_choice import LEAST_OF_TYPE, calibrate, fit_calibration
from bran.evaluation.reliability import log_loss
from bran.evaluation.scored import ScoredCandidates


def drawn(truth, *, count: int = 3000, seed: int = 0):
    """Scores, answers that are right with probability ``truth(scores)``, and documents of ten candidates each."""
    generator = np.random.default_rng(seed)
    scores = generator.uniform(0.01, 0.99, count)
    return scores, generator.uniform(size=count) < truth(scores), np.arange(count) // 10


def logistic(slope: float, intercept: float):
    return lambda scores: 1 / (1 + np.exp(-(slope * log_odds(scores) + intercept)))


def test_the_method_that_fits_is_chosen():
    assert isinstance(fit_calibration(*drawn(logistic(0.4, 0))).calibrator, Temperature)
    assert isinstance(fit_calibration(*drawn(logistic(0.5, -1.5))).calibrator, Platt)
    steps = fit_calibration(*drawn(lambda scores: np.where(scores < 0.5, 0.2, 0.7)))
    assert isinstance(steps.calibrator, Isotonic)


def test_of_equal_log_losses_the_simplest_wins():
    # Two answers per score and their mirror image: no intercept helps, and nothing tells the curves apart.
    scores = np.tile([0.25, 0.75], 400)
    correct = np.tile([False] * 3 + [True] + [True] * 3 + [False], 100)
    correct = np.stack([np.tile([False, False, False, True], 100), np.tile([True, True, True, False], 100)], 1).ravel()
    fitted = fit_calibration(scores, correct, np.arange(800) // 8)
    losses = [round(loss, 4) for loss in fitted.log_losses.values()]
    assert losses[0] == losses[1]
    assert isinstance(fitted.calibrator, Temperature)


def test_log_losses_are_those_of_documents_that_were_left_out():
    """Each document has answers of its own: a calibration that had seen it would do better than one that has not."""
    scores, correct, groups = drawn(lambda scores: np.full(len(scores), 0.5), count=60)
    fitted = fit_calibration(scores, correct, groups, method="isotonic")
    assert list(fitted.log_losses) == ["isotonic"]
    assert fitted.log_losses["isotonic"] == log_loss(fitted.probabilities, correct)
    assert fitted.log_losses["isotonic"] > log_loss(fitted.calibrator.probabilities(scores), correct)


def test_a_document_is_left_out_as_a_whole():
    scores, correct, groups = drawn(logistic(0.5, -1), count=200)
    before = fit_calibration(scores, correct, groups, method="platt").probabilities
    turned = np.where(groups == 3, ~correct, correct)
    after = fit_calibration(scores, turned, groups, method="platt").probabilities
    # GroupKFold's parts do not depend on the answers: those of document 3's own part were fitted without it.
    assert np.array_equal(before[groups == 3], after[groups == 3])
    assert not np.array_equal(before, after)


def test_a_part_without_right_relations_is_no_obstacle():
    fitted = fit_calibration(
        np.array([0.9, 0.8, 0.2, 0.1]), np.array([True, False, False, False]), np.array([0, 0, 1, 1])
    )
    assert np.isfinite(fitted.probabilities).all()
    assert ((fitted.probabilities > 0) & (fitted.probabilities < 1)).all()


@pytest.mark.parametrize(
    ("correct", "groups", "counts"),
    [
        ([True, True], [0, 1], "2 of 2 candidates, of 2 documents"),
        ([False, False], [0, 1], "0 of 2 candidates, of 2 documents"),
        ([True, False], [0, 0], "1 of 2 candidates, of 1 document"),
        ([], [], "0 of 0 candidates, of 0 documents"),
    ],
)
def test_nothing_to_tell_apart_is_refused(correct: list, groups: list, counts: str):
    arrays = np.full(len(correct), 0.5), np.array(correct, dtype=bool), np.array(groups, dtype=np.int64)
    with pytest.raises(DataError, match=f"{counts}, are right; expected right and wrong ones, of two documents"):
        fit_calibration(*arrays)


def test_an_unknown_method_is_refused():
    with pytest.raises(ConfigError, match="method 'magic'; expected one of temperature, platt, isotonic"):
        fit_calibration(*drawn(logistic(1, 0)), method="magic")


def several(rare: int) -> ScoredCandidates:
    """Three types: two common ones that need opposite calibrations, and one with ``rare`` right and wrong relations."""
    first, second = drawn(logistic(0.4, -1)), drawn(logistic(2, 1), seed=1)
    third = np.full(2 * rare, 0.5), np.tile([True, False], rare), np.arange(2 * rare)
    columns = [np.concatenate(parts) for parts in zip(first, second, third, strict=True)]
    sizes = [len(part[0]) for part in (first, second, third)]
    return ScoredCandidates(columns[0], columns[1], columns[2], np.repeat([0, 1, 2], sizes))


def test_types_that_are_common_have_a_calibration_of_their_own():
    scored = several(LEAST_OF_TYPE - 1)
    fitted = calibrate(scored, ("a", "b", "c"))
    assert set(fitted.types) == set(fitted.calibration.types) == {"a", "b"}
    own = fitted.calibration.of("a").probabilities(np.array([0.9]))
    assert own[0] == pytest.approx(logistic(0.4, -1)(np.array([0.9]))[0], abs=0.05)
    assert fitted.calibration.of("c") == fitted.default.calibrator
    assert np.array_equal(fitted.probabilities[scored.types == 0], fitted.types["a"].probabilities)
    assert np.array_equal(fitted.probabilities[scored.types == 2], fitted.default.probabilities[scored.types == 2])
    assert "c" in calibrate(several(LEAST_OF_TYPE), ("a", "b", "c")).types


def test_a_single_type_has_the_default():
    scores, correct, documents = drawn(logistic(0.4, -1))
    scored = ScoredCandidates(scores, correct, documents, np.zeros_like(documents))
    assert calibrate(scored, ("CID",)).calibration.types == {}
