from __future__ import annotations

import json

import pytest

from bran.corpus.document import Relation
from bran.corpus.schema import RelationType, Schema
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.report import evaluate


def test_scores_by_hand(gold, predictions):
    cards = evaluate(gold, predictions, resamples=0).cards
    expected = {
        "raw": {"micro": (1 / 2, 1 / 2, 1 / 2), "intra": (1, 1 / 3, 1 / 2), "inter": (1 / 3, 1, 1 / 2)},
        "filtered": {"micro": (2 / 3, 1 / 2, 4 / 7), "intra": (1, 1 / 3, 1 / 2), "inter": (1 / 2, 1, 2 / 3)},
    }
    for protocol, slices in expected.items():
        for name, scores in slices.items():
            found = [cards[protocol].score(name, metric) for metric in ("precision", "recall", "f1")]
            assert found == pytest.approx(scores)


def test_rows_and_markdown(gold, predictions):
    report = evaluate(gold, predictions, resamples=0)
    assert report.header == ["slice", "gold", "raw P", "raw R", "raw F1", "filtered P", "filtered R", "filtered F1"]
    assert report.rows == [
        ["micro", "4", "50.0", "50.0", "50.0", "66.7", "50.0", "57.1"],
        ["intra", "3", "100.0", "33.3", "50.0", "100.0", "33.3", "50.0"],
        ["inter", "1", "33.3", "100.0", "50.0", "50.0", "100.0", "66.7"],
    ]
    lines = report.to_markdown().splitlines()
    assert lines[2] == "| micro | 4 | 50.0 | 50.0 | 50.0 | 66.7 | 50.0 | 57.1 |"
    assert lines[-2:] == [f"- `{signature}`" for signature in report.signatures]


def test_intervals_are_shown_and_seeded(gold, predictions):
    report = evaluate(gold, predictions, resamples=100, seed=1)
    low, high = report.cards["raw"].to_dict()["slices"]["micro"]["interval"]["f1"]
    assert 0 <= low <= 0.5 <= high <= 1
    assert report.rows[0][4] == f"50.0 ({100 * low:.1f}–{100 * high:.1f})"
    assert report.header[4] == "raw F1 (95 %)"
    assert evaluate(gold, predictions, resamples=100, seed=1).to_dict() == report.to_dict()


def test_json_holds_counts_scores_and_signatures(gold, predictions):
    data = json.loads(json.dumps(evaluate(gold, predictions, resamples=0).to_dict()))
    filtered = data["protocols"]["filtered"]
    assert filtered["slices"]["micro"] == pytest.approx(
        {"tp": 2, "fp": 1, "fn": 2, "precision": 2 / 3, "recall": 0.5, "f1": 4 / 7}
    )
    assert "tp" not in filtered["slices"]["macro"]
    assert filtered["signature"].startswith("corpus:")
    assert filtered["relations"] == 4
    assert data["oddities"]["silent_documents"] == 0


def test_several_types_have_rows_of_their_own(documents, schema):
    pairs = (("Chemical", "Disease"),)
    two = Schema(
        name="two",
        entity_types=schema.entity_types,
        relation_types={"CID": RelationType(pairs=pairs), "treats": RelationType(pairs=pairs)},
    )
    predictions = Predictions(
        "x", {"1": (Relation("CID", "MESH:C1", "MESH:D2"), Relation("treats", "MESH:C1", "MESH:D1"))}
    )
    report = evaluate(GoldStandard(documents, two), predictions, resamples=0)
    assert [row[:2] for row in report.rows] == [
        ["micro", "4"],
        ["macro", ""],
        ["intra", "3"],
        ["inter", "1"],
        ["type:CID", "4"],
        ["type:treats", "0"],
    ]
    assert report.cards["raw"].score("type:CID") == pytest.approx(2 / 5)
    assert report.cards["raw"].score("macro") == pytest.approx(1 / 5)


def test_counts_per_document_add_up(gold, predictions):
    report = evaluate(gold, predictions, resamples=0)
    rows = list(report.count_rows())
    assert len(rows) == 2 * 2 * 2
    assert ("filtered", "1", "CID", "inter", 1, 0, 0) in rows
    total = report.cards["raw"].totals["micro"]
    assert [sum(row[i] for row in rows if row[0] == "raw") for i in (4, 5, 6)] == list(total.values())
