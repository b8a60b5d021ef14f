from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from bioc import brat
from bioc.brat import validator

from bran.corpus.document import Document, Evidence, Mention, Passage, Relation
from bran.corpus.readers import ErrorLog, Strict, read_documents
from bran.corpus.readers.pubtator import read_pubtator
from bran.corpus.schema import Schema, load_schema
from bran.corpus.writers import open_document_writer, write_documents
from bran.errors import FormatError
from tests import builders
from tests.builders import document

CDR = load_schema("cdr")
PREDICTED = document("17", "{Velorin and brinol|Chemical|MESH:C1;MESH:C2} \U0001f9ea:", "no {tremor|Disease|MESH:D1}.")
PREDICTED = PREDICTED.with_relations(
    (
        Relation(
            "CID",
            "MESH:C2",
            "MESH:D1",
            0.25,
            0.5,
            (Evidence(PREDICTED.mentions[0], PREDICTED.mentions[1], 1.0),),
            model="cdr",
        ),
        Relation("CID", "MESH:C1", "MESH:D9"),
    )
)


def write(path: Path, docs: list[Document], schema: Schema | None = CDR) -> Path:
    with open_document_writer(path, schema=schema, format="brat") as writer:
        write_documents(docs, writer, on_error=Strict())
    return path


def test_the_files_of_a_document(tmp_path: Path) -> None:
    folder = write(tmp_path / "out", [PREDICTED])
    assert sorted(path.name for path in folder.iterdir()) == [
        "17.ann",
        "17.json",
        "17.txt",
        "annotation.conf",
        "visual.conf",
    ]
    assert (folder / "17.txt").read_text("utf-8") == "Velorin and brinol \U0001f9ea:\nno tremor.\n"
    assert (folder / "17.ann").read_text("utf-8").split("\n") == [
        "T1\tChemical 0 18\tVelorin and brinol",
        "N1\tReference T1 MESH:C1\tVelorin and brinol",
        "N2\tReference T1 MESH:C2\tVelorin and brinol",
        "T2\tDisease 25 31\ttremor",
        "N3\tReference T2 MESH:D1\ttremor",
        "R1\tCID Arg1:T1 Arg2:T2",
        "#1\tAnnotatorNotes R1\tMESH:C2 → MESH:D1, probability 0.5000, score 0.2500, model cdr",
        "",
    ]
    conf = (folder / "annotation.conf").read_text()
    assert conf.startswith("[entities]\nChemical\nDisease\n\n[relations]\n<OVERLAP>\tArg1:<ENTITY>")
    assert "\nCID\tArg1:Chemical, Arg2:Disease\n" in conf
    assert re.findall(r"^\[(\w+)\]$", conf, re.MULTILINE) == ["entities", "relations", "events", "attributes"]


@pytest.mark.parametrize("corpus", ["cdr", "biored", "chemdisgene"])
def test_corpora_come_back(corpus: str, fixtures: Path, tmp_path: Path) -> None:
    schema = load_schema(corpus)
    docs = list(read_pubtator(fixtures / "corpus" / f"{corpus}.pubtator", schema=schema))
    assert list(read_documents(write(tmp_path / "out", docs, schema), schema=schema)) == docs


@pytest.mark.parametrize("schema", [CDR, None], ids=["cdr", "no schema"])
def test_the_library_reads_and_checks_what_is_written(tmp_path: Path, schema: Schema | None) -> None:
    docs = [PREDICTED, *builders.documents()]
    folder = write(tmp_path / "out", docs, schema)
    for doc in docs:
        read = brat.loads((folder / f"{doc.id}.txt").read_text("utf-8"), (folder / f"{doc.id}.ann").read_text("utf-8"))
        validator.validate(read)
        assert [(each.type, each.text, each.total_span[:2]) for each in read.entities] == [
            (mention.type, doc.surface(mention), (mention.start, mention.end)) for mention in doc.mentions
        ]
        drawn = [each for each in doc.relations if each.tail != "MESH:D9"]
        assert [each.type for each in read.relations] == [each.type for each in drawn]


def test_types_that_brat_cannot_write_get_names_of_their_own(tmp_path: Path) -> None:
    schema = load_schema("chemprot")
    mentions = (Mention(0, 7, "Chemical", id="T2"), Mention(8, 11, "Gene", id="T1"), Mention(8, 11, "Gene"))
    doc = Document("1", (Passage("text", "velorin ABX"),), mentions, (Relation("CPR:3", "T2", "T1"),))
    folder = write(tmp_path / "out", [doc], schema)
    assert "R1\tCPR_3 Arg1:T1 Arg2:T2\n" in (folder / "1.ann").read_text()
    assert "\nCPR_3\tArg1:Chemical, Arg2:Gene\n" in (folder / "annotation.conf").read_text()
    assert "\nCPR_3 | CPR:3\n" in (folder / "visual.conf").read_text()
    assert list(read_documents(folder, schema=schema)) == [doc]
    assert list(read_documents(folder)) == [doc]


