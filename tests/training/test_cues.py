"""Learning cues: what tells apart is found, nobody is scored by weights that saw him, and soft labels count."""

from __future__ import annotations

import numpy as np
import pytest

from bran.corpus.document import Document, Pair
from bran.corpus.schema import load_schema
from bran.encoding.cues import CueConfig
from bran.encoding.labels import GoldLabels, PairLabels
from bran.errors import ConfigError
from bran.training.cues import learn_cues
from tests.builders import several_types_documents, several_types_schema
from tests.runs import abstracts

CDR = load_schema("cdr")
CONFIG = CueConfig(buckets=2**14, strength=1.0, folds=3)


def learn(documents, *, schema=CDR, types=("CID",), labels=None, config=CONFIG, seed=0):
    return learn_cues(documents, schema, types, labels or GoldLabels(schema), config, seed=seed)


def top(scores, doc: Document) -> Pair:
    pairs = CDR.candidates(doc)
    return pairs[int(scores.features(doc, pairs)[:, 0].argmax())]


def test_the_related_pair_scores_highest_in_documents_that_were_not_learned_from():
    learned = learn(abstracts()[:9])
    for doc in abstracts()[9:]:
        assert top(learned, doc).tail.id == "MESH:D1"


def test_nobody_is_scored_by_weights_that_were_learned_on_him():
    docs = abstracts()
    learned = learn(docs)
    assert set(learned.by_document) == {doc.id for doc in docs}
    for doc in docs:
        others = [other for other in docs if learned.by_document[other.id] is not learned.by_document[doc.id]]
        again = learn(others, config=CONFIG.model_copy(update={"folds": 20})).of_all
        np.testing.assert_array_equal(again.weights, learned.by_document[doc.id].weights)


def test_too_few_documents_are_not_parted():
    assert not learn(abstracts()[:2]).by_document


def test_the_same_seed_parts_alike():
    first, second, other = learn(abstracts()), learn(abstracts()), learn(abstracts(), seed=1)
    assert first.of_all.hash == second.of_all.hash == other.of_all.hash
    hashes = [{id_: scores.hash for id_, scores in one.by_document.items()} for one in (first, second, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_soft_labels_count_as_far_as_they_hold():
    def labelled(value: float):
        def labels(document, pairs):
            hard = GoldLabels(CDR)(document, pairs)
            return PairLabels(np.where(hard.values > 0, value, 1 - value).astype(np.float32), hard.weights)

        return learn(abstracts(), labels=labels).of_all

    doc = abstracts()[0]
    ranges = [np.ptp(labelled(value).features(doc, CDR.candidates(doc))[:, 0]) for value in (1.0, 0.8, 0.5)]
    assert ranges[0] > ranges[1] > ranges[2]
    assert ranges[2] < 0.01 * ranges[0]


def test_pairs_without_weight_teach_nothing():
    def labels(document, pairs):
        hard = GoldLabels(CDR)(document, pairs)
        return PairLabels(hard.values, np.zeros(len(pairs), dtype=np.float32))

    learned = learn(abstracts(), labels=labels).of_all
    assert not learned.weights.any()
    assert learned.bias.tolist() == [0]


def test_a_type_that_never_holds_is_rare_everywhere():
    schema = several_types_schema()
    types = schema.labels
    learned = learn([doc.with_relations(()) for doc in several_types_documents()], schema=schema, types=types).of_all
    assert not learned.weights.any()
    assert (learned.bias < -6).all()


def test_an_unknown_type():
    with pytest.raises(ConfigError, match="cues of 'cures'; expected relation types of CID"):
        learn(abstracts(), types=("cures",))
