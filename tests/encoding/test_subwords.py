from __future__ import annotations

import json
from pathlib import Path

import pytest

from bran.corpus.document import Document, Passage
from bran.encoding.subwords import PAD_ID, UNK_ID, SubwordConfig, Subwords
from bran.errors import ModelError
from tests.builders import document, documents, subwords


def pieces(doc: Document, vocabulary: Subwords | None = None) -> list[str]:
    sequence = (vocabulary or subwords()).encode([doc])[0]
    return [doc.text[start:end] for start, end in zip(sequence.starts, sequence.ends, strict=True)]


def covered(doc: Document) -> list[list[str]]:
    """The subwords that lie inside each mention."""
    sequence = subwords().encode([doc])[0]
    spans = list(zip(sequence.starts, sequence.ends, strict=True))
    return [
        [doc.text[start:end] for start, end in spans if mention.start <= start and end <= mention.end]
        for mention in doc.mentions
    ]


def test_a_known_text_is_cut_by_hand():
    # "low" and "er" are the only pairs seen often enough: l+o, lo+w and e+r are merged, nothing else is.
    vocabulary = Subwords.learn(["low low low lower lower xer"], SubwordConfig(vocabulary=64, min_frequency=3))
    assert pieces(document("1", "Lower low xer"), vocabulary) == ["Low", "er", "low", "x", "er"]


def test_digits_and_punctuation_stand_apart():
    assert pieces(document("1", "(n=12)")) == ["(", "n", "=", "12", ")"]


def test_every_document_keeps_its_place_in_the_batch():
    alone = [subwords().encode([doc])[0].ids.tolist() for doc in documents()]
    assert [sequence.ids.tolist() for sequence in subwords().encode(documents())] == alone


def test_a_mention_inside_a_word_ends_on_a_subword_boundary():
    doc = document("1", "anti{rash|Disease|MESH:D5}ing")
    assert "".join(covered(doc)[0]) == "rash"


def test_nested_mentions_each_have_their_subwords():
    doc = document("1", "{chronic {gout|Disease|MESH:D3}|Disease|MESH:D4} eased")
    assert ["".join(part) for part in covered(doc)] == ["gout", "chronicgout"]


@pytest.mark.parametrize("surface", ["İrin", "ﬁbrin", "𝛼-brinol", "re\u0301nal", "β2", "日本", "a\u200bb", "x²"])
def test_unusual_characters_are_aligned(surface: str):
    doc = document("1", f"With {{{surface}|Disease|MESH:D1}} and 𝛼 {{gout|Disease|MESH:D3}}.")
    assert ["".join(dict.fromkeys(part)) for part in covered(doc)] == [surface, "gout"]


def test_an_unknown_character_is_one_unknown_subword():
    sequence = subwords().encode([Document("1", (Passage("title", "日"),))])[0]
    assert sequence.ids.tolist() == [UNK_ID]


def test_letter_case_is_ignored_when_asked_only():
    cased = Subwords.learn(["Rash rash"], SubwordConfig(vocabulary=64, min_frequency=1, lowercase=False))
    docs = [document("1", "Rash"), document("2", "rash")]
    lower = [sequence.ids.tolist() for sequence in subwords().encode(docs)]
    kept = [sequence.ids.tolist() for sequence in cased.encode(docs)]
    assert lower[0] == lower[1]
    assert kept[0] != kept[1]


@pytest.mark.parametrize("doc", [Document("1", ()), Document("1", (Passage("title", " \n\t "),))])
def test_a_text_without_words_has_no_subwords(doc: Document):
    sequence = subwords().encode([doc])[0]
    assert [len(sequence.ids), len(sequence.starts), len(sequence.ends)] == [0, 0, 0]


def test_the_vocabulary_is_as_large_as_asked_and_starts_with_the_special_ones():
    texts = [doc.text for doc in documents()]
    vocabulary = Subwords.learn(texts, SubwordConfig(vocabulary=100, min_frequency=1))
    assert len(vocabulary) == 100
    assert (PAD_ID, UNK_ID) == (0, 1)


@pytest.mark.parametrize("name", ["[PAD]", "[UNK]", "##a"])
def test_a_name_of_the_vocabulary_is_ordinary_text_in_a_document(name: str):
    assert PAD_ID not in subwords().encode([document("1", name)])[0].ids
    assert len(pieces(document("1", name))) > 1
    assert "".join(pieces(document("1", name))) == name


def test_learning_twice_gives_the_same_vocabulary(tmp_path: Path):
    for name in ("one", "two"):
        Subwords.learn((doc.text for doc in documents()), SubwordConfig(vocabulary=120)).save(tmp_path / name)
    assert (tmp_path / "one").read_text() == (tmp_path / "two").read_text()


def test_saved_and_loaded_is_the_same_vocabulary(tmp_path: Path):
    subwords().save(tmp_path / "subwords.json")
    loaded = Subwords.load(tmp_path / "subwords.json")
    json.loads((tmp_path / "subwords.json").read_text(encoding="utf-8"))
    assert len(loaded) == len(subwords())
    for before, after in zip(subwords().encode(documents()), loaded.encode(documents()), strict=True):
        assert before.ids.tolist() == after.ids.tolist()
        assert before.starts.tolist() == after.starts.tolist()
        assert before.ends.tolist() == after.ends.tolist()


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"model": 3}', b"\xff\xfe\x00"])
def test_a_damaged_vocabulary_is_refused(tmp_path: Path, content: bytes | None):
    path = tmp_path / "subwords.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"subwords\.json: not a subword vocabulary"):
        Subwords.load(path)
