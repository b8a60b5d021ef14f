from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, DataError
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.report import evaluate
from bran.evaluation.thresholds import (
    Threshold,
    best_threshold,
    expected_threshold,
    named_thresholds,
    parse_threshold,
    score_curve,
)


@pytest.fixture
def scored(make_predictions):
    # gold: 1: D1, D2, D4; 2: D4. D3 of document 1 is a hypernym of D2.
    return make_predictions({"1": {"D2": 0.9, "D3": 0.8, "D4": 0.6, "D1": 0.2}, "2": {"D1": 0.6, "D4": 0.4}})


def test_the_curve_by_hand(gold, scored):
    curve = score_curve(gold, scored, protocol="raw")
    assert curve.thresholds.tolist() == [0.9, 0.8, 0.6, 0.4, 0.2]
    assert curve.counts.tolist() == [[1, 0, 3], [1, 1, 3], [2, 2, 2], [3, 2, 1], [4, 2, 0]]
    assert curve.average_precision == pytest.approx((1 + 2 / 4 + 3 / 5 + 4 / 6) / 4)


def test_the_filtered_curve_has_no_hypernyms(gold, scored):
    curve = score_curve(gold, scored)
    assert curve.thresholds.tolist() == [0.9, 0.6, 0.4, 0.2]
    assert curve.counts.tolist() == [[1, 0, 3], [2, 1, 2], [3, 1, 1], [4, 1, 0]]


def test_every_point_is_what_evaluation_says(gold, scored):
    for protocol in gold.protocols:
        curve = score_curve(gold, scored, protocol=protocol)
        for threshold, expected in zip(curve.thresholds, curve.counts.tolist(), strict=True):
            counts = gold.count(scored.keep(float(threshold), gold.schema))[protocol]
            assert counts.totals.sum(axis=(0, 1)).tolist() == expected


def test_the_best_threshold_lies_midway(gold, make_predictions):
    scored = make_predictions({"1": {"D2": 0.9, "D4": 0.7, "D1": 0.6, "D3": 0.2}, "2": {"D4": 0.5, "D1": 0.3}})
    best = best_threshold(score_curve(gold, scored, protocol="raw"))
    assert best.value == pytest.approx(0.4)
    assert (best.precision, best.recall, best.f1) == (1, 1, 1)


def test_a_threshold_that_keeps_all_lies_midway_to_zero(gold, make_predictions):
    best = best_threshold(score_curve(gold, make_predictions({"1": {"D2": 0.9, "D4": 0.5}})))
    assert best.value == pytest.approx(0.25)
    assert best.recall == 0.5


def test_of_equal_f1_the_highest_threshold_is_taken(make_document, schema, make_predictions):
    # F1 is 2/3 with one kept (1/1, 1/2), and with four kept (2/4, 2/2)
    gold = GoldStandard([make_document("1", "Zorvapine, tremor, hepatitis, fever.", "", "D1", "D2")], schema)
    scored = make_predictions({"1": {"D1": 0.9, "D3": 0.8, "D4": 0.7, "D2": 0.6}})
    assert best_threshold(score_curve(gold, scored, protocol="raw")).value == pytest.approx(0.85)


def test_tied_scores_stay_together(gold, make_predictions):
    curve = score_curve(gold, make_predictions({"1": {"D2": 0.5, "D3": 0.5, "D4": 0.5}}), protocol="raw")
    assert curve.counts.tolist() == [[2, 1, 2]]


def test_neighbouring_floats_are_told_apart(gold, make_predictions):
    above = math.nextafter(0.5, 1)
    curve = score_curve(gold, make_predictions({"1": {"D2": above, "D3": 0.5}}), protocol="raw")
    assert best_threshold(curve).value == above


def test_relations_that_were_no_candidate_lower_recall(gold, make_predictions):
    curve = score_curve(gold, make_predictions({"1": {"D2": 0.9}}))
    assert curve.scores[-1].tolist() == pytest.approx([1, 0.25, 0.4])
    assert curve.average_precision == pytest.approx(0.25)


def test_no_scored_relation_is_refused(gold, make_predictions):
    with pytest.raises(DataError, match="no scored relation"):
        score_curve(gold, make_predictions({"9": {"D1": 0.3}}))


def test_missing_scores_are_refused(gold, make_predictions):
    with pytest.raises(DataError, match="has no score"):
        score_curve(gold, make_predictions({"1": ["D1"]}))


def test_an_unknown_protocol_is_refused(documents, schema, scored):
    with pytest.raises(ConfigError, match="'filtered'; expected one of raw"):
        score_curve(GoldStandard(documents, schema), scored)


