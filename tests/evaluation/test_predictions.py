from __future__ import annotations

import pytest

from bran.corpus.document import Document, Relation
from bran.errors import DataError, DuplicateDocumentError, UnknownTypeError
from bran.evaluation.predictions import Predictions
from tests.builders import several_types_schema


def test_only_ids_and_relations_are_read():
    relations = (Relation("CID", "MESH:C1", "MESH:D1"),)
    assert Predictions.of([Document("1", (), (), relations)], system="x").relations == {"1": relations}


def test_a_document_that_stands_twice_is_refused():
    with pytest.raises(DuplicateDocumentError, match=r"'1' stands twice in other\.tsv"):
        Predictions.of([Document("1", ()), Document("1", ())], system="other.tsv")


def test_the_threshold_itself_is_kept(make_predictions, schema):
    kept = make_predictions({"1": {"D1": 0.5, "D2": 0.49}, "2": {"D1": 0.1}}).keep(0.5, schema)
    assert [relation.tail for relation in kept.relations["1"]] == ["MESH:D1"]
    assert kept.relations["2"] == ()
    assert kept.threshold == 0.5


@pytest.mark.parametrize(("score", "found"), [(None, "no score"), (float("nan"), "score nan")])
def test_a_threshold_needs_scores(score, found, schema):
    predictions = Predictions("x", {"7": (Relation("CID", "MESH:C1", "MESH:D1", score=score),)})
    with pytest.raises(DataError, match=f"document 7.*MESH:C1 MESH:D1 has {found}"):
        predictions.keep(0.5, schema)


SCORED = (
    Relation("causes", "C1", "D1", score=0.4),
    Relation("treats", "C1", "D1", score=0.45),
    Relation("regulates", "C1", "G1", score=0.2),
    Relation("treats", "C2", "D1", score=0.3),
    Relation("causes", "C2", "D1", score=0.3),
)


@pytest.mark.parametrize(("exclusive", "kept"), [(True, [1, 4]), (False, [0, 1, 3, 4])])
def test_of_types_that_exclude_each_other_only_the_best_of_a_pair_is_kept(exclusive, kept):
    found = Predictions("x", {"7": SCORED}).keep(0.25, several_types_schema(exclusive=exclusive))
    assert list(map(id, found.relations["7"])) == [id(SCORED[index]) for index in kept]


def test_the_best_of_types_that_exclude_each_other_must_be_known():
    with pytest.raises(UnknownTypeError, match=r"document 7.*'CID'"):
        Predictions("x", {"7": (Relation("CID", "C", "D", score=0.1),)}).best(several_types_schema(exclusive=True))
    with pytest.raises(DataError, match=r"document 7.*C D has no score"):
        Predictions("x", {"7": (Relation("treats", "C", "D"),)}).best(several_types_schema(exclusive=True))


def test_types_are_checked(schema):
    predictions = Predictions("x", {"7": (Relation("treats", "MESH:C1", "MESH:D1"),)})
    with pytest.raises(UnknownTypeError, match=r"document 7.*'treats'"):
        predictions.check_types(schema)
