from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from bran.corpus.document import Document, Mention, Passage
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, ModelError
from bran.tagging import spacy_recogniser
from bran.tagging.spacy_recogniser import SpacyRecogniser, load_pipeline, type_labels
from bran.tagging.tokenizers import blank_pipeline
from tests.builders import document, documents

LABELS = {"CHEMICAL": "Chemical", "DISEASE": "Disease"}


def ruler(*, gene: str = "") -> Language:
    """A pipeline that knows the names of the invented abstracts."""
    nlp = blank_pipeline("punctuation")
    chemicals, diseases = ("velorin", "sotamide", "brinol", "kelvane", "ostrelin"), ("tremor", "gout", "rash", "pain")
    patterns = [("CHEMICAL", name) for name in chemicals] + [("DISEASE", name) for name in diseases]
    patterns += [("GENE", gene)] if gene else []
    rules = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    rules.add_patterns([{"label": label, "pattern": name} for label, name in patterns])  # type: ignore[attr-defined]
    return nlp


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pipeline") / "ruler"
    ruler().to_disk(path)
    return path


def surfaces(doc: Document) -> list[tuple[str, str]]:
    return [(doc.surface(mention), mention.type) for mention in doc.mentions]


def test_mentions_are_the_entities_with_their_types():
    (found,) = SpacyRecogniser(ruler(), LABELS).recognise(documents()[:1])
    assert surfaces(found) == [
        ("Velorin", "Chemical"), ("tremor", "Disease"),
        ("velorin", "Chemical"), ("tremor", "Disease"), ("Pain", "Disease"),
    ]  # fmt: skip
    assert all(not mention.concepts for mention in found.mentions)


def test_all_else_of_a_document_stays():
    before = Document("7", documents()[0].passages, (Mention(0, 3, "Disease"),), documents()[0].relations, {"year": 3})
    (after,) = SpacyRecogniser(ruler(), LABELS).recognise([before])
    assert (after.id, after.passages, after.relations, after.meta) == (
        before.id, before.passages, before.relations, before.meta,
    )  # fmt: skip
    assert Mention(0, 3, "Disease") not in after.mentions


def test_entities_of_unknown_labels_are_counted():
    recogniser = SpacyRecogniser(ruler(gene="abx1"), LABELS)
    (found,) = recogniser.recognise([document("1", "ABX1 and velorin; ABX1 again.")])
    assert surfaces(found) == [("velorin", "Chemical")]
    assert recogniser.notes == {"GENE": 2}


def test_no_mention_reaches_over_two_passages():
    doc = Document("1", (Passage("title", "Brinol and hay"), Passage("abstract", "fever in ostrelin users.")))
    nlp = ruler()
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "DISEASE", "pattern": "hay fever"}])  # type: ignore[attr-defined]
    assert [ent.text for ent in nlp(doc.text).ents] == ["Brinol", "hay fever", "ostrelin"]
    (found,) = SpacyRecogniser(nlp, LABELS).recognise([doc])
    assert surfaces(found) == [("Brinol", "Chemical"), ("ostrelin", "Chemical")]


@pytest.mark.parametrize("separator", [" ", "", "\n"])
def test_long_texts_are_cut_and_offsets_stay(monkeypatch: pytest.MonkeyPatch, separator: str):
    monkeypatch.setattr(spacy_recogniser, "_MAX_PIECE", 50)
    text = separator.join(["(velorin) and (gout)"] * 20)
    (found,) = SpacyRecogniser(ruler(), LABELS).recognise([document("1", "Gout", text)])
    assert {surface for surface, _ in surfaces(found)} == {"Gout", "velorin", "gout"}
    assert len(found.mentions) >= 28  # where there is no space, a cut may go through a word


def test_what_spacy_cannot_hold_does_no_harm():
    doc = Document("1", (Passage("title", "\ud800 velorin \x00\x1b"), Passage("abstract", ""), Passage("x", "gout")))
    (found,) = SpacyRecogniser(ruler(), LABELS).recognise([doc])
    assert surfaces(found) == [("velorin", "Chemical"), ("gout", "Disease")]


def test_a_text_of_megabytes_is_recognised():
    (found,) = SpacyRecogniser(ruler(), LABELS).recognise([document("1", "x" * 1_500_000 + " velorin")])
    assert surfaces(found) == [("velorin", "Chemical")]