def one_candidate_each(scores, right):
    """Gold and predictions of as many documents, each with one candidate."""
    mentions = (Mention(0, 4, "Chemical", ("MESH:C1",)), Mention(9, 13, "Disease", ("MESH:D1",)))
    relation = Relation("CID", "MESH:C1", "MESH:D1")
    gold = [
        Document(f"{number}", (Passage("title", f"Drug and harm {number}."),), mentions, (relation,) if holds else ())
        for number, holds in enumerate(right)
    ]
    found = {f"{number}": (replace(relation, score=float(score)),) for number, score in enumerate(scores)}
    return GoldStandard(gold, load_schema("cdr")), Predictions("system", found)


def test_the_expected_threshold_is_half_the_f1_where_scores_are_probabilities():
    # Lipton, Elkan, Naryanaswamy: Optimal thresholding of classifiers to maximize F1 measure, 2014.
    generator = np.random.default_rng(0)
    scores = generator.uniform(0.01, 0.99, 4000)
    gold, predictions = one_candidate_each(scores, generator.uniform(size=4000) < scores)
    threshold = expected_threshold(gold, predictions, protocol="raw")
    assert threshold.value == pytest.approx(threshold.f1 / 2, abs=0.02)


def test_the_expected_threshold_scores_what_keeping_at_it_scores():
    generator = np.random.default_rng(1)
    scores = generator.uniform(0.01, 0.99, 60).round(1)
    gold, predictions = one_candidate_each(scores, generator.uniform(size=60) < scores)
    threshold = expected_threshold(gold, predictions, protocol="raw")
    report = evaluate(gold, predictions.keep(threshold.value, gold.schema), resamples=0)
    assert threshold.f1 == pytest.approx(report.cards["raw"].score())


def test_one_wrong_relation_at_the_top_moves_the_expected_threshold_little():
    scores = np.linspace(0.02, 0.98, 49)
    right = scores > 0.5
    right[::7] = ~right[::7]
    clean = expected_threshold(*one_candidate_each(scores, right), protocol="raw")
    right[-2] = False
    noisy = expected_threshold(*one_candidate_each(scores, right), protocol="raw")
    assert abs(clean.value - noisy.value) < 0.1


@pytest.mark.parametrize("right", [[True, True], [False, False]])
def test_relations_that_are_all_alike_have_no_expected_threshold(right):
    with pytest.raises(DataError, match="expected right and wrong ones"):
        expected_threshold(*one_candidate_each([0.2, 0.4], right), protocol="raw")


def test_thresholds_by_name():
    scores = np.linspace(0.995, 0.005, 100)
    right = np.arange(100) < 30  # the upper 30 are right, and of the 70 below them every fifth
    right[30::5] = True
    gold, predictions = one_candidate_each(scores, right)
    named = named_thresholds(gold, predictions, protocol="raw")
    assert list(named) == ["best-f1", "p50", "p60", "p70", "p80", "p90", "p95"]
    assert named["best-f1"] == expected_threshold(gold, predictions, protocol="raw")
    assert named["p95"].value == pytest.approx(0.68)  # 31 of 32 are right, and 31 of 33 are not enough
    assert (named["p95"].precision, named["p95"].recall) == (31 / 32, 31 / 44)
    for name, percent in (("p50", 50), ("p80", 80), ("p90", 90)):
        card = evaluate(gold, predictions.keep(named[name].value, gold.schema), resamples=0).cards["raw"]
        assert card.score(metric="precision") == named[name].precision >= percent / 100
        assert card.score(metric="recall") == named[name].recall


def test_a_precision_that_was_seen_on_few_relations_has_no_name():
    scores = np.linspace(0.99, 0.01, 60)
    named = named_thresholds(*one_candidate_each(scores, np.arange(60) < 10), protocol="raw")
    assert list(named) == ["best-f1", "p50"]  # the upper ten are all right; of the upper twenty, ten


NAMED = {
    "best-f1": Threshold(value=0.25, precision=0.5, recall=0.7, f1=0.6),
    "p80": Threshold(value=0.875, precision=0.8, recall=0.2, f1=0.3),
}


@pytest.mark.parametrize(
    ("text", "value"), [("best-f1", 0.25), ("p80", 0.875), ("0.35", 0.35), ("0", 0.0), ("1", 1.0), ("1e-3", 0.001)]
)
def test_a_threshold_is_a_name_or_a_number(text, value):
    assert parse_threshold(text, NAMED) == value


@pytest.mark.parametrize("text", ["p95", "P80", "best", "", "1.5", "-0.1", "nan", "inf", "80%"])
def test_what_is_neither_is_refused_with_a_list_of_names(text):
    with pytest.raises(ConfigError) as caught:
        parse_threshold(text, NAMED)
    expected = "expected a number from 0 to 1 or one of best-f1 (0.25), p80 (0.875)"
    assert str(caught.value) == f"threshold {text!r}: {expected}"


def test_without_names_only_numbers_are_thresholds():
    with pytest.raises(ConfigError, match=r"'p80': expected a number from 0 to 1 \(no thresholds have names here\)"):
        parse_threshold("p80", {})
