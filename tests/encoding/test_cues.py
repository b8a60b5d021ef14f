"""What is read around, between and in mentions, what it is hashed to, and what a linear model makes of it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.corpus.document import Document
from bran.corpus.schema import load_schema
from bran.encoding import cues
from bran.encoding.cue_scores import TYPE_FEATURES, CueScores, HeldOutScores
from bran.encoding.cues import CueConfig, CueReader
from bran.encoding.packed_arrays import pack
from bran.errors import ModelError
from tests.builders import document, documents, several_types_documents, several_types_schema

CDR = load_schema("cdr")
CONFIG = CueConfig(buckets=2**20)


def cue(side: str, feature: str) -> int:
    """The bucket of a feature, as a file of weights that exists has it: hashes must never change."""
    return zlib.crc32((side + feature).encode()) % CONFIG.buckets


def read(doc: Document, config: CueConfig = CONFIG) -> list[set[int]]:
    """The features of each candidate."""
    pairs = CDR.candidates(doc)
    found = CueReader(config)(doc, pairs)
    return [set(found.buckets[found.pairs == number].tolist()) for number in range(found.count)]


def has(found: set[int], side: str, *features: str) -> bool:
    return all(cue(side, feature) in found for feature in features)


def test_words_next_to_mentions_by_place_and_side():
    (found,) = read(document("1", "{Velorin|Chemical|C}-induced acute {tremor|Disease|D} in men."))
    assert has(found, "h", "R1 -", "R2 induced", "R3 acute", "R induced", "RR - induced")
    assert has(found, "t", "L1 acute", "L2 induced", "L3 -", "L acute", "LL acute induced", "R1 in", "RR in men")
    assert not has(found, "h", "L1 acute")
    assert not has(found, "t", "R1 -")
    assert cue("h", "L induced") not in found


def test_a_mention_is_one_word_called_by_its_type():
    (found,) = read(document("1", "{Sodium velorin|Chemical|C} {low mood|Disease|D}."))
    assert has(found, "h", "R1 @Disease")
    assert has(found, "t", "L1 @Chemical")


def test_words_of_another_sentence_do_not_count():
    found = read(document("1", "They had {tremor|Disease|D}.", "Gone. {Velorin|Chemical|C} was stopped."))[0]
    assert has(found, "h", "R1 was")
    assert not has(found, "h", "L1 .")
    assert not has(found, "", "<0")


def test_words_between_mentions_of_a_sentence_and_their_order():
    (found,) = read(document("1", "{Tremor|Disease|D} after two weeks of {velorin|Chemical|C}."))
    assert has(found, "", ">1", "after", ">= after two weeks of", "> weeks", "> two weeks")
    assert not has(found, "", "< weeks")


def test_how_what_is_between_begins_and_ends_and_how_many_mentions_it_has():
    (found, _) = read(document("1", "{Velorin|Chemical|C} rarely causes {gout|Disease|D} or even {tremor|Disease|E}."))
    assert has(
        found, "", "<first rarely", "<first rarely causes", "<last causes", "<last rarely causes", "<n0", "<n0l0"
    )
    (_, found) = read(document("1", "{Velorin|Chemical|C} rarely causes {gout|Disease|D} or even {tremor|Disease|E}."))
    assert has(found, "", "<last even", "<last or even", "<n1", "<n1l1")


def test_words_outside_of_two_mentions():
    (found,) = read(document("1", "Men developed {tremor|Disease|D} after {velorin|Chemical|C} was given daily."))
    assert has(found, "", ">bmen", ">bdeveloped", ">awas", ">agiven", ">adaily")
    assert not has(found, "", ">bafter")
    assert not has(found, "", ">aafter")


def test_beginnings_of_longer_words():
    doc = document("1", "Inducing {tremor|Disease|D}, the repeated {velorin|Chemical|C}.")
    (found,) = read(doc)
    assert has(found, "t", "L~induc", "R~repea")
    assert has(found, "", "~repea", ">~repea")
    assert not has(found, "", "~the")
    assert not has(found, "", "~@Dise")
    (found,) = read(doc, CueConfig(buckets=2**20, beginnings=0))
    assert not has(found, "t", "L~induc")


def test_how_the_sentence_of_a_mention_opens():
    (found,) = read(document("1", "It rose. Our conclusion: {velorin|Chemical|C} and {tremor|Disease|D}."))
    assert has(found, "h", "F our", "F2 our conclusion")
    assert has(found, "t", "F our", "F2 our conclusion")
    assert not has(found, "h", "F it")


def test_features_by_the_types_of_a_pair():
    schema, doc = several_types_schema(), several_types_documents()[0]
    pairs = schema.candidates(doc)
    plain, typed = (CueReader(CueConfig(buckets=2**20, by_type=by_type))(doc, pairs) for by_type in (False, True))
    further: dict[str, set[int]] = {}
    for number, pair in enumerate(pairs):
        of_all, of_types = (each.buckets[each.pairs == number].tolist() for each in (plain, typed))
        assert len(of_types) == len(set(of_types)) == 2 * len(of_all) + 1
        assert set(of_all) < set(of_types)
        further.setdefault(f"{pair.head.type} {pair.tail.type}", set()).update(set(of_types) - set(of_all))
    assert all(cue("", types) in found for types, found in further.items())
    assert {"Chemical Disease", "Chemical Gene", "Gene Disease", "Gene Gene"} == set(further)
    assert further["Chemical Disease"].isdisjoint(further["Chemical Gene"])


def test_only_which_words_they_are_where_there_are_too_many():
    doc = document("1", "{Velorin|Chemical|C} was one of a few that led to {tremor|Disease|D}.")
    (found,) = read(doc, CueConfig(buckets=2**20, between=3))
    assert has(found, "", "<2", "led", "to")
    assert not has(found, "", "< led", "< led to")


def test_what_is_no_sentence_is_not_read_through():
    filler = "word " * cues.REACH
    (near,) = read(document("1", f"{{Velorin|Chemical|C}} {filler[:-10]} {{tremor|Disease|D}}"))
    (far,) = read(document("1", f"{{Velorin|Chemical|C}} {filler} {{tremor|Disease|D}}"))
    assert has(near, "", "<6", "word")
    assert not has(far, "", "<6")


def test_names_their_endings_and_their_branches_of_mesh():
    (found,) = read(document("1", "{Velorin|Chemical|C} and {Acute hepatitis|Disease|MESH:D006505}."))
    assert has(
        found, "t", "N acute", "N hepatitis", "S tis", "S itis", "S titis", "T C06", "T C06.552", "T C06.552.380"
    )
    assert has(found, "h", "N velorin", "S orin")


def test_a_mention_within_another_stands_where_that_does():
    doc = document("1", "Given {{velorin|Chemical|C} toxicity|Disease|D} rose.")
    (found,) = read(doc)
    assert has(found, "h", "L1 given", "R1 rose")
    assert has(found, "t", "L1 given", "R1 rose")


def test_texts_of_anything():
    doc = document("1", "{\ud800|Chemical|C} \u2028 ﬁ {İ|Disease|D}\u0301 _")
    assert len(read(doc)) == 1


@pytest.mark.parametrize("doc", documents(), ids=lambda doc: doc.id)
def test_every_pair_has_the_features_of_its_entities(doc):
    found, pairs = read(doc), CDR.candidates(doc)
    for features, pair in zip(found, pairs, strict=True):
        assert any(features >= {cue("h", f"N {word}")} for word in _words(doc, pair.head.mentions[0]))


def _words(doc: Document, mention) -> Sequence[str]:
    return doc.text[mention.start : mention.end].lower().replace("-", " ").split()


def scores(*weighted: tuple[str, str, float], bias: float = 0.0, types: Sequence[str] = ("CID",)) -> CueScores:
    weights = np.zeros((len(types), CONFIG.buckets))
    for side, feature, weight in weighted:
        weights[0, cue(side, feature)] = weight
    return CueScores(CONFIG, types, weights, np.full(len(types), bias))


def test_scores_are_sums_and_compared_within_the_document():
    doc = document("1", "{Velorin|Chemical|C}-induced {tremor|Disease|D} and {gout|Disease|E}.")
    model = scores(("h", "R2 induced", 0.5), ("t", "N tremor", 2.0), bias=-1)
    told = model.features(doc, CDR.candidates(doc))
    assert told.shape == (2, model.width) == (2, len(TYPE_FEATURES))
    tremor, gout = told.tolist()
    assert tremor == [1.5, 0, 0, 0]
    assert gout == [-0.5, -2, 0, -2]


def test_a_feature_that_stands_twice_counts_once():
    doc = document(
        "1", "{Velorin|Chemical|C}-induced {tremor|Disease|D}. {Velorin|Chemical|C}-induced {tremor|Disease|D}."
    )
    model = scores(("h", "R2 induced", 0.5))
    assert model.features(doc, CDR.candidates(doc))[0, 0] == 0.5


def test_every_type_has_its_columns():
    doc = document("1", "{Velorin|Chemical|C} {tremor|Disease|D}.")
    model = scores(("t", "N tremor", 1.0), types=("CID", "other"))
    assert model.features(doc, CDR.candidates(doc)).shape == (1, 8)
    assert model.features(doc, CDR.candidates(doc))[0].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]


def test_saved_and_read_again(tmp_path: Path):
    model = scores(("t", "N tremor", 1.25), bias=0.5)
    model.save(tmp_path / "cues")
    again = CueScores.load(tmp_path / "cues")
    assert (again.types, again.config, again.hash) == (model.types, model.config, model.hash)
    np.testing.assert_array_equal(again.weights, model.weights)
    assert scores(("t", "N tremor", 1.5)).hash != model.hash


def test_weights_of_other_features_are_refused(tmp_path: Path):
    old = pack({"weights": np.zeros((1, 2)), "bias": np.zeros(1)}, entry="cues", said={"config": {}, "types": ["CID"]})
    (tmp_path / "cues").write_bytes(old)
    with pytest.raises(
        ModelError, match=r"cues of edition 1, this version of bran reads 2\); expected what `bran train`"
    ):
        CueScores.load(tmp_path / "cues")


@pytest.mark.parametrize("content", [b"", b"x" * 100])
def test_a_damaged_file(tmp_path: Path, content: bytes):
    (tmp_path / "cues").write_bytes(content)
    with pytest.raises(ModelError, match=r"cues: cannot be read .*; expected what `bran train` writes"):
        CueScores.load(tmp_path / "cues")


def test_a_document_that_weights_were_learned_on_hears_from_others():
    doc = document("1", "{Velorin|Chemical|C} {tremor|Disease|D}.")
    pairs = CDR.candidates(doc)
    held_out = HeldOutScores(scores(bias=1), {"1": scores(bias=2)})
    assert held_out.width == 4
    assert held_out.features(doc, pairs)[0, 0] == 2
    other = document("2", "{Velorin|Chemical|C} {tremor|Disease|D}.")
    assert held_out.features(other, CDR.candidates(other))[0, 0] == 1


@settings(max_examples=25)
@given(st.permutations(range(3)))
def test_the_order_of_pairs_says_nothing(order):
    doc = document("1", "{Velorin|Chemical|C}-induced {tremor|Disease|D}, {gout|Disease|E} or {pain|Disease|F}.")
    pairs = CDR.candidates(doc)
    model = scores(("t", "N tremor", 2.0), ("t", "N gout", 1.0), ("", "<0", 0.5))
    told = model.features(doc, [pairs[index] for index in order])
    np.testing.assert_array_equal(told, model.features(doc, pairs)[list(order)])
