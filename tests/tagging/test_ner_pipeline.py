"""The project in ``pipelines/tagging``: its config trains, its reader leaves documents out, its steps fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from spacy.cli.train import train
from spacy.util import import_file, registry

from bran.corpus.document import Document
from bran.corpus.schema import load_schema
from bran.corpus.writers.docbin import DocBinWriter
from bran.tagging.spacy_recogniser import SpacyRecogniser
from bran.tagging.tokenizers import blank_pipeline
from tests.builders import document, documents

SMALL = {"vars.width": 8, "vars.rows": [50, 50, 50, 50], "training.eval_frequency": 20, "vars.every": 7}
SMALL |= {"vars.learn_rate": 0.02, "training.optimizer.use_averages": False}
SMALL |= {"components.ner.model.hidden_width": 8, "components.ner.model.tok2vec.encode.depth": 1}


@pytest.fixture(scope="module", autouse=True)
def folder(root: Path) -> Path:
    folder = root / "pipelines" / "tagging"
    import_file("python_code", folder / "registered.py")
    return folder


def write(path: Path, docs: list[Document]) -> Path:
    with path.open("wb") as stream:
        writer = DocBinWriter(stream)
        for doc in docs:
            writer.write(doc)
        writer.close()
    return path


def read(path: Path, **settings: object) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    defaults: dict[str, object] = {"labels": {"Chemical": "Chemical"}, "every": 0, "validates": False, "without": []}
    reader = registry.readers.get("tagging.Corpus.v1")(path, **{**defaults, **settings})
    for example in reader(blank_pipeline("punctuation")):
        doc = example.reference
        yield doc.user_data["bran"]["id"], [(ent.text, ent.label_) for ent in doc.ents]


def test_config_trains_a_recogniser_and_goes_on_from_it(folder: Path, tmp_path: Path):
    copies = [replace(doc, id=f"{number}-{doc.id}") for number in range(5) for doc in documents()]
    corpus = str(write(tmp_path / "train.spacy", copies))
    overrides = {**SMALL, "paths.train": corpus, "paths.dev": corpus, "training.max_steps": 120}
    train(folder / "configs" / "ner.cfg", tmp_path / "first", overrides=overrides)
    overrides |= {"paths.weights": str(tmp_path / "first" / "model-best"), "training.max_steps": 1}
    train(folder / "configs" / "ner.cfg", tmp_path / "second", overrides=overrides)
    for run in ("first", "second"):
        recogniser = SpacyRecogniser.load(tmp_path / run / "model-best", schema=load_schema("cdr"))
        for gold, found in zip(documents(), recogniser.recognise(documents()), strict=True):
            outer = {(m.start, m.end, m.type) for m in gold.mentions if gold.surface(m) != "gout"}
            assert len({(m.start, m.end, m.type) for m in found.mentions} & outer) >= 0.8 * len(outer)


def test_reader_maps_labels_and_leaves_others_out(tmp_path: Path):
    path = write(tmp_path / "docs.spacy", [document("1", "{Velorin|Chemical|C1} in {gout|Disease|D1} of {X|Gene|G}.")])
    assert list(read(path, labels={"Chemical": "Drug", "Gene": "Gene"})) == [
        ("1", [("Velorin", "Drug"), ("X", "Gene")])
    ]  # fmt: skip


def test_reader_parts_training_from_validation(tmp_path: Path):
    path = write(tmp_path / "docs.spacy", [document(str(number), "Gout.") for number in range(7)])
    assert [id_ for id_, _ in read(path, every=3, validates=True)] == ["0", "3", "6"]
    assert [id_ for id_, _ in read(path, every=3)] == ["1", "2", "4", "5"]
    assert [id_ for id_, _ in read(path)] == list("0123456")


def test_reader_leaves_out_the_documents_of_other_files(tmp_path: Path):
    path = write(tmp_path / "docs.spacy", [document(id_, "Gout.") for id_ in "abc"])
    other = write(tmp_path / "other.spacy", [document("b", "Other text of the same document.")])
    assert [id_ for id_, _ in read(path, without=[str(other)])] == ["a", "c"]


def test_every_input_of_a_step_is_an_output_of_one_before(folder: Path):
    project = yaml.safe_load((folder / "project.yml").read_text(encoding="utf-8"))
    commands = {command["name"]: command for command in project["commands"]}
    for steps in project["workflows"].values():
        made: set[str] = set()
        for step in (commands[name] for name in steps):
            for path in step["deps"]:
                assert path in made or path.startswith("${env.data}/") or (folder / path).exists(), path
            written = re.findall(r"-o (\S+)", " ".join(step["script"]))
            assert all(path.startswith(tuple(written)) for path in step["outputs"]), (written, step["outputs"])
            made |= set(step["outputs"])


def test_nothing_is_learned_from_development(folder: Path):
    text = (folder / "project.yml").read_text(encoding="utf-8")
    assert not re.findall(r"--paths\.\w+ corpus/development", text)
    assert r"--vars.without [\"corpus/training.spacy\",\"corpus/development.spacy\"]" in text
