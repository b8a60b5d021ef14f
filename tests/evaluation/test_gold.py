from __future__ import annotations

import numpy as np
import pytest

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.schema import RelationType, Schema
from bran.errors import DuplicateDocumentError, UnknownTypeError
from bran.evaluation.gold import GoldDocument, GoldStandard
from bran.evaluation.predictions import Predictions


def test_counts_by_hand(gold, predictions):
    counts = gold.count(predictions)
    raw, filtered = counts["raw"], counts["filtered"]
    assert raw.documents == ("1", "2")
    assert raw.types == ("CID",)
    # intra, inter
    assert raw.tp.tolist() == [[[1, 1]], [[0, 0]]]
    assert raw.fp.tolist() == [[[0, 1]], [[0, 1]]]
    assert raw.fn.tolist() == [[[1, 0]], [[1, 0]]]
    assert filtered.fp.tolist() == [[[0, 0]], [[0, 1]]]
    assert np.array_equal(raw.tp, filtered.tp)
    assert np.array_equal(raw.fn, filtered.fn)


def test_a_gold_relation_is_never_forgiven(make_document, schema, hypernyms, make_predictions):
    document = make_document("1", "Zorvapine, hepatitis and liver disease.", "", "D2", "D3")
    counts = GoldStandard([document], schema, hypernyms).count(make_predictions({"1": ["D2", "D3"]}))
    assert counts["filtered"].totals.tolist() == [[[2, 0, 0], [0, 0, 0]]]


def test_a_missed_ancestor_in_another_document_is_not_forgiven(gold, make_predictions):
    counts = gold.count(make_predictions({"2": ["D3"]}))
    assert counts["filtered"].fp.sum() == 1


def test_a_hyponym_is_not_forgiven(make_document, schema, hypernyms, make_predictions):
    document = make_document("1", "Zorvapine, hepatitis and liver disease.", "", "D3")
    counts = GoldStandard([document], schema, hypernyms).count(make_predictions({"1": ["D2"]}))
    assert counts["filtered"].fp.sum() == 1


def test_repeated_predictions_count_once(gold, make_predictions):
    once, twice = (gold.count(make_predictions({"1": tails})) for tails in (["D2", "D3"], ["D2", "D3", "D3", "D2"]))
    assert np.array_equal(once["raw"].values, twice["raw"].values)


def test_predictions_for_other_documents_count_nowhere(gold, make_predictions):
    counts = gold.count(make_predictions({"3": ["D1"]}))["raw"]
    assert counts.totals.sum(axis=(0, 1)).tolist() == [0, 0, 4]


def test_ends_that_are_not_mentioned_are_false_and_inter(gold, make_predictions):
    counts = gold.count(make_predictions({"2": ["D9"]}))["raw"]
    assert counts.fp.tolist() == [[[0, 0]], [[0, 1]]]


def test_recall_counts_gold_relations_without_mentions(make_document, schema):
    document = make_document("1", "Zorvapine and fever.", "", "D4", "D9")
    standard = GoldStandard([document], schema)
    assert standard.relations == 2
    assert standard.count(Predictions("none", {}))["raw"].fn.sum() == 2


def test_without_a_filter_there_is_one_protocol(documents, schema, predictions):
    assert list(GoldStandard(documents, schema).count(predictions)) == ["raw"]


def test_a_schema_that_has_no_use_for_the_filter_has_one_protocol(documents, schema, hypernyms, predictions):
    plain = schema.model_copy(update={"hypernym_filter": False})
    assert list(GoldStandard(documents, plain, hypernyms).count(predictions)) == ["raw"]


def test_order_of_documents_changes_nothing(documents, schema, hypernyms, predictions, gold):
    backwards = GoldStandard(documents[::-1], schema, hypernyms)
    assert np.array_equal(backwards.count(predictions)["raw"].values, gold.count(predictions)["raw"].values)
    assert backwards.corpus.hash == gold.corpus.hash


def test_a_document_that_stands_twice_is_refused(documents, schema):
    with pytest.raises(DuplicateDocumentError, match="'1' stands twice"):
        GoldStandard([*documents, documents[0]], schema)


def test_an_unknown_relation_type_is_refused(documents, schema, gold):
    with pytest.raises(UnknownTypeError, match=r"document 1.*'treats'; expected one of CID"):
        gold.count(Predictions("other", {"1": (Relation("treats", "MESH:C1", "MESH:D1"),)}))
    with pytest.raises(UnknownTypeError, match="'treats'"):
        GoldDocument(documents[0].with_relations((Relation("treats", "MESH:C1", "MESH:D1"),)), schema)


def test_ends_of_a_symmetric_relation_may_be_swapped(schema):
    symmetric = Schema(
        name="drugs",
        entity_types=schema.entity_types,
        relation_types={
            "binds": RelationType(pairs=(("Chemical", "Chemical"), ("Chemical", "Disease")), symmetric=True)
        },
    )
    text = "alpha beta gamma"
    mentions = tuple(
        Mention(text.index(name), text.index(name) + len(name), type_, (name,))
        for name, type_ in (("alpha", "Disease"), ("beta", "Chemical"), ("gamma", "Chemical"))
    )
    relations = (Relation("binds", "gamma", "beta"), Relation("binds", "alpha", "beta"))
    gold = GoldStandard([Document("1", (Passage("title", text),), mentions, relations)], symmetric)
    swapped = tuple(Relation("binds", relation.tail, relation.head) for relation in relations)
    assert gold.count(Predictions("same", {"1": relations}))["raw"].totals.tolist() == [[[2, 0, 0], [0, 0, 0]]]
    assert gold.count(Predictions("swapped", {"1": swapped}))["raw"].totals.tolist() == [[[2, 0, 0], [0, 0, 0]]]


def test_direction_of_other_relations_matters(gold):
    backwards = Predictions("backwards", {"2": (Relation("CID", "MESH:D4", "MESH:C1"),)})
    assert gold.count(backwards)["raw"].tp.sum() == 0
