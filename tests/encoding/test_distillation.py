from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bran.corpus.document import Document, Pair, Relation
from bran.corpus.schema import Schema, load_schema
from bran.encoding.distillation import DistillationConfig, MixedLabels, SoftenedLabels
from bran.encoding.labels import GoldLabels, Labeller, PairLabels
from tests.builders import documents, several_types_documents, several_types_schema

CDR = load_schema("cdr")
DOCUMENT = documents()[0]
PAIRS = CDR.candidates(DOCUMENT)
"""Velorin with tremor (related) and with pain."""
SCORES = {"11": (Relation("CID", "MESH:C1", "MESH:D1", score=0.6), Relation("CID", "MESH:C1", "MESH:D2", score=0.1))}


def of(labels: Labeller) -> dict[str, tuple[float, float]]:
    """Label and weight of each disease."""
    found = labels(DOCUMENT, PAIRS)
    return {
        pair.tail.id: (pytest.approx(float(value[0])), float(weight))
        for pair, value, weight in zip(PAIRS, found.values, found.weights, strict=True)
    }


def fixed(*rows: list[float]) -> Labeller:
    """Gives these labels to whatever it is asked of."""

    def labels(document: Document, pairs: tuple[Pair, ...]) -> PairLabels:
        return PairLabels(np.array(rows, dtype=np.float32), np.ones(len(rows), dtype=np.float32))

    return labels


def softened(schema: Schema, temperature: float, *rows: list[float]) -> np.ndarray:
    return SoftenedLabels(fixed(*rows), schema, temperature)(DOCUMENT, PAIRS).values


def test_gold_labels_are_drawn_towards_the_teachers() -> None:
    labels = DistillationConfig(gold_share=0.25).annotated(CDR, SCORES, GoldLabels(CDR))
    assert of(labels) == {"MESH:D1": (0.25 + 0.75 * 0.6, 1.0), "MESH:D2": (0.75 * 0.1, 1.0)}


def test_all_gold_and_all_teacher() -> None:
    gold = GoldLabels(CDR)
    assert of(DistillationConfig(gold_share=1).annotated(CDR, SCORES, gold)) == of(gold)
    assert of(DistillationConfig(gold_share=0).annotated(CDR, SCORES, gold)) == {
        "MESH:D1": (0.6, 1.0),
        "MESH:D2": (0.1, 1.0),
    }


def test_the_hypernym_filter_stays_with_the_gold_labels() -> None:
    gold = GoldLabels(CDR, lambda document, pairs: [pair.tail.id == "MESH:D1" for pair in pairs])
    assert of(DistillationConfig(gold_share=0).annotated(CDR, SCORES, gold)) == {
        "MESH:D1": (0.6, 1.0),
        "MESH:D2": (0.1, 0.0),
    }


def test_a_pair_that_no_teacher_scored_keeps_its_gold_label() -> None:
    only = {"11": SCORES["11"][1:]}
    labels = DistillationConfig(gold_share=0.5).annotated(CDR, only, GoldLabels(CDR))
    assert of(labels) == {"MESH:D1": (1.0, 1.0), "MESH:D2": (0.05, 1.0)}
    assert of(DistillationConfig(gold_share=0.5).annotated(CDR, {}, GoldLabels(CDR))) == of(GoldLabels(CDR))


def test_unlabelled_pairs_have_the_teachers_scores_and_a_weight_of_their_own() -> None:
    labels = DistillationConfig(unlabelled_weight=0.3).unlabelled(CDR, {"11": SCORES["11"][:1]})
    assert of(labels) == {"MESH:D1": (0.6, pytest.approx(0.3)), "MESH:D2": (0.0, 0.0)}


def test_a_temperature_divides_the_logits() -> None:
    for schema in (CDR, several_types_schema()):
        (row,) = softened(schema, 2.0, [0.9] + [0.0] * (len(schema.labels) - 1))
        assert row[0] == pytest.approx(1 / (1 + math.exp(-math.log(9) / 2)))
    config = DistillationConfig(temperature=2.0, gold_share=0)
    assert of(config.annotated(CDR, SCORES, GoldLabels(CDR)))["MESH:D1"] == (1 / (1 + math.sqrt(0.4 / 0.6)), 1.0)


def test_types_that_exclude_each_other_are_softened_together() -> None:
    (row,) = softened(several_types_schema(exclusive=True), 2.0, [0.64, 0.04, 0.0, 0.0])
    odds = np.sqrt([0.64, 0.04, 0.0, 0.0, 0.32])
    assert row == pytest.approx((odds / odds.sum())[:4], abs=1e-6)
    (row,) = softened(several_types_schema(), 2.0, [0.64, 0.04, 0.0, 0.0])
    assert row[1] == pytest.approx(0.2 / (0.2 + math.sqrt(0.96)), abs=1e-6)


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.floats(0.1, 20), st.booleans())
def test_softened_labels_are_labels(scores: list[float], temperature: float, exclusive: bool) -> None:
    row = np.array(scores)
    if exclusive:
        row /= max(1.0, row.sum())
    (found,) = softened(several_types_schema(exclusive=exclusive), temperature, row.tolist())
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found <= 1).all()
    if exclusive:
        assert found.sum() <= 1 + 1e-5


@given(st.floats(0, 1))
def test_mixed_labels_lie_between_both(share: float) -> None:
    schema = several_types_schema()
    document = several_types_documents()[0]
    pairs = schema.candidates(document)
    rows = [[0.4] * len(schema.labels)] * len(pairs)
    gold = GoldLabels(schema)
    mixed = MixedLabels(gold, fixed(*rows), share=share)(document, pairs)
    low, high = np.minimum(gold(document, pairs).values, 0.4), np.maximum(gold(document, pairs).values, 0.4)
    assert ((mixed.values >= low - 1e-6) & (mixed.values <= high + 1e-6)).all()
    assert mixed.values.dtype == np.float32


def test_a_document_without_pairs() -> None:
    labels = DistillationConfig(temperature=3).annotated(CDR, SCORES, GoldLabels(CDR))
    found = labels(documents()[0].with_mentions(()), ())
    assert found.values.shape == (0, 1)
    assert found.weights.shape == (0,)
