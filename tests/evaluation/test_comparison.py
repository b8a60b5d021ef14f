from __future__ import annotations

import json

import pytest

from bran.evaluation.comparison import compare


def test_differences_by_hand(gold, predictions, make_predictions):
    better = make_predictions({"1": ["D2", "D4", "D1"], "2": ["D4"]}, system="better")
    report = compare(gold, predictions, better, resamples=100)
    assert [row[:4] for row in report.rows] == [
        ["raw", "micro", "50.0", "100.0"],
        ["raw", "intra", "50.0", "100.0"],
        ["raw", "inter", "50.0", "100.0"],
        ["filtered", "micro", "57.1", "100.0"],
        ["filtered", "intra", "50.0", "100.0"],
        ["filtered", "inter", "66.7", "100.0"],
    ]
    assert report.rows[3][4].startswith("+42.9 (")
    assert report.comparisons["filtered"].to_dict()["micro"]["f1"]["difference"] == pytest.approx(3 / 7)
    assert json.loads(json.dumps(report.to_dict()))["differences"]["raw"]["inter"]["recall"]["difference"] == 0


def test_signatures_and_notes_name_the_system(gold, predictions, make_predictions):
    report = compare(gold, predictions, make_predictions({}, system="silent"), resamples=10)
    assert [line.split()[:2] for line in report.signatures] == [["A", "system"]] * 2 + [["B", "silent"]] * 2
    assert report.notes == ["B gold documents for which nothing was predicted: 2"]
