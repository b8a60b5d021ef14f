from __future__ import annotations

import pytest

from bran.corpus.document import Document, Relation
from bran.errors import DataError, DuplicateDocumentError, UnknownTypeError
from bran.evaluation.predictions import Predictions


def test_only_ids_and_relations_are_read():
    relations = (Relation("CID", "MESH:C1", "MESH:D1"),)
    assert Predictions.of([Document("1", (), (), relations)], system="x").relations == {"1": relations}


def test_a_document_that_stands_twice_is_refused():
    with pytest.raises(DuplicateDocumentError, match=r"'1' stands twice in other\.tsv"):
        Predictions.of([Document("1", ()), Document("1", ())], system="other.tsv")


def test_the_threshold_itself_is_kept(make_predictions):
    kept = make_predictions({"1": {"D1": 0.5, "D2": 0.49}, "2": {"D1": 0.1}}).keep(0.5)
    assert [relation.tail for relation in kept.relations["1"]] == ["MESH:D1"]
    assert kept.relations["2"] == ()
    assert kept.threshold == 0.5


@pytest.mark.parametrize(("score", "found"), [(None, "no score"), (float("nan"), "score nan")])
def test_a_threshold_needs_scores(score, found):
    predictions = Predictions("x", {"7": (Relation("CID", "MESH:C1", "MESH:D1", score=score),)})
    with pytest.raises(DataError, match=f"document 7.*MESH:C1 MESH:D1 has {found}"):
        predictions.keep(0.5)


def test_types_are_checked(schema):
    predictions = Predictions("x", {"7": (Relation("treats", "MESH:C1", "MESH:D1"),)})
    with pytest.raises(UnknownTypeError, match=r"document 7.*'treats'"):
        predictions.check_types(schema)
