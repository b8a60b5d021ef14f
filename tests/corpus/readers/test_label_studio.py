from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.load import load_corpus
from bran.corpus.readers import ErrorLog, detect_format, read_documents
from bran.corpus.readers.label_studio import is_label_studio, read_label_studio
from bran.corpus.schema import Schema, load_schema
from bran.corpus.writers import open_document_writer
from bran.corpus.writers.label_studio import TASKS
from bran.errors import DataError, FormatError, OffsetError, UnknownTypeError
from tests import builders

CDR = load_schema("cdr")
TEXT = "Velorin and gait.\nIt induced tremor."
Json = dict[str, Any]


def region(id_: str, start: int, end: int, label: str, text: str | None = None) -> Json:
    value: Json = {"start": start, "end": end, "labels": [label]}
    if text is not None:
        value["text"] = text
    return {"id": id_, "from_name": "label", "to_name": "text", "type": "labels", "origin": "manual", "value": value}


def concepts(id_: str, *ids: str) -> Json:
    value = {"start": 0, "end": 1, "text": list(ids)}
    return {"id": id_, "from_name": "concepts", "to_name": "text", "type": "textarea", "value": value}


def arc(head: str, tail: str, *labels: str, direction: str = "right") -> Json:
    return {"type": "relation", "from_id": head, "to_id": tail, "direction": direction, "labels": list(labels)}


BASE = [
    region("x", 0, 7, "Chemical", "Velorin"),
    concepts("x", "MESH:C1"),
    region("y", 29, 35, "Disease", "tremor"),
    concepts("y", "D1"),
]
RESULT = [*BASE, arc("x", "y", "CID")]


def annotated(result: Sequence[Json] = RESULT, id_: int = 5, **further: Any) -> Json:
    annotation = {"id": 1001, "result": list(result), "was_cancelled": False, "ground_truth": False} | further
    return {"id": id_, "data": {"text": TEXT}, "annotations": [annotation], "predictions": [7], "project": 83}


def read(*tasks: Json, schema: Schema | None = CDR, log: ErrorLog | None = None) -> list[Document]:
    return list(read_label_studio(io.BytesIO(json.dumps(tasks).encode()), schema=schema, on_error=log))


def test_a_task_of_another_hand_is_read() -> None:
    (doc,) = read(annotated())
    assert doc.id == "5"
    assert doc.passages == (Passage("title", "Velorin and gait."), Passage("abstract", "It induced tremor."))
    assert doc.mentions == (Mention(0, 7, "Chemical", ("MESH:C1",)), Mention(29, 35, "Disease", ("MESH:D1",)))
    assert doc.relations == (Relation("CID", "MESH:C1", "MESH:D1"),)


@pytest.mark.parametrize("key", ["document", "pmid"])
def test_the_data_tell_id_and_text(key: str) -> None:
    (doc,) = read({"id": 1, "data": {key: 99, "abstract": "Only one."}})
    assert (doc.id, doc.text, doc.mentions) == ("99", "Only one.", ())


def test_the_format_is_told_by_content(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps([annotated()], indent=2))
    assert detect_format(path) == "label-studio"
    # An export of many regions, whose data stand beyond what is looked at.
    assert is_label_studio(json.dumps([{"annotations": [{"result": RESULT}]}]).encode())
    assert not is_label_studio(b'[{"annotations": [], "infons": {}, "data": {"a": 1}}]')
    assert not is_label_studio(b'{"id": "1", "text": "annotations and data"}')


def test_the_first_annotation_that_is_true_counts_else_the_last_one_changed() -> None:
    def one(label: str, **further: Any) -> Json:
        return {"result": [region("x", 0, 7, label)], **further}

    task = annotated()
    early, late = one("Chemical", updated_at="2024-01-01T00:00:00Z"), one("Disease", updated_at="2024-03-01T00:00:00Z")
    for given, expected in (
        ([late, early], "Disease"),
        ([early, late], "Disease"),
        ([early | {"ground_truth": True}, late], "Chemical"),
        ([early, late | {"was_cancelled": True}], "Chemical"),
        ([one("Disease"), one("Chemical")], "Chemical"),
    ):
        (doc,) = read(task | {"annotations": given})
        assert [mention.type for mention in doc.mentions] == [expected]


