from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bran.corpus.document import Document
from bran.errors import BranError, ConfigError, DuplicateDocumentError, FormatError
from bran.export.reading import READERS, read_table
from bran.export.table import SCHEMA_VERSION, VERSION_KEY, ordered
from bran.export.writers import open_writer

HEADER = "document\ttype\thead\ttail\tscore\n"


def write(path: Path, documents: list[Document]) -> Path:
    with open_writer(path) as writer:
        for document in documents:
            writer.write(document)
    return path


@pytest.mark.parametrize("suffix", READERS)
def test_round_trip(tmp_path: Path, documents: list[Document], suffix: str) -> None:
    found = list(read_table(write(tmp_path / f"table{suffix}", documents)))
    written = [documents[0], documents[2]]
    assert [document.id for document in found] == ["101", "9"]
    for ours, theirs in zip(found, written, strict=True):
        expected = ordered(theirs.relations)
        assert list(ours.relations) == expected
        assert [r.score for r in ours.relations] == pytest.approx([r.score for r in expected], abs=1e-6)
        assert [(r.probability, r.model) for r in ours.relations] == [(r.probability, r.model) for r in expected]


@pytest.mark.parametrize("suffix", READERS)
def test_empty_table_is_a_table(tmp_path: Path, documents: list[Document], suffix: str) -> None:
    assert list(read_table(write(tmp_path / f"none{suffix}", []))) == []
    assert list(read_table(write(tmp_path / f"bare{suffix}", [documents[1]]))) == []


def test_table_of_another_system(tmp_path: Path) -> None:
    path = tmp_path / "theirs.tsv"
    path.write_bytes(b"rank\ttail\thead\ttype\tdocument\r\n1\tMESH:D1\tMESH:C1\tCID\t101\r\n")
    (document,) = read_table(path)
    (relation,) = document.relations
    assert (document.id, relation.type, relation.head, relation.tail, relation.score) == (
        "101",
        "CID",
        "MESH:C1",
        "MESH:D1",
        None,
    )


def test_numeric_document_ids_are_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "theirs.parquet"
    columns = {"document": [101, 101], "type": ["CID"] * 2, "head": ["C1", "C2"], "tail": ["D1"] * 2}
    pq.write_table(pa.table(columns), path)
    (document,) = read_table(path)
    assert (document.id, len(document.relations)) == ("101", 2)


def test_rows_of_a_document_must_stand_together(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_text(HEADER + "1\tCID\tC\tD\t0.5\n2\tCID\tC\tD\t0.5\n1\tCID\tC\tE\t0.5\n")
    with pytest.raises(DuplicateDocumentError, match=r"table\.tsv:4 \(document 1\): .* expected all of them together"):
        list(read_table(path))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", HEADER + "1\tCID\tC\n", r"a\.tsv:2: 3 cells; expected 5"),
        ("a.tsv", HEADER + "1\tCID\tC\tD\thigh\n", r"a\.tsv:2: score = 'high': .*number"),
        ("a.tsv", HEADER + "1\tCID\tC\tD\tnan\n", r"a\.tsv:2: score = 'nan': .*finite"),
        ("a.tsv", HEADER + "1\tCID\t\tD\t0.5\n", r"a\.tsv:2: head = None: .*string"),
        ("a.tsv", "1\tCID\tC\tD\t0.5\n", r"a\.tsv: columns 1, CID, .*expected a relation table"),
        ("a.tsv", "", r"a\.tsv: is empty"),
        ("a.csv", "document,type,head,tail\n1,CID,C\n", r"a\.csv:2: 3 cells; expected 4"),
        ("a.csv", 'document,type,head,tail\n1,CID,C,"D\n', r"a\.csv:2: unexpected end of data; expected comma"),
        ("a.jsonl", '{"document": "1"\n', r"a\.jsonl:1: .*expected a JSON object"),
        ("a.jsonl", "[1, 2]\n", r"a\.jsonl:1: the row = \[1, 2\]"),
        ("a.jsonl", '{"document": "1", "type": "CID"}\n', r"a\.jsonl:1: there is no 'head'; expected document, type"),
        ("a.jsonl", "[" * 100_000, r"a\.jsonl:1: .*recursion"),
        ("a.parquet", "PAR1 and then something else", r"a\.parquet: .*expected a whole Parquet file"),
    ],
)
def test_broken_table_is_told_in_one_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(FormatError, match=message) as caught:
        list(read_table(path))
    assert "\n" not in str(caught.value)


def test_parquet_without_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"document": ["1"], "text": ["a"]}), path)
    with pytest.raises(FormatError, match=r"columns document, text; expected a relation table, which has type, head"):
        list(read_table(path))


def test_table_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    table = pa.table({"document": ["1"], "type": ["CID"], "head": ["C"], "tail": ["D"]})
    pq.write_table(table.replace_schema_metadata({VERSION_KEY: str(SCHEMA_VERSION + 1)}), tmp_path / "a.parquet")
    expected = rf"a\.parquet: is of table version {SCHEMA_VERSION + 1}; .* reads up to {SCHEMA_VERSION}"
    with pytest.raises(FormatError, match=expected):
        list(read_table(tmp_path / "a.parquet"))


@pytest.mark.parametrize("suffix", [".tsv.gz", ".jsonl.gz", ".parquet"])
def test_cut_file(tmp_path: Path, documents: list[Document], suffix: str) -> None:
    path = write(tmp_path / f"table{suffix}", documents)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FormatError, match="expected a whole"):
        list(read_table(path))


def test_gzip_is_told_by_content(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_bytes(gzip.compress((HEADER + "1\tCID\tC\tD\t0.5\n").encode()))
    assert [document.id for document in read_table(path)] == ["1"]


@pytest.mark.parametrize("suffix", READERS)
def test_missing_file_and_folder(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(BranError, match="is a directory"):
        list(read_table(tmp_path / f"folder{suffix}"))
    with pytest.raises(BranError, match="cannot be opened"):
        list(read_table(tmp_path / f"nothing{suffix}"))


def test_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected one of \.tsv"):
        list(read_table(tmp_path / "table.xlsx"))
