from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import pytest
from pydantic import BaseModel, ConfigDict

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers import ErrorLog, Strict, read_documents
from bran.corpus.readers.pubtator import read_pubtator
from bran.corpus.schema import Schema, load_schema
from bran.corpus.writers import open_document_writer, write_documents
from bran.corpus.writers.label_studio import CONFIG, TASKS
from tests import builders
from tests.corpus.writers.test_brat import PREDICTED

CDR = load_schema("cdr")


class _Documented(BaseModel):
    """What https://labelstud.io/guide/predictions and its pages of tags say of the keys that are used here."""

    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())


class LabelsValue(_Documented):
    start: int
    end: int
    text: str
    labels: list[str]


class TextAreaValue(_Documented):
    start: int
    end: int
    text: list[str]


class Labels(_Documented):
    id: str
    from_name: Literal["mentions"]
    to_name: Literal["text"]
    type: Literal["labels"]
    value: LabelsValue


class TextArea(_Documented):
    id: str
    from_name: Literal["concepts"]
    to_name: Literal["text"]
    type: Literal["textarea"]
    value: TextAreaValue


class Arc(_Documented):
    type: Literal["relation"]
    from_id: str
    to_id: str
    direction: Literal["right", "left", "bi"]
    labels: list[str]
    score: float | None = None


class Prediction(_Documented):
    model_version: str
    result: list[Labels | TextArea | Arc]
    score: float | None = None


class Task(_Documented):
    data: dict[str, Any]
    predictions: list[Prediction]


def write(path: Path, docs: list[Document], schema: Schema | None = CDR) -> Path:
    with open_document_writer(path, schema=schema, format="label-studio") as writer:
        write_documents(docs, writer, on_error=Strict())
    return path


def tasks(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / TASKS).read_text("utf-8"))
    return found


def test_a_task_holds_text_regions_and_relations(tmp_path: Path) -> None:
    (task,) = tasks(write(tmp_path / "out", [PREDICTED]))
    assert task["data"]["document"] == "17"
    assert task["data"]["text"] == "Velorin and brinol \U0001f9ea:\nno tremor."
    (prediction,) = task["predictions"]
    assert prediction == {
        "model_version": "cdr",
        "score": 0.5,
        "result": [
            region("T1", "mentions", "labels", 0, 18, text="Velorin and brinol", labels=["Chemical"]),
            region("T1", "concepts", "textarea", 0, 18, text=["MESH:C1", "MESH:C2"]),
            region("T2", "mentions", "labels", 25, 31, text="tremor", labels=["Disease"]),
            region("T2", "concepts", "textarea", 25, 31, text=["MESH:D1"]),
            {
                "type": "relation",
                "from_id": "T1",
                "to_id": "T2",
                "direction": "right",
                "labels": ["CID"],
                "score": 0.5,
            },
        ],
    }


def region(id_: str, name: str, type_: str, start: int, end: int, **value: object) -> dict[str, object]:
    value |= {"start": start, "end": end}
    return {"id": id_, "from_name": name, "to_name": "text", "type": type_, "value": value}


@pytest.mark.parametrize("corpus", ["cdr", "biored", "chemdisgene"])
def test_tasks_are_of_the_documented_shape_and_come_back(corpus: str, fixtures: Path, tmp_path: Path) -> None:
    schema = load_schema(corpus)
    docs = list(read_pubtator(fixtures / "corpus" / f"{corpus}.pubtator", schema=schema))
    folder = write(tmp_path / "out", docs, schema)
    for task in tasks(folder):
        Task.model_validate(task)
        for item in task["predictions"][0]["result"]:
            if item["type"] == "labels":
                value = item["value"]
                assert task["data"]["text"][value["start"] : value["end"]] == value["text"]
    assert list(read_documents(folder / TASKS, schema=schema)) == docs


@pytest.mark.parametrize("schema", [CDR, None], ids=["cdr", "no schema"])
def test_its_own_software_takes_what_is_written(tmp_path: Path, schema: Schema | None) -> None:
    interface = pytest.importorskip("label_studio_sdk.label_interface").LabelInterface
    folder = write(tmp_path / "out", [PREDICTED, *builders.documents()], schema)
    config = interface((folder / CONFIG).read_text())
    config.validate()
    for task in tasks(folder):
        assert config.validate_task({"data": task["data"]})
        assert config.validate_prediction(task["predictions"][0], return_errors=True) == []


def test_the_interface_offers_all_types(tmp_path: Path) -> None:
    root = ElementTree.fromstring((write(tmp_path / "out", []) / CONFIG).read_text())
    assert [each.get("value") for each in root.iter("Label")] == ["Chemical", "Disease"]
    assert [each.get("value") for each in root.iter("Relation")] == ["CID"]
    names = {each.get("name"): each for each in root.iter() if each.get("name")}
    assert list(names) == ["mentions", "text", "concepts"]
    assert all(names[name].get("toName") == "text" for name in ("mentions", "concepts"))
    assert names["concepts"].get("perRegion") == "true"
    assert tasks(tmp_path / "out") == []


def test_two_mentions_have_one_arc_with_every_label(tmp_path: Path) -> None:
    docs = builders.several_types_documents()
    folder = write(tmp_path / "out", docs, builders.several_types_schema())
    arcs = [item for item in tasks(folder)[0]["predictions"][0]["result"] if item["type"] == "relation"]
    assert ["treats", "causes"] in [arc["labels"] for arc in arcs]
    assert len({(arc["from_id"], arc["to_id"]) for arc in arcs}) == len(arcs) == 3
    read = list(read_documents(folder / TASKS, schema=builders.several_types_schema()))
    assert [set(doc.relations) for doc in read] == [set(doc.relations) for doc in docs]


def test_names_are_escaped(tmp_path: Path) -> None:
    mentions = (Mention(0, 1, 'a"<b&'), Mention(1, 2, 'a"<b&', ("X",)), Mention(2, 3, "c", ("Y",)))
    doc = Document("1", (Passage("text", "abc"),), mentions, (Relation("x^<y>", "X", "Y"),))
    folder = write(tmp_path / "out", [doc], None)
    root = ElementTree.fromstring((folder / CONFIG).read_text())
    assert [each.get("value") for each in root.iter("Label")] == ['a"<b&', "c"]
    assert [each.get("value") for each in root.iter("Relation")] == ["x^<y>"]
    assert list(read_documents(folder / TASKS)) == [doc]


UNWRITABLE = {
    "line end": (Document("9", (Passage("title", "two\nlines"),)), "line end"),
    "no JSON": (Document("9", (Passage("title", "a"),), meta={"x": float("inf")}), "expected what JSON holds"),
}


@pytest.mark.parametrize("case", UNWRITABLE)
def test_what_cannot_be_written_is_told_and_the_rest_is_done(tmp_path: Path, case: str) -> None:
    doc, message = UNWRITABLE[case]
    log, good = ErrorLog(), builders.documents()
    with open_document_writer(tmp_path / "out", schema=CDR, format="label-studio") as writer:
        assert write_documents([doc, *good], writer, on_error=log) == len(good)
    (error,) = log.skipped
    assert message in str(error)
    assert list(read_documents(tmp_path / "out" / TASKS, schema=CDR)) == good