@pytest.mark.parametrize(("start", "end"), [(2, 9), (3, 10)], ids=["characters", "UTF-16"])
def test_offsets_beyond_the_basic_plane_are_read_in_either_count(start: int, end: int) -> None:
    task = annotated([region("x", start, end, "Chemical", "Velorin")]) | {"data": {"text": "\U0001f9ea Velorin."}}
    (doc,) = read(task)
    assert doc.mentions == (Mention(2, 9, "Chemical"),)


def test_directions_are_those_of_the_schema() -> None:
    expected = [(Relation("CID", "MESH:C1", "MESH:D1"),)]
    for drawn in (arc("y", "x", "CID"), arc("y", "x", "CID", direction="left"), arc("x", "y", "CID", direction="bi")):
        assert [doc.relations for doc in read(annotated([*BASE, drawn]))] == expected
    assert [doc.relations for doc in read(annotated([*BASE, arc("x", "y")]))] == expected
    (bare,) = read(annotated([*BASE, arc("y", "x", "CID", direction="left")]), schema=None)
    assert bare.relations == (Relation("CID", "MESH:C1", "D1"),)


def test_both_directions_count_where_the_schema_tells_them_apart() -> None:
    schema = Schema.model_validate(
        {"name": "s", "entity_types": {"Gene": {}}, "relation_types": {"regulates": {"pairs": [["Gene", "Gene"]]}}}
    )
    genes = [region("x", 0, 7, "Gene"), concepts("x", "G1"), region("y", 29, 35, "Gene"), concepts("y", "G2")]
    (doc,) = read(annotated([*genes, arc("x", "y", "regulates", direction="bi")]), schema=schema)
    assert doc.relations == (Relation("regulates", "G1", "G2"), Relation("regulates", "G2", "G1"))


def test_two_regions_of_one_id_are_two_mentions() -> None:
    (doc,) = read(annotated([*RESULT, region("x", 0, 7, "Disease", "Velorin")]))
    assert [(mention.type, mention.concepts) for mention in doc.mentions] == [
        ("Chemical", ("MESH:C1",)),
        ("Disease", ("MESH:D1",)),
        ("Disease", ("MESH:C1",)),
    ]


# What curators do in Label Studio to what bran wrote.


def exported(tmp_path: Path) -> Json:
    """Document 12 as it is exported when its prediction was accepted as an annotation."""
    with open_document_writer(tmp_path / "out", schema=CDR, format="label-studio") as writer:
        writer.write(builders.documents()[1])
    (task,) = json.loads((tmp_path / "out" / TASKS).read_text("utf-8"))
    result = json.loads(json.dumps(task["predictions"][0]["result"]))
    found: Json = task | {"id": 1, "annotations": [{"result": result, "was_cancelled": False}]}
    return found


def result_of(task: Json) -> list[Json]:
    found: list[Json] = task["annotations"][0]["result"]
    return found


def test_what_is_accepted_comes_back(tmp_path: Path) -> None:
    assert read(exported(tmp_path)) == [builders.documents()[1]]


def test_deleted_and_added_relations_and_moved_regions(tmp_path: Path) -> None:
    task = exported(tmp_path)
    result = [item for item in result_of(task) if item["type"] != "relation"]
    moved = next(item for item in result if item["id"] == "T5" and item["type"] == "labels")
    moved["value"] |= {"start": 58, "end": 72, "text": "developed rash"}
    task["annotations"][0]["result"] = [*result, arc("T1", "T2", "CID"), region("new", 0, 8, "Chemical", "Sotamide")]
    (doc,) = read(task)
    assert doc.mentions[4] == Mention(58, 72, "Disease", ("MESH:D5",))
    assert doc.mentions[-1] == Mention(0, 8, "Chemical")
    assert set(doc.relations) == {Relation("CID", "MESH:C2", "MESH:D3"), Relation("CID", "MESH:C3", "MESH:D3")}


