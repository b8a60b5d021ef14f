from __future__ import annotations

from dataclasses import replace

import numpy as np

from bran.corpus.document import Relation
from bran.corpus.schema import load_schema
from bran.encoding.labels import GoldLabels, ScoredLabels
from tests.builders import document, documents, several_types_documents, several_types_schema


def test_gold_labels_are_what_the_document_states():
    schema, doc = load_schema("cdr"), documents()[3]
    pairs = schema.candidates(doc)
    labels = GoldLabels(schema)(doc, pairs)
    assert labels.values.dtype == labels.weights.dtype == np.float32
    assert {(pair.head.id, pair.tail.id) for pair, (value,) in zip(pairs, labels.values, strict=True) if value} == {
        (relation.head, relation.tail) for relation in doc.relations
    }
    assert labels.weights.tolist() == [1.0] * len(pairs)


def test_each_type_has_a_column_and_a_pair_may_have_several():
    schema = several_types_schema()
    for doc in several_types_documents():
        pairs = schema.candidates(doc)
        values = GoldLabels(schema)(doc, pairs).values
        assert values.shape == (len(pairs), len(schema.labels))
        assert values.sum() == len(doc.relations)


def test_a_symmetric_relation_is_found_in_either_order():
    schema = several_types_schema()
    symmetric = {name for name, relation in schema.relation_types.items() if relation.symmetric}
    for doc in several_types_documents():
        pairs = schema.candidates(doc)
        turned = [Relation(r.type, r.tail, r.head) if r.type in symmetric else r for r in doc.relations]
        expected = GoldLabels(schema)(doc, pairs).values
        assert np.array_equal(GoldLabels(schema)(replace(doc, relations=tuple(turned)), pairs).values, expected)
    assert symmetric


def test_what_the_filter_leaves_out_has_no_weight():
    schema, doc = load_schema("cdr"), documents()[0]
    pairs = schema.candidates(doc)
    labels = GoldLabels(schema, lambda _, found: [pair.tail.id != "MESH:D2" for pair in found])(doc, pairs)
    assert dict(zip([pair.tail.id for pair in pairs], labels.weights, strict=True)) == {"MESH:D1": 1, "MESH:D2": 0}


def test_without_pairs_there_are_empty_arrays():
    schema, doc = load_schema("cdr"), document("1", "No names in here.")
    labels = GoldLabels(schema, lambda _, found: [True] * len(found))(doc, ())
    assert (labels.values.shape, labels.weights.shape) == ((0, 1), (0,))


def test_scores_are_labels_and_what_has_none_is_left_out():
    schema, doc = load_schema("cdr"), documents()[3]
    pairs = schema.candidates(doc)
    first, *rest = pairs
    scores = {doc.id: [Relation("CID", first.head.id, first.tail.id, score=0.25)]}
    labels = ScoredLabels(schema, scores)(doc, pairs)
    assert labels.values[:, 0].tolist() == [0.25] + [0.0] * len(rest)
    assert labels.weights.tolist() == [1.0] + [0.0] * len(rest)
    assert labels.values.dtype == labels.weights.dtype == np.float32
    assert not ScoredLabels(schema, {})(doc, pairs).weights.any()


def test_types_have_scores_of_their_own():
    schema, doc = several_types_schema(), several_types_documents()[0]
    pairs = schema.candidates(doc)
    names = [(name, pair) for pair in pairs for name in (schema.labels[index] for index in schema.labels_between(pair))]
    found = [Relation(name, pair.head.id, pair.tail.id, score=1 / (2 + n)) for n, (name, pair) in enumerate(names)]
    values = ScoredLabels(schema, {doc.id: found})(doc, pairs).values
    assert sorted(values[values > 0].tolist()) == sorted(np.float32(one.score) for one in found)