def test_no_more_than_a_chunk_is_read_ahead_and_order_stays(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spacy_recogniser, "_DOCUMENTS", 4)
    read = 0

    def stream() -> Iterator[Document]:
        nonlocal read
        for index in range(1000):
            read += 1
            yield document(str(index), "Brinol.")

    found = SpacyRecogniser(ruler(), LABELS).recognise(stream())
    assert read == 0
    assert [next(found).id for _ in range(6)] == ["0", "1", "2", "3", "4", "5"]
    assert read == 8


def test_words_are_forgotten_after_each_chunk(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spacy_recogniser, "_DOCUMENTS", 10)
    nlp = ruler()
    recogniser = SpacyRecogniser(nlp, LABELS)
    list(recogniser.recognise([document("0", "Brinol.")]))
    before = len(nlp.vocab.strings)
    list(recogniser.recognise(document(str(index), f"word{index} brinol.") for index in range(100)))
    assert len(nlp.vocab.strings) == before


def test_workers_change_nothing():
    alone = list(SpacyRecogniser(ruler(gene="men"), LABELS).recognise(documents() * 5))
    recogniser = SpacyRecogniser(ruler(gene="men"), LABELS, processes=2, batch_size=3)
    assert list(recogniser.recognise(documents() * 5)) == alone
    assert recogniser.notes == {"GENE": 10}


def test_a_pipeline_in_a_folder_is_loaded(folder: Path):
    recogniser = SpacyRecogniser.load(folder, schema=load_schema("cdr"))
    (found,) = recogniser.recognise([document("1", "Velorin and gout.")])
    assert surfaces(found) == [("Velorin", "Chemical"), ("gout", "Disease")]


def test_an_installed_pipeline_is_loaded_by_name(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As ``spacy package`` lays it out: a module of the pipeline's name, beside its metadata."""
    package = tmp_path / "en_ner_invented"
    shutil.copytree(folder, package / "en_ner_invented-0.1.0")
    (package / "__init__.py").write_text(
        "from pathlib import Path\n"
        "from spacy.util import load_model_from_init_py\n"
        "def load(**overrides):\n"
        "    return load_model_from_init_py(__file__, **overrides)\n"
    )
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    meta |= {"name": "ner_invented", "version": "0.1.0"}
    (package / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    info = tmp_path / "en_ner_invented-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: en_ner_invented\nVersion: 0.1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    recogniser = SpacyRecogniser.load("en_ner_invented", schema=load_schema("biored"), labels={
        "chemical": "ChemicalEntity", "Disease": "DiseaseOrPhenotypicFeature",
    })  # fmt: skip
    (found,) = recogniser.recognise([document("1", "Velorin and gout.")])
    assert surfaces(found) == [("Velorin", "ChemicalEntity"), ("gout", "DiseaseOrPhenotypicFeature")]


@pytest.mark.parametrize("name", ["en_ner_bc5cdr_md", "no/such/folder"])
def test_a_missing_pipeline_is_one_clear_line(name: str):
    with pytest.raises(ModelError, match=r"neither installed nor a folder .* scispaCy's .*https://") as caught:
        load_pipeline(name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pipeline_with_an_unknown_component_is_one_clear_line(folder: Path, tmp_path: Path):
    shutil.copytree(folder, tmp_path / "odd")
    config = tmp_path / "odd" / "config.cfg"
    config.write_text(config.read_text().replace('factory = "entity_ruler"', 'factory = "no_such_component"'))
    with pytest.raises(ModelError, match=r"cannot be loaded .*no_such_component") as caught:
        load_pipeline(tmp_path / "odd")
    assert "\n" not in str(caught.value)


def test_a_pipeline_without_components_is_refused(tmp_path: Path):
    spacy.blank("en").to_disk(tmp_path)
    with pytest.raises(ModelError, match="has no components"):
        load_pipeline(tmp_path)


def test_labels_are_the_names_and_aliases_of_types_in_any_case():
    labels = type_labels(load_schema("cdr"), {"Drug": "Chemical", "disease": "Chemical"})
    assert labels["chemical"] == labels["drug"] == "Chemical"
    assert labels["specificdisease"] == "Disease"
    assert labels["disease"] == "Chemical"  # what is said goes before the schema's names


def test_a_label_of_an_unknown_type_is_refused(folder: Path):
    with pytest.raises(ConfigError, match="label 'CHEMICAL': entity type 'Drug'; expected one of Chemical, Disease"):
        SpacyRecogniser.load(folder, schema=load_schema("cdr"), labels={"CHEMICAL": "Drug"})