def test_annotations_are_gold_and_predictions_are_not(tmp_path: Path) -> None:
    doc = builders.documents()[0].with_relations((Relation("CID", "MESH:C1", "MESH:D1", 0.25, 0.5, model="m"),))
    with open_document_writer(tmp_path / "out", schema=CDR, format="label-studio") as writer:
        writer.write(doc)
    (task,) = json.loads((tmp_path / "out" / TASKS).read_text("utf-8"))
    (relation,) = read(task)[0].relations
    assert (relation.score, relation.probability, relation.model) == (0.25, 0.5, "m")
    (relation,) = read(task | {"annotations": task["predictions"]})[0].relations
    assert (relation.score, relation.probability, relation.model) == (None, None, None)


def test_what_was_corrected_is_a_corpus_to_train_on(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps([exported(tmp_path)]))
    assert load_corpus(path, CDR).documents == (builders.documents()[1],)


# Bad input: one line each, and the rest is done.

SKIPPED: dict[str, tuple[Json, type[DataError], str]] = {
    "another tool": ({"text": "a", "label": []}, FormatError, "there is no 'data'; expected one"),
    "no text": (annotated() | {"data": {"a": "x", "b": "y"}}, FormatError, "data holds a, b; expected the text under"),
    "no id": ({"data": {"text": "x"}}, FormatError, "a task without id; expected one, or data.document"),
    "skipped": (annotated(was_cancelled=True), FormatError, "was skipped by all annotators; expected an annotation"),
    "offsets beyond the text": (
        annotated([region("x", 29, 99, "Disease")]),
        OffsetError,
        "x ends at 99; expected within the 36 characters",
    ),
    "another word": (
        annotated([region("x", 0, 6, "Disease", "tremor")]),
        OffsetError,
        "region x 0-6 'tremor': expected 'Velori', as in the text",
    ),
    "no offsets": (annotated([region("x", 0, 6, "a") | {"value": {"labels": ["a"]}}]), FormatError, "no 'start'"),
}


@pytest.mark.parametrize("case", SKIPPED)
def test_a_broken_task_is_named_and_the_others_are_read(case: str) -> None:
    task, kind, message = SKIPPED[case]
    log = ErrorLog()
    assert [doc.id for doc in read(task, annotated(id_=6), log=log)] == ["6"]
    (error,) = log.skipped
    assert isinstance(error, kind)
    assert message in str(error)
    assert "\n" not in str(error)


DROPPED: dict[str, tuple[Json, type[DataError], str]] = {
    "entity type": (region("z", 12, 16, "Organ"), UnknownTypeError, "entity type 'Organ'; expected one of"),
    "no label": (region("z", 12, 16, "") | {"value": {"start": 12, "end": 16}}, FormatError, "a region without label"),
    "kind of region": (
        {"id": "z", "type": "hypertextlabels", "value": {}},
        FormatError,
        "a region of type 'hypertextlabels'; expected 'labels' of a <Text>",
    ),
    "relation type": (arc("x", "y", "cures"), UnknownTypeError, "relation type 'cures'; expected one of CID"),
    "missing end": (arc("x", "gone", "CID"), FormatError, "relation CID to 'gone'; expected a mention that is read"),
    "no end": ({"type": "relation", "labels": ["CID"]}, FormatError, "relation CID to ''; expected a mention"),
}


@pytest.mark.parametrize("case", DROPPED)
def test_what_does_not_fit_the_schema_is_told_and_the_rest_of_the_task_stays(case: str) -> None:
    item, kind, message = DROPPED[case]
    log = ErrorLog()
    (doc,) = read(annotated([*RESULT, item]), log=log)
    assert doc.relations == (Relation("CID", "MESH:C1", "MESH:D1"),)
    ((told, count),) = log.dropped.items()
    assert told.startswith(message)
    assert count == 1
    with pytest.raises(kind):
        read(annotated([*RESULT, item]))


def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path, log = tmp_path / "export.json", ErrorLog()
    path.write_text(json.dumps([annotated(), annotated(id_=6)])[:-40])
    read_on = read_documents(path, schema=CDR, input_format="label-studio", on_error=log)
    assert [doc.id for doc in read_on] == ["5"]
    assert [error.place.path for error in log.skipped] == [str(path)]
