"""Text in, documents with linked mentions out: settings that build taggers, mixed streams, files that are whole."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import spacy

from bran.corpus.document import Document, Passage
from bran.corpus.readers import ErrorLog, Strict, read_documents
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, FormatError, ModelError
from bran.workflows.tag import TagCounts, TaggingSettings, tag_bare, tag_documents
from tests.builders import document
from tests.recognisers import bare, notes, trained_model, unlinked, write_lexicon

CDR = load_schema("cdr")
ABSENT = TaggingSettings(ner="no-such-recogniser")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> TaggingSettings:
    """The tiny recogniser and the tiny lexicon, each in a folder."""
    folder = tmp_path_factory.mktemp("tagging")
    trained_model().save(folder / "recogniser", card="")
    return TaggingSettings(ner=str(folder / "recogniser"), lexicon=write_lexicon(folder / "lexicon"))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A spaCy pipeline of rules that calls chemicals drugs."""
    folder = tmp_path_factory.mktemp("pipeline")
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "DRUG", "pattern": "Velorin"}, {"label": "DISEASE", "pattern": "tremor"}])
    nlp.to_disk(folder)
    return str(folder)


def concepts(doc: Document) -> list[tuple[str, ...]]:
    return [mention.concepts for mention in doc.mentions]


# Settings


def test_settings_build_a_tagger_that_recognises_and_links(settings: TaggingSettings) -> None:
    found = list(settings()(bare(notes())))
    assert unlinked(found) == unlinked(notes())
    assert concepts(found[0]) == [("MESH:C1",), ("MESH:D1",)]
    assert concepts(found[1]) == [("MESH:C2",), ("MESH:D3",)]


@pytest.mark.parametrize("how", ["keep", "text"])
def test_mentions_that_no_concept_is_found_for(settings: TaggingSettings, how: str) -> None:
    (found,) = replace(settings, unlinked=how)()(bare(notes()[4:5]))
    assert found.surface(found.mentions[0]) == "Zorvapine"
    assert bool(found.mentions[0].concepts) == (how == "text")
    assert found.mentions[1].concepts == ("MESH:D1",)


def test_a_spacy_pipeline_recognises_with_labels_of_its_own(settings: TaggingSettings, pipeline: str) -> None:
    (found,) = replace(settings, ner=pipeline)()(bare(notes()[:1]))
    assert [mention.type for mention in found.mentions] == ["Disease"]
    (found,) = replace(settings, ner=pipeline, labels={"DRUG": "Chemical"})()(bare(notes()[:1]))
    assert [mention.type for mention in found.mentions] == ["Chemical", "Disease"]
    assert concepts(found) == [("MESH:C1",), ("MESH:D1",)]


def test_a_label_of_a_type_that_the_schema_does_not_have(settings: TaggingSettings, pipeline: str) -> None:
    with pytest.raises(ConfigError, match="label 'DRUG': entity type 'Plant'; expected one of Chemical, Disease"):
        replace(settings, ner=pipeline, labels={"DRUG": "Plant"})()


