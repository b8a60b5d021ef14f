from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bran.export.flat_files as flat_files
from bran.corpus.document import Document, Evidence, Mention, Passage, Relation
from bran.export.formats import choose_format
from bran.export.run_tables import open_tables
from bran.export.table import FLAT, SCHEMA, rows
from bran.export.writers import open_writer
from tests.export.run_folders import NAMES, Part, record, write_run

TABLES = ("parquet", "tsv", "tsv.gz", "csv", "csv.gz", "jsonl", "jsonl.gz")
DOCUMENTS = [record("12", score=0.8123456789), record("3"), record("PMC7")]


def export(source: Path, path: Path) -> int:
    with open_tables(source) as tables:
        return choose_format(path).export(tables, path)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_run(tmp_path / "run", [Part("/in/a.xml", DOCUMENTS[:1]), Part("/in/b.xml", DOCUMENTS[1:])])
    return tmp_path / "run"


def expected() -> list[dict[str, Any]]:
    how: dict[str, Any] = {"model_version": "0.1.0", "model_hash": "0123456789ab", "names": NAMES.get}
    return [row for index in (1, 0, 2) for row in rows(DOCUMENTS[index], **how)]


@pytest.mark.parametrize("suffix", TABLES)
def test_bytes_say_nothing_of_how_parts_were_made(tmp_path: Path, run: Path, suffix: str) -> None:
    write_run(tmp_path / "other", [Part("/in/b.xml", DOCUMENTS[1:2]), Part("/in/c.xml", DOCUMENTS[2:])])
    write_run(tmp_path / "third", [Part("/in/d.xml", DOCUMENTS[::-1])])
    (first, last) = (tmp_path / f"{name}.{suffix}" for name in "ab")
    assert export(run, first) == export(tmp_path / "third", last) == 6
    assert first.read_bytes() == last.read_bytes()
    export(tmp_path / "other", last)
    assert first.read_bytes() != last.read_bytes()


@pytest.mark.parametrize("suffix", TABLES)
def test_table_of_one_format_gives_that_of_another(tmp_path: Path, run: Path, suffix: str) -> None:
    export(run, tmp_path / f"first.{suffix}")
    export(tmp_path / f"first.{suffix}", tmp_path / "back.tsv")
    export(run, tmp_path / "direct.tsv")
    assert (tmp_path / "back.tsv").read_bytes() == (tmp_path / "direct.tsv").read_bytes()


def test_parquet_in_software_that_is_not_ours(tmp_path: Path, run: Path) -> None:
    path = tmp_path / "a.parquet"
    export(run, path)
    assert pq.read_schema(path).equals(SCHEMA, check_metadata=True)
    ours = expected()
    query = f"SELECT document, score, evidence[2].share, evidence[1].head_sentence_end FROM '{path}'"
    assert duckdb.sql(query).fetchall() == [
        (
            row["document"],
            row["score"],
            row["evidence"][1]["share"] if len(row["evidence"]) > 1 else None,
            row["evidence"][0]["head_sentence_end"],
        )
        for row in ours
    ]
    frame = pd.read_parquet(path)
    assert list(frame.columns) == SCHEMA.names
    assert frame["sentence"].tolist() == [row["sentence"] for row in ours]


def test_row_groups_are_as_large_whatever_comes(tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flat_files, "ROW_GROUP", 4)
    export(run, tmp_path / "a.parquet")
    metadata = pq.read_metadata(tmp_path / "a.parquet")
    assert [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)] == [4, 2]


@pytest.mark.parametrize("suffix", ["tsv.gz", "csv.gz"])
def test_text_in_software_that_is_not_ours(tmp_path: Path, run: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    export(run, path)
    frame = pd.read_csv(path, sep="\t" if "tsv" in suffix else ",", dtype={"document": str, "model_hash": str})
    assert list(frame.columns) == FLAT.names
    assert frame["document"].tolist() == [row["document"] for row in expected()]
    assert frame["score"].tolist() == pytest.approx([row["score"] for row in expected()], abs=1e-6)
    assert frame["cross_sentence"].tolist() == [row["cross_sentence"] for row in expected()]
    query = f"SELECT count(*), sum(head_end) FROM read_csv('{path}')"
    assert duckdb.sql(query).fetchall() == [(6, frame["head_end"].sum())]


def test_jsonl_in_software_that_is_not_ours(tmp_path: Path, run: Path) -> None:
    path = tmp_path / "a.jsonl"
    export(run, path)
    assert duckdb.sql(f"SELECT tail_label, len(evidence) FROM read_json('{path}')").fetchall() == [
        (row["tail_label"], len(row["evidence"])) for row in expected()
    ]


_WORDS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('\t\n\r"\\,;|\0 …é'), min_size=1, max_size=9
)


@settings(deadline=None, max_examples=15)
@given(_WORDS, _WORDS, _WORDS, _WORDS)
def test_cells_of_any_characters_come_back(
    tmp_path_factory: pytest.TempPathFactory, id_: str, head: str, tail: str, type_: str
) -> None:
    folder = tmp_path_factory.mktemp("table")
    mentions = (
        Mention(0, len(head), "Chemical", (head,)),
        Mention(len(head) + 1, len(head) + 1 + len(tail), "D", (tail,)),
    )
    evidence = (Evidence(*mentions, 0.5),) if head.strip() and tail.strip() else ()
    document = Document(id_, (Passage("title", head), Passage("abstract", tail)), mentions)
    document = document.with_relations((Relation(type_, head, tail, score=0.5, evidence=evidence),))
    (expected_row,) = rows(document, names={tail: head + tail}.get)
    for suffix in ("tsv", "csv", "jsonl", "parquet"):
        path = folder / f"a.{suffix}"
        with open_writer(path, names={tail: head + tail}.get) as writer:
            writer.write(document)
        with open_tables(path) as tables:
            (row,) = tables.rows()
        kept = dict(expected_row) if suffix in ("jsonl", "parquet") else {**expected_row, "evidence": None}
        assert row == kept


@settings(deadline=None, max_examples=60)
@given(_WORDS)
def test_csv_is_what_the_csv_module_reads(words: str) -> None:
    from bran.export.text import CsvRows

    stream = io.StringIO()
    row = dict.fromkeys(SCHEMA.names) | {"document": "1", "sentence": words}
    CsvRows(stream).write(row)
    (found,) = csv.DictReader(io.StringIO(stream.getvalue(), newline=""))
    assert found["sentence"] == words


def test_empty_run_gives_an_empty_table(tmp_path: Path) -> None:
    write_run(tmp_path / "run", [])
    for suffix in TABLES:
        path = tmp_path / f"a.{suffix}"
        assert export(tmp_path / "run", path) == 0
    assert (tmp_path / "a.tsv").read_text().splitlines() == ["\t".join(FLAT.names)]
    assert json.loads("[" + gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()).decode() + "]") == []
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 0


def test_relations_without_evidence_have_an_empty_list(tmp_path: Path) -> None:
    document = record("1")
    bare = document.with_relations(tuple(replace(relation, evidence=()) for relation in document.relations))
    write_run(tmp_path / "run", [Part("/in/a.xml", [bare])])
    export(tmp_path / "run", tmp_path / "a.jsonl")
    assert [json.loads(line)["evidence"] for line in (tmp_path / "a.jsonl").read_text().splitlines()] == [[], []]
