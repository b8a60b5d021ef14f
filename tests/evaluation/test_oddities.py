from __future__ import annotations

from bran.evaluation.gold import GoldStandard
from bran.evaluation.oddities import Oddities


def test_nothing_odd(gold, predictions):
    assert Oddities.of(gold, predictions).lines() == []


def test_everything_odd_is_counted(make_document, schema, make_predictions):
    documents = [
        make_document("1", "Zorvapine and fever.", "", "D4", "D9"),
        make_document("2", "Fever and zorvapine.", "", "D4"),
        make_document("3", "Tremor and zorvapine.", ""),
    ]
    predictions = make_predictions({"1": ["D4", "D4", "D8", "D7"], "3": [], "8": ["D1", "D2"], "9": ["D1"]})
    oddities = Oddities.of(GoldStandard(documents, schema), predictions)
    assert oddities.to_dict() == {
        "foreign_documents": 2,
        "foreign_relations": 3,
        "silent_documents": 2,
        "repeated_relations": 1,
        "unknown_ends": 2,
        "gold_unknown_ends": 1,
    }
    assert len(oddities.lines()) == 6
