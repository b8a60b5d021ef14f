from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import bran.export.writers as writers
from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers import read_documents
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, FormatError
from bran.export.table import FLAT, SCHEMA, SCHEMA_VERSION, rows
from bran.export.writers import FORMATS, open_relation_table, open_writer


def write(path: Path, documents: Iterable[Document]) -> Path:
    with open_writer(path, schema=load_schema("cdr"), model_version="0.1.0") as writer:
        for document in documents:
            writer.write(document)
    return path


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz"])
def test_tsv(tmp_path: Path, documents: list[Document], suffix: str) -> None:
    header, *lines = text_of(write(tmp_path / f"table{suffix}", documents)).splitlines()
    assert header.split("\t") == FLAT.names
    assert [line.split("\t")[:8] for line in lines] == [
        ["101", "CID", "MESH:C1", "zorvapine hydrochloride", "MESH:D1", "tremor", "0.812346", "0.750000"],
        ["101", "CID", "MESH:C1", "zorvapine hydrochloride", "MESH:D2", "fever", "0.250000", ""],
        ["9", "CID", "MESH:C7", "", "MESH:D7", "", "0.500000", ""],
    ]
    model = FLAT.names.index("model")
    assert lines[0].split("\t")[model : model + 4] == ["cdr", "0.1.0", "Chemical", "Disease"]


def test_tsv_escapes_what_would_break_a_row(tmp_path: Path) -> None:
    passages = (Passage("title", "one\ttab and a\nbreak"),)
    mentions = (Mention(0, 7, "Chemical", ("C",)), Mention(12, 19, "Disease", ("D",)))
    document = Document("1", passages, mentions, (Relation("CID", "C", "D", score=1.0),))
    lines = text_of(write(tmp_path / "table.tsv", [document])).splitlines()
    assert len(lines) == 2
    assert r"one\ttab" in lines[1].split("\t")
    assert r"a\nbreak" in lines[1].split("\t")


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_jsonl_has_every_mention_pair(tmp_path: Path, documents: list[Document], suffix: str) -> None:
    found = [json.loads(line) for line in text_of(write(tmp_path / f"table{suffix}", documents)).splitlines()]
    assert [row["document"] for row in found] == ["101", "101", "9"]
    assert all(list(row) == SCHEMA.names for row in found)
    assert found[0]["score"] == 0.812346
    assert [pair["share"] for pair in found[0]["evidence"]] == [0.6, 0.4]
    assert found[2]["evidence"] == []


def test_parquet_keeps_values_types_and_meanings(tmp_path: Path, documents: list[Document]) -> None:
    file = pq.ParquetFile(write(tmp_path / "table.parquet", documents))
    assert file.schema_arrow.equals(SCHEMA, check_metadata=True)
    assert file.schema_arrow.metadata[b"bran.schema_version"] == str(SCHEMA_VERSION).encode()
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    expected = [row for document in documents for row in rows(document, model_version="0.1.0")]
    assert file.read().to_pylist() == [{name: row[name] for name in SCHEMA.names} for row in expected]


def test_parquet_holds_no_more_than_a_row_group(
    tmp_path: Path, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "ROW_GROUP", 4)
    metadata = pq.ParquetFile(write(tmp_path / "table.parquet", [document] * 5)).metadata
    assert [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)] == [4, 4, 2]


@pytest.mark.parametrize("suffix", [".pubtator", ".pubtator.gz", ".txt", ".txt.gz"])
def test_pubtator_holds_the_documents(tmp_path: Path, documents: list[Document], suffix: str) -> None:
    path = write(tmp_path / f"out{suffix}", documents)
    schema = load_schema("cdr")
    assert list(read_documents(path, schema=schema)) == [
        document.with_relations(tuple(sorted(document.relations, key=lambda r: -(r.score or 0))))
        for document in documents
    ]
    assert "101\tCID\tC1\tD1\n101\tCID\tC1\tD2\n" in text_of(path)


def test_document_that_the_format_cannot_hold_leaves_no_trace(tmp_path: Path, documents: list[Document]) -> None:
    path = tmp_path / "out.pubtator"
    with open_writer(path) as writer:
        with pytest.raises(FormatError, match="document 5"):
            writer.write(Document("5", (Passage("title", "two\nlines"),)))
        writer.write(documents[1])
    assert path.read_text() == "102|t|Nothing is said here.\n\n"


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_interrupted_write_leaves_what_was_there(
    tmp_path: Path, documents: list[Document], suffix: str, error: type[BaseException]
) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_bytes(b"what was there")

    def documents_until_it_breaks() -> Iterator[Document]:
        yield documents[0]
        raise error

    with pytest.raises(error):
        write(path, documents_until_it_breaks())
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"what was there"


@pytest.mark.parametrize("suffix", FORMATS)
def test_same_documents_give_the_same_bytes(tmp_path: Path, documents: list[Document], suffix: str) -> None:
    first, second = (write(tmp_path / f"{name}{suffix}", documents) for name in "ab")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", ["out.xlsx", "out", "out.parquet.gz"])
def test_unknown_suffix_names_those_that_there_are(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"out.*expected one of \.tsv, .*\.parquet, .*\.pubtator"):
        write(tmp_path / name, [])
    assert not list(tmp_path.iterdir())


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"nowhere.table\.tsv: cannot be written"):
        write(tmp_path / "nowhere" / "table.tsv", [])


def test_positions_go_into_the_parts_of_a_run(tmp_path: Path, documents: list[Document]) -> None:
    path = tmp_path / "relations.parquet"
    with open_relation_table(path, model_hash="0123456789ab", names={"MESH:C7": "Velorin"}.get) as writer:
        for position, document in enumerate(documents):
            writer.write(document, position)
    table = pq.read_table(path, columns=["document", "position", "head_label", "model_hash"])
    assert [list(row.values()) for row in table.to_pylist()] == [
        ["101", 0, None, "0123456789ab"],
        ["101", 0, None, "0123456789ab"],
        ["9", 2, "Velorin", None],
    ]
