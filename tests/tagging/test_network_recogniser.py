from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
import torch

from bran.corpus.document import Document, Passage
from bran.errors import ModelError
from bran.tagging.network_recogniser import NetworkRecogniser, RecogniserDescription, RecogniserModel
from tests.builders import document
from tests.recognisers import (
    bare,
    find_names,
    notes,
    recogniser_model,
    recogniser_network,
    trained_model,
    trained_recogniser,
    unlinked,
)


def texts() -> list[Document]:
    """The notes, some of them one after the other in a long text, and a text of nothing."""
    long = Document("40", tuple(passage for doc in notes() * 4 for passage in doc.passages))
    return [*bare(notes()), long, document("41", " "), document("42", "Velorin.")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    trained_model().save(tmp_path / "model", card="# Tiny\n")
    return tmp_path / "model"


def test_what_was_learned_is_found_without_concepts():
    found = list(trained_recogniser().recognise(bare(notes())))
    assert unlinked(found) == unlinked(notes())
    assert not any(mention.concepts for doc in found for mention in doc.mentions)


def test_all_but_mentions_stays():
    given = document("7", "{Velorin|Disease|MESH:D9} induced tremor.", relations=[("CID", "MESH:C1", "MESH:D1")])
    (found,) = trained_recogniser().recognise([given])
    assert (found.id, found.passages, found.relations) == (given.id, given.passages, given.relations)
    assert [mention.type for mention in found.mentions] == ["Chemical", "Disease"]


@pytest.mark.parametrize(("max_tokens", "chunk"), [(1, 256), (64, 2), (8192, 1), (300, 3)])
def test_neither_batches_nor_chunks_change_what_is_found(max_tokens: int, chunk: int):
    expected = list(trained_recogniser().recognise(texts()))
    assert list(trained_recogniser(max_tokens=max_tokens, chunk=chunk).recognise(texts())) == expected
    assert [doc.id for doc in expected] == [doc.id for doc in texts()]


def test_long_texts_are_read_in_windows():
    long = texts()[6]
    whole, cut = trained_recogniser(), trained_recogniser(window=24, overlap=12)
    assert len(cut.model.encoder([long])[0].windows) > 5
    (expected,), (found,) = whole.recognise([long]), cut.recognise([long])
    surfaces = [[doc.surface(mention) for mention in doc.mentions] for doc in (expected, found)]
    assert surfaces[0] == surfaces[1]
    assert len(surfaces[0]) == 4 * sum(len(doc.mentions) for doc in notes())


def test_a_text_of_100_000_words_is_tagged():
    (found,) = trained_recogniser().recognise([document("1", "velorin word tremor fell " * 25_000)])
    mentions = found.mentions
    assert len(mentions) > 25_000
    assert all(left.end <= right.start for left, right in itertools.pairwise(mentions))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        ".,;:()[]—%",
        "\x00\x07Velorin\x1f\x7f",
        "日本の薬とтремор",
        "\ud800 Velorin \udfff",
        "İİ ½ ﬃ 👩‍⚕️ e\u0301\u0301",
    ],
)
def test_odd_texts_are_no_trouble(text: str):
    doc = Document("1", (Passage("title", text), Passage("abstract", text)))
    around = notes()[:1]
    (first, found, last) = trained_recogniser().recognise([*bare(around), doc, *bare(around)])
    assert found.text == doc.text
    assert unlinked([first]) == unlinked([last]) == unlinked(around)


def test_only_a_chunk_is_read_ahead():
    read = itertools.count()
    endless = (document(str(next(read)), "Velorin.") for _ in itertools.repeat(None))
    stream = trained_recogniser(chunk=4).recognise(endless)
    for number in range(5):
        assert next(stream).id == str(number)
    assert next(read) == 8


# The folder


def test_a_saved_model_finds_the_same(folder: Path):
    loaded = RecogniserModel.load(folder, find_names=find_names)
    assert loaded.description == trained_model().description
    assert not loaded.network.training
    found = list(NetworkRecogniser(loaded, precision="fp32").recognise(texts()))
    assert found == list(trained_recogniser().recognise(texts()))
    assert any(doc.mentions for doc in found)


def test_a_rounded_model_is_smaller_and_finds_the_same(folder: Path, tmp_path: Path):
    network = recogniser_network()
    network.load_state_dict(trained_model().network.state_dict())
    network.embeddings.round()
    recogniser_model(network).save(tmp_path / "rounded", card="")
    sizes = [(path / "weights.safetensors").stat().st_size for path in (folder, tmp_path / "rounded")]
    assert sizes[1] < sizes[0] - 2 * network.embeddings.subwords.weight.numel() + 100
    loaded = RecogniserModel.load(tmp_path / "rounded", find_names=find_names)
    assert torch.equal(loaded.network.embeddings.subwords.weight, network.embeddings.subwords.weight)
    assert list(NetworkRecogniser(loaded, precision="fp32").recognise(texts())) == list(
        trained_recogniser().recognise(texts())
    )


def test_the_window_is_the_models_own(tmp_path: Path):
    trained_model(window=16, overlap=8).save(tmp_path, card="")
    encoder = RecogniserModel.load(tmp_path, find_names=find_names).encoder
    assert (encoder.window, encoder.overlap) == (16, 8)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format_version", 7, r"model\.json: format version 7"),
        ("colour", "red", r"model\.json: unknown key 'colour'"),
        ("types", ["Chemical"], r"weights\.safetensors: weights do not fit model\.json"),
        ("styles", ["one", "two"], r"weights\.safetensors: weights do not fit model\.json"),
        ("overlap", 512, r"model\.json: overlap 512 must be smaller than window 512"),
        ("model", {"encoder": {"dim": 15, "attention": {"heads": 2}}}, r"model\.json: .*15"),
    ],
)
def test_folders_that_cannot_be_used_are_model_errors(folder: Path, key: str, value: object, message: str):
    path = folder / "model.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**data, key: value}), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        RecogniserModel.load(folder, find_names=find_names)


def test_a_folder_that_is_not_there(tmp_path: Path):
    with pytest.raises(ModelError, match=r"not a model folder .*; expected what `bran tagging train` writes"):
        RecogniserModel.load(tmp_path / "absent", find_names=find_names)


def test_a_vocabulary_that_is_missing(folder: Path):
    (folder / "subwords.json").unlink()
    with pytest.raises(ModelError, match=r"subwords\.json: not a subword vocabulary"):
        RecogniserModel.load(folder, find_names=find_names)


def test_the_description_holds_what_a_reader_needs(folder: Path):
    data = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    assert RecogniserDescription.model_validate(data).types == ("Chemical", "Disease")
    assert data["styles"] == ["notes"]
    assert (folder / "README.md").read_text() == "# Tiny\n"