def test_models_that_are_not_there(settings: TaggingSettings, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no-such-recogniser"):
        replace(settings, ner="no-such-recogniser")()
    with pytest.raises(ModelError, match="expected the folder of a lexicon"):
        replace(settings, lexicon=tmp_path)()


def test_without_the_recogniser_that_ships_its_folder_is_named(
    settings: TaggingSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bran.workflows.tag.recogniser_folder", lambda: tmp_path / "mentions")
    with pytest.raises(ModelError, match=r"mentions.*not a model folder"):
        replace(settings, ner=None)()


def test_settings_travel_to_workers(settings: TaggingSettings) -> None:
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301 - our own


@pytest.mark.slow
def test_two_workers_find_what_one_does_in_the_same_order(settings: TaggingSettings) -> None:
    given = [replace(doc, id=f"{doc.id}-{copy}") for copy in range(15) for doc in [*bare(notes()), *notes()[:1]]]
    one = list(tag_bare(given, settings, workers=1))
    assert list(tag_bare(given, settings, workers=2)) == one
    assert [doc.id for doc in one] == [doc.id for doc in given]


# Mixed streams


def test_nothing_is_loaded_for_documents_with_linked_mentions() -> None:
    assert list(tag_bare(notes(), ABSENT)) == notes()
    assert list(tag_bare([], ABSENT)) == []


@pytest.mark.parametrize("doc", [*bare(notes()[:1]), document("1", "{Velorin|Chemical|}.")])
def test_models_are_loaded_for_the_first_document_that_needs_them(doc: Document) -> None:
    stream = tag_bare([notes()[0], doc], ABSENT)
    assert next(stream) == notes()[0]
    with pytest.raises(ModelError):
        next(stream)


def test_retagging_needs_the_models_at_once(settings: TaggingSettings) -> None:
    with pytest.raises(ModelError):
        next(tag_bare(notes(), replace(ABSENT, retag=True)))
    wrong = document("1", "{Velorin induced|Disease|MESH:D9} tremor in two men.")
    (found,) = tag_bare([wrong], replace(settings, retag=True))
    assert concepts(found) == [("MESH:C1",), ("MESH:D1",)]


def test_mentions_without_concepts_are_linked_wherever_they_stand(settings: TaggingSettings) -> None:
    half = document("1", "{Velorin|Chemical|} word.")
    found = list(tag_bare([half, *bare(notes()[:1]), half, notes()[1]], settings))
    assert [doc.id for doc in found] == ["1", "31", "1", "32"]
    assert concepts(found[0]) == concepts(found[2]) == [("MESH:C1",)]
    assert found[3] == notes()[1]


# Files


@pytest.fixture
def save(settings: TaggingSettings, tmp_path: Path) -> Callable[..., TagCounts]:
    def tag(
        docs: list[Document], name: str, *, on_error: ErrorLog | None = None, format: str | None = None
    ) -> TagCounts:
        return tag_documents(
            docs, settings, output=tmp_path / name, output_format=format, schema=CDR, on_error=on_error or Strict()
        )

    return tag


@pytest.mark.parametrize("name", ["tagged.pubtator", "tagged.jsonl.gz", "tagged.xml", "tagged.json"])
def test_what_is_written_can_be_read(save: Callable[..., TagCounts], tmp_path: Path, name: str) -> None:
    counts = save([*bare(notes()[:2]), notes()[2]], name)
    assert counts == TagCounts(documents=3, mentions=7, linked=7)
    read = list(read_documents(tmp_path / name, schema=CDR))
    assert [(doc.id, doc.text) for doc in read] == [(doc.id, doc.text) for doc in notes()[:3]]
    assert unlinked(read) == unlinked(notes()[:3])
    assert [concepts(doc) for doc in read] == [
        [("MESH:C1",), ("MESH:D1",)],
        [("MESH:C2",), ("MESH:D3",)],
        concepts(notes()[2]),
    ]


def test_unlinked_mentions_are_counted_apart(save: Callable[..., TagCounts]) -> None:
    assert save(bare(notes()[4:5]), "tagged.jsonl") == TagCounts(documents=1, mentions=2, linked=1)


def test_the_format_may_be_named(save: Callable[..., TagCounts], tmp_path: Path) -> None:
    save(bare(notes()[:1]), "tagged.out", format="jsonl")
    assert (tmp_path / "tagged.out").read_text().startswith("{")


def test_a_document_that_the_format_cannot_hold_is_told_and_left_out(
    save: Callable[..., TagCounts], tmp_path: Path
) -> None:
    odd, log = Document("1", (Passage("title", "Velorin."), Passage("abstract", "two\nlines"))), ErrorLog()
    counts = save([odd, *bare(notes()[:1])], "tagged.pubtator", on_error=log)
    assert counts.documents == 1
    assert "line end" in str(log.skipped[0])
    with pytest.raises(FormatError):
        save([odd], "strict.pubtator")
    assert not (tmp_path / "strict.pubtator").exists()


def test_an_interrupt_leaves_what_was_there(settings: TaggingSettings, tmp_path: Path) -> None:
    def interrupted() -> object:
        yield bare(notes())[0]
        raise KeyboardInterrupt

    output = tmp_path / "tagged.jsonl"
    output.write_text("before")
    with pytest.raises(KeyboardInterrupt):
        tag_documents(interrupted(), settings, output=output, schema=CDR, on_error=Strict())
    assert output.read_text() == "before"
    assert list(tmp_path.iterdir()) == [output]
