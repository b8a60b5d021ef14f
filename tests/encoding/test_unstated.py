"""What pairs are taken for of which nothing is stated."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from bran.corpus.document import Document, Pair
from bran.encoding.labels import Labeller, PairLabels, weighted
from bran.encoding.unstated import NegativeConfig, PositiveUnlabelledConfig, TeacherConfig, Unstated
from tests.builders import documents

DOCUMENT = documents()[0]
VALUES = np.array([[1, 0], [0, 0], [0, 0]], dtype=np.float32)
WEIGHTS = np.array([1, 1, 0], dtype=np.float32)
SCORES = np.array([[0.6, 0.25], [0.5, 0.125], [0.75, 0]], dtype=np.float32)


def fixed(values: np.ndarray, weights: np.ndarray) -> Labeller:
    return lambda document, pairs: PairLabels(values, weights)


def labels(config: Unstated, *, scored: tuple[int, ...] = (1, 1, 1)) -> PairLabels:
    """Three pairs: the first one stated, the last one left out by a filter; all of them scored by a teacher."""
    taught: dict[str, Labeller] = {"runs/teacher": fixed(SCORES, np.array(scored, dtype=np.float32))}
    return config.labels(fixed(VALUES, WEIGHTS), taught.__getitem__)(DOCUMENT, ())


def test_a_negative_may_be_light_and_what_is_stated_keeps_its_weight():
    light = labels(NegativeConfig(weight=0.25))
    assert light.weights.tolist() == [1, 0.25, 0]
    assert light.values is VALUES
    assert light.recall == 1
    assert labels(NegativeConfig()).weights.tolist() == WEIGHTS.tolist()
    assert labels(NegativeConfig(weight=0)).weights.tolist() == [1, 0, 0]


def test_unlabelled_pairs_are_left_to_the_loss():
    unlabelled = labels(PositiveUnlabelledConfig(recall=0.5))
    assert unlabelled.recall == 0.5
    assert unlabelled.values is VALUES
    assert unlabelled.weights is WEIGHTS


def test_a_teacher_says_of_the_rest_what_it_scores():
    taught = labels(TeacherConfig(model="runs/teacher"))
    assert taught.values.tolist() == [[1, 0.25], [0.5, 0.125], [0.75, 0]]
    assert taught.weights.tolist() == WEIGHTS.tolist()
    assert taught.values.dtype == taught.weights.dtype == np.float32


def test_of_types_that_exclude_each_other_a_teacher_adds_none_to_what_is_stated():
    taught = fixed(SCORES, np.ones(3, dtype=np.float32))
    alone = TeacherConfig(model="t").labels(fixed(VALUES, WEIGHTS), lambda _: taught, exclusive=True)(DOCUMENT, ())
    assert alone.values.tolist() == [[1, 0], [0.5, 0.125], [0.75, 0]]


def test_a_teacher_may_be_heard_of_what_is_stated_too():
    taught = labels(TeacherConfig(model="runs/teacher", trust=0.5))
    np.testing.assert_allclose(taught.values[0], [0.8, 0.25])
    np.testing.assert_allclose(labels(TeacherConfig(model="runs/teacher", trust=0)).values, SCORES)


def test_what_a_teacher_has_not_scored_is_stated_or_left_out():
    taught = labels(TeacherConfig(model="runs/teacher", trust=0.5), scored=(0, 0, 1))
    assert taught.weights.tolist() == [1, 0, 0]
    assert taught.values[0, 0] == 1


def test_weights_may_all_be_lower():
    lighter = weighted(fixed(VALUES, WEIGHTS), 0.5)(DOCUMENT, ())
    assert lighter.weights.tolist() == [0.5, 0.5, 0]
    assert lighter.weights.dtype == np.float32


def test_without_pairs_there_is_nothing_to_treat():
    def none(document: Document, pairs: tuple[Pair, ...]) -> PairLabels:
        return PairLabels(np.zeros((0, 2), dtype=np.float32), np.zeros(0, dtype=np.float32))

    for config in (NegativeConfig(weight=0.5), PositiveUnlabelledConfig(recall=0.5), TeacherConfig(model="m")):
        treated = config.labels(none, lambda model: none)(DOCUMENT, ())
        assert (treated.values.shape, treated.weights.shape) == ((0, 2), (0,))


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "negative", "weight": 1.5},
        {"kind": "negative", "weight": -0.5},
        {"kind": "positive_unlabelled"},
        {"kind": "positive_unlabelled", "recall": 0},
        {"kind": "positive_unlabelled", "recall": 1},
        {"kind": "teacher"},
        {"kind": "teacher", "model": "runs/teacher", "trust": 2},
        {"kind": "unknown"},
    ],
)
def test_shares_are_shares(data: dict[str, object]):
    with pytest.raises(ValidationError):
        TypeAdapter(Unstated).validate_python(data)
