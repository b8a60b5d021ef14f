"""Rows of a relation table become documents without text, with the names, sentences and evidence that they have."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from bran.corpus.document import Document
from bran.corpus.schema import load_schema
from bran.errors import DuplicateDocumentError, FormatError
from bran.export.writers import open_writer
from bran.view.document_data import DocumentData, document_data
from bran.view.report.table import is_table, read_rows, table_data
from tests.reports import predicted
from tests.runs import abstracts, write_corpus

SUFFIXES = ("tsv", "csv", "jsonl", "parquet")


def write_table(path: Path, documents: list[Document]) -> Path:
    with open_writer(path, schema=load_schema("cdr")) as writer:
        for document in documents:
            writer.write(document)
    return path


def shown(path: Path) -> list[DocumentData]:
    found = []
    for rows in read_rows(path):
        document = Document(rows[0].document, (), relations=tuple(row.relation for row in rows))
        found.append(table_data(document, rows, None))
    return found


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_shown_of_a_table_is_what_is_shown_of_its_documents(suffix: str, tmp_path: Path) -> None:
    path = write_table(tmp_path / f"found.{suffix}", predicted())
    assert is_table(path)
    expected = [document_data(doc) for doc in predicted()]
    kept = (0, 1) if suffix in ("tsv", "csv") else (0, None)
    for data, whole in zip(shown(path), (data for data in expected if data.relations), strict=True):
        assert (data.id, data.text, data.mentions) == (whole.id, "", ())
        for relation, wanted in zip(data.relations, whole.relations, strict=True):
            assert relation.model_copy(update={"evidence": ()}) == wanted.model_copy(update={"evidence": ()})
            assert [(p.head, p.tail, p.share) for p in relation.evidence] == [
                (p.head, p.tail, p.share) for p in wanted.evidence[slice(*kept)]
            ]


def test_a_table_of_another_system_needs_four_columns(tmp_path: Path) -> None:
    path = tmp_path / "other.tsv"
    path.write_text("document\ttype\thead\ttail\n7\tCID\tMESH:C1\tMESH:D1\n", encoding="utf-8")
    ((relation,),) = (data.relations for data in shown(path))
    assert (relation.head, relation.head_name, relation.score, relation.evidence) == ("MESH:C1", None, None, ())


def test_documents_are_no_tables(tmp_path: Path) -> None:
    text, lines = write_corpus(tmp_path / "found.txt", abstracts(1)), tmp_path / "texts.jsonl"
    lines.write_text(json.dumps({"id": "1", "text": "Nothing."}) + "\n", encoding="utf-8")
    assert not is_table(text)
    assert not is_table(lines)
    packed = tmp_path / "rows.jsonl.gz"
    packed.write_bytes(gzip.compress(b'{"document": "1", "type": "CID", "head": "a", "tail": "b"}\n'))
    assert is_table(packed)
    lines.write_text("", encoding="utf-8")
    assert not is_table(lines)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("7\tCID\tMESH:C1\tMESH:D1\thigh", "score = 'high'"),
        ("7\tCID\tMESH:C1\t\t0.5", "there is no 'tail'; expected document, type, head, tail"),
    ],
)
def test_a_row_that_does_not_hold(row: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "found.tsv"
    path.write_text(f"document\ttype\thead\ttail\tscore\n{row}\n", encoding="utf-8")
    with pytest.raises(FormatError, match=message) as caught:
        list(read_rows(path))
    assert caught.value.place.line == 2


def test_rows_of_a_document_stand_together(tmp_path: Path) -> None:
    path = tmp_path / "found.tsv"
    rows = [f"{id_}\tCID\tMESH:C1\tMESH:D{number}" for number, id_ in enumerate("121")]
    path.write_text("\n".join(["document\ttype\thead\ttail", *rows]) + "\n", encoding="utf-8")
    with pytest.raises(DuplicateDocumentError, match="expected all of them together"):
        list(read_rows(path))


def test_a_parquet_file_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "found.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(FormatError, match="expected a whole Parquet file"):
        list(read_rows(path))
