"""``bran.load()``: text in, documents with relations out, as the command finds them."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bran
from bran.cli.main import app
from bran.corpus.document import Document, Passage
from bran.errors import ConfigError, FormatError, ModelError
from bran.evaluation.thresholds import Threshold
from bran.extraction.trained_model import read_description, replace_description
from bran.workflows.pipeline import Pipeline, as_document
from tests.builders import documents
from tests.serving import TEXT, tiny_pipeline


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return tiny_pipeline(tmp_path_factory.mktemp("pipeline"))


def test_a_text_is_tagged_and_related(model: Pipeline) -> None:
    found = model(TEXT)
    assert [found.surface(mention) for mention in found.mentions] == ["Velorin", "tremor"]
    (relation,) = found.relations
    assert (relation.type, relation.head, relation.tail, relation.model) == ("CID", "MESH:C1", "MESH:D1", "tiny")
    assert relation.score is not None
    assert sum(pair.share for pair in relation.evidence) == pytest.approx(1)


def test_a_text_is_called_after_its_words(model: Pipeline) -> None:
    assert model(TEXT).id == model(TEXT).id != model(TEXT + " ").id
    assert len(model(TEXT).id) == 12


def test_a_document_keeps_its_id_and_its_mentions(model: Pipeline) -> None:
    given = documents()[0]
    found = model(given)
    assert (found.id, found.mentions) == (given.id, given.mentions)
    assert {relation.head for relation in found.relations} == {"MESH:C1"}


def test_a_bare_document_is_tagged(model: Pipeline) -> None:
    found = model(Document("7", (Passage("title", TEXT),)))
    assert found == replace(model(TEXT), id="7", passages=(Passage("title", TEXT),))


def test_many_are_read_as_one_by_one_and_only_as_far_as_they_are_wanted(model: Pipeline) -> None:
    sources = [TEXT, documents()[1], "No adverse event was seen.", documents()[0]]
    found = list(model.pipe(iter(sources)))
    alone = [model(source) for source in sources]
    assert found == alone
    for one, other in zip(found, alone, strict=True):
        assert [r.score for r in one.relations] == pytest.approx([r.score for r in other.relations], abs=1e-6)
    taken: list[int] = []
    stream = model.pipe(taken.append(number) or f"{TEXT} {number}" for number in range(2000))
    next(stream)
    assert len(taken) == 256


def test_thresholds_by_number_and_by_name(tmp_path: Path) -> None:
    model = tiny_pipeline(tmp_path)
    folder = tmp_path / "model"
    (relation,) = model(TEXT).relations
    score = relation.score or 0.0
    named = {"p90": Threshold(value=score + 1e-4, precision=0.9, recall=0.1, f1=0.2)}
    replace_description(folder, read_description(folder).model_copy(update={"thresholds": named}))
    model = bran.load(folder, ner=str(tmp_path / "recogniser"), lexicon=tmp_path / "lexicon")
    assert model.threshold == 0.5
    assert model.thresholds == named
    assert [len(model(TEXT, threshold=least).relations) for least in (0, score - 1e-4, "p90", 1)] == [1, 1, 0, 0]
    assert bran.load(folder, threshold="p90").threshold == score + 1e-4
    with pytest.raises(ConfigError, match=r"threshold 'p70': expected a number from 0 to 1 or one of p90"):
        model(TEXT, threshold="p70")


def test_the_table_has_the_numbers_of_the_command(model: Pipeline, samples: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "found.csv"
    assert CliRunner().invoke(app, ["extract", *map(str, samples), "-o", str(output)]).exit_code == 0
    with output.open(newline="", encoding="utf-8") as stream:
        expected = list(csv.DictReader(stream))
    bundled = bran.load()
    read = [document for sample in samples for document in bran.read_documents(sample, schema=bundled.schema)]
    found = bundled.table(bundled.pipe(read))
    assert len(found) == len(expected) > 0
    for row, other in zip(found, expected, strict=True):
        assert [row[name] for name in ("document", "head", "tail", "sentence")] == [
            other[name] for name in ("document", "head", "tail", "sentence")
        ]
        assert row["score"] == pytest.approx(float(other["score"]), abs=0.01 if bf16() else 2e-6)


def bf16() -> bool:
    """Whether the command multiplies in 16 bits here."""
    import torch

    from bran.nn.devices import has_bf16

    return has_bf16(torch.device("cpu"))


def test_a_table_names_the_model_and_the_concepts(model: Pipeline) -> None:
    (row,) = model.table([model(TEXT)])
    assert (row["model"], row["model_hash"], row["model_version"]) == ("tiny", model.hash, bran.__version__)
    assert (row["head_label"], row["tail_label"]) == ("Velorin", "Tremor")


def test_what_does_not_hold_is_one_line(model: Pipeline) -> None:
    with pytest.raises(FormatError, match=r"^text: is empty"):
        model("")
    with pytest.raises(ConfigError, match=r"int '7': expected text or a bran.Document"):
        as_document(7)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="expected several of them"):
        model.pipe(TEXT)
    with pytest.raises(ModelError, match="nowhere"):
        bran.load("nowhere")


def test_it_says_what_it_is(model: Pipeline) -> None:
    assert repr(model) == f"<bran.Pipeline tiny {model.hash}, threshold 0>"


def test_warming_up_loads_what_texts_need(tmp_path: Path) -> None:
    model = tiny_pipeline(tmp_path)
    model.warm_up()
    loaded = set(sys.modules)
    assert model("Zorvapine (ZVP) induced tremors (TR).").mentions
    assert {name.partition(".")[0] for name in set(sys.modules) - loaded} <= {"bran"}
