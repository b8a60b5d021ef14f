from __future__ import annotations

import json

import numpy as np
import pytest

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.schema import load_schema
from bran.evaluation.calibration import Calibration, log_odds
from bran.evaluation.calibration_report import CalibrationReport
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.reliability import Reliability

MENTIONS = tuple(
    Mention(3 * number, 3 * number + 2, type_, (f"MESH:{type_[0]}{number}",))
    for number, type_ in enumerate(["Chemical", "Chemical", *["Disease"] * 4])
)


def sample(documents: int = 200) -> tuple[GoldStandard, Predictions]:
    """Eight candidates a document, right as often as a curve says that is flatter and lower than their scores."""
    generator = np.random.default_rng(11)
    gold, found = [], {}
    for number in range(documents):
        pairs = [(head, tail) for head in MENTIONS[:2] for tail in MENTIONS[2:]]
        scores = generator.uniform(0.01, 0.99, len(pairs))
        right = generator.uniform(size=len(pairs)) < 1 / (1 + np.exp(1 - 0.5 * log_odds(scores)))
        relations = [
            Relation("CID", head.concepts[0], tail.concepts[0], score=float(score))
            for (head, tail), score in zip(pairs, scores, strict=True)
        ]
        passages = (Passage("title", f"aa bb cc dd ee ff {number}"),)
        answers = tuple(relation for relation, holds in zip(relations, right, strict=True) if holds)
        gold.append(Document(str(number), passages, MENTIONS, answers))
        found[str(number)] = tuple(relations)
    return GoldStandard(gold, load_schema("cdr"), split="sample"), Predictions("system", found, config="c0ffee", seed=3)


@pytest.fixture(scope="module")
def report() -> CalibrationReport:
    return CalibrationReport.of(*sample(), protocol="raw")


def test_probabilities_are_truer_than_scores(report: CalibrationReport):
    assert report.candidates == 1600
    assert report.correct == sum(len(document.relations) for document in sample()[0].documents)
    assert report.methods == {"default": "platt"}
    assert report.after.log_loss < report.before.log_loss - 0.1
    assert report.after.ece_width < 0.05 < 0.15 < report.before.ece_width
    assert report.after.ece_mass < 0.05 < 0.15 < report.before.ece_mass


def test_after_is_measured_on_documents_that_were_left_out(report: CalibrationReport):
    gold, predictions = sample()
    scores, correct = [], []
    for document in gold.documents:
        for relation in predictions.relations[document.id]:
            scores.append(relation.score)
            correct.append(document.key(relation) in document.relations)
    seen = Reliability.of(
        report.fitted.calibration.default.probabilities(np.array(scores)), np.array(correct, dtype=bool)
    )
    assert seen.log_loss < report.after.log_loss


def test_everything_is_told_with_its_signature(report: CalibrationReport):
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert Calibration.model_validate(data["calibration"]) == report.fitted.calibration
    assert set(data["log_losses"]["default"]) == {"temperature", "platt", "isotonic"}
    assert sum(each["count"] for each in data["before"]["bins"]) == 1600
    assert data["thresholds"]["best-f1"]["value"] == report.thresholds["best-f1"].value
    for part in ("split:sample", "documents:200", "protocol:raw", "config:c0ffee", "seed:3"):
        assert part in data["signature"].split("|")
    assert "bins" not in report.summary["before"]


def test_metrics_and_rows(report: CalibrationReport):
    assert report.metrics["calibration_before_brier"] == report.before.brier
    assert report.metrics["calibration_after_ece_mass"] == report.after.ece_mass
    assert len(report.metrics) == 8
    assert report.measure_rows[0] == [
        "log loss (nats)",
        f"{report.before.log_loss:.4f}",
        f"{report.after.log_loss:.4f}",
    ]
    assert [row[1] for row in report.method_rows] == ["temperature", "platt", "isotonic"]
    assert [row[3] for row in report.method_rows] == ["", "chosen", ""]


def test_a_method_that_is_asked_for_is_the_only_one(report: CalibrationReport):
    forced = CalibrationReport.of(*sample(), protocol="raw", method="temperature")
    assert forced.methods == {"default": "temperature"}
    assert len(forced.method_rows) == 1
    assert forced.before == report.before
    assert forced.thresholds == report.thresholds