def test_symmetric_relations_are_declared_so(tmp_path: Path) -> None:
    folder = write(tmp_path / "out", builders.several_types_documents(), builders.several_types_schema())
    conf = (folder / "annotation.conf").read_text()
    assert "\nbinds\tArg1:Gene, Arg2:Gene, <REL-TYPE>:symmetric\n" in conf


CONCEPTS = ("MESH:C1", "CVCL_0042", "ID:7", "text:two words", "a:b:c", "100%", ":x", "p|SUB|V|600|E")


def test_concepts_of_every_shape_come_back(tmp_path: Path) -> None:
    doc = Document("1", (Passage("text", "velorin"),), (Mention(0, 7, "Chemical", CONCEPTS),))
    folder = write(tmp_path / "out", [doc], None)
    lines = [line for line in (folder / "1.ann").read_text().split("\n") if line.startswith("N")]
    # What brat itself takes a reference by.
    assert all(re.match(r"Reference T1 (\S+?):(\S+)$", line.split("\t")[1]) for line in lines)
    assert list(read_documents(folder)) == [doc]


def test_a_mention_over_two_passages_is_drawn_on_either_line(tmp_path: Path) -> None:
    doc = Document("1", (Passage("title", "a rash"), Passage("abstract", "on two")), (Mention(2, 12, "Disease"),))
    folder = write(tmp_path / "out", [doc])
    assert (folder / "1.ann").read_text() == "T1\tDisease 2 6;7 12\trash on tw\n"
    assert list(read_documents(folder, schema=CDR)) == [doc]


@pytest.mark.parametrize("id_", ["10.1000/x", ".hidden", "..", "ü 7", "annotation", "a%2Fb"])
def test_ids_that_are_no_file_names_come_back(tmp_path: Path, id_: str) -> None:
    doc = replace(builders.documents()[0], id=id_)
    assert list(read_documents(write(tmp_path / "out", [doc]), schema=CDR)) == [doc]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


CLASHING = Document("9", (Passage("text", "ab"),), (Mention(0, 1, "a:b"), Mention(1, 2, "a/b")))
UNWRITABLE = {
    "line end": (Document("9", (Passage("title", "two\nlines"),)), "line end"),
    "between passages": (
        Document("9", (Passage("title", "a"), Passage("abstract", "b")), (Mention(0, 2, "Disease"),)),
        "mention 0-2: expected it to begin and end within a passage",
    ),
    "types alike": (CLASHING, "types 'a:b' and 'a/b'; expected other letters or digits in one"),
    "long id": (Document("9" * 201, (Passage("title", "a"),)), "id of 201 bytes; expected 1 to 200"),
    "id twice": (builders.documents()[0], "stands twice; expected one document per id"),
    "no JSON": (Document("9", (Passage("title", "a"),), meta={"x": float("nan")}), "expected what JSON holds"),
}


@pytest.mark.parametrize("case", UNWRITABLE)
def test_what_cannot_be_written_is_told_and_the_rest_is_done(tmp_path: Path, case: str) -> None:
    doc, message = UNWRITABLE[case]
    log, good = ErrorLog(), builders.documents()
    with open_document_writer(tmp_path / "out", schema=CDR, format="brat") as writer:
        assert write_documents([*good, doc], writer, on_error=log) == len(good)
    (error,) = log.skipped
    assert message in str(error)
    assert error.place.document == doc.id
    assert list(read_documents(tmp_path / "out", schema=CDR)) == good


def test_the_same_documents_are_the_same_bytes(tmp_path: Path) -> None:
    docs = [PREDICTED, *builders.documents()]
    first, second = write(tmp_path / "first", docs), write(tmp_path / "second", docs[::-1])
    assert {path.name: path.read_bytes() for path in first.iterdir()} == {
        path.name: path.read_bytes() for path in second.iterdir()
    }


def test_a_collection_without_documents_has_its_configuration(tmp_path: Path) -> None:
    folder = write(tmp_path / "out", [])
    with pytest.raises(FormatError, match="out: is a directory"):
        list(read_documents(folder, schema=CDR))
