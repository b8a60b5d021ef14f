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
from tests.builders import document, several_types_documents, several_types_schema
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


def test_what_tells_apart_by_itself_is_held_back_less():
    def ratio(contrast: float) -> float:
        """Weight of the disease that is always caused over that of a word that all pairs have."""
        weights = np.abs(learn(abstracts(), config=CONFIG.model_copy(update={"contrast": contrast})).of_all.weights[0])
        return float(weights.max() / np.median(weights[weights > 0]))

    assert ratio(1.0) > ratio(0.5) > ratio(0.0)


def test_pairs_that_share_no_sentence_are_left_out_where_asked():
    apart = document("1", "{Velorin|Chemical|C}.", "{tremor|Disease|D}.", relations=[("CID", "C", "D")])
    docs = [apart, document("2", "No {velorin|Chemical|C} for {gout|Disease|E}.")]
    config = CONFIG.model_copy(update={"folds": 5})
    both, within = (
        learn_cues(docs, CDR, ("CID",), GoldLabels(CDR), config, seed=0, within_sentences=chosen).of_all
        for chosen in (False, True)
    )
    assert both.weights.any()
    assert not within.weights.any()
    assert within.bias[0] < -6


def test_a_type_is_learned_from_the_pairs_that_may_have_it():
    schema = several_types_schema()
    docs = several_types_documents()
    chosen = schema.labels.index("binds")

    def others_swapped(document, pairs):
        labels = GoldLabels(schema)(document, pairs)
        outside = np.array([chosen not in schema.labels_between(pair) for pair in pairs])
        return PairLabels(np.where(outside[:, None], 1 - labels.values, labels.values), labels.weights)

    plain, swapped = (
        learn(docs, schema=schema, types=("binds",), labels=labels).of_all for labels in (None, others_swapped)
    )
    assert plain.weights.any()
    np.testing.assert_array_equal(plain.weights, swapped.weights)


def test_a_type_that_never_holds_is_rare_everywhere():
    schema = several_types_schema()
    types = schema.labels
    learned = learn([doc.with_relations(()) for doc in several_types_documents()], schema=schema, types=types).of_all
    assert not learned.weights.any()
    assert (learned.bias < -6).all()


def test_an_unknown_type():
    with pytest.raises(ConfigError, match="cues of 'cures'; expected relation types of CID"):
        learn(abstracts(), types=("cures",))
