from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bran.errors import FormatError
from bran.export.run_tables import open_tables
from bran.export.sqlite import export_sqlite
from bran.export.writers import open_writer
from tests.export.run_folders import Part, record, write_run

QUOTED = 'with "quotes", tabs\t, a\nline end and µ'


def export(source: Path, path: Path) -> Path:
    with open_tables(source) as tables:
        export_sqlite(tables, path)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    parts = [Part("/in/b.xml", [record("12", version=2)]), Part("/in/a.xml", [record("3", note=QUOTED)])]
    return write_run(tmp_path / "run", parts).path


@pytest.fixture
def database(tmp_path: Path, run: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(export(run, tmp_path / "a.sqlite"))) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def test_relations_in_order_with_their_types(database: sqlite3.Connection) -> None:
    found = database.execute(
        "SELECT id, document, tail, score, year, typeof(score) FROM relations ORDER BY id"
    ).fetchall()
    assert [tuple(row)[:5] for row in found] == [
        (1, "3", "MESH:D1", 0.5, 2001),
        (2, "3", "MESH:D2", 0.25, 2001),
        (3, "12", "MESH:D1", 0.5, 2001),
        (4, "12", "MESH:D2", 0.25, 2001),
    ]
    assert {row[5] for row in found} == {"real"}


def test_evidence_of_each_relation(database: sqlite3.Connection) -> None:
    query = """
        SELECT relations.id, evidence.share,
               substr(text, evidence.head_start + 1, evidence.head_end - evidence.head_start)
        FROM evidence JOIN relations ON relations.id = relation JOIN documents USING (document)
        WHERE documents.document = '12' ORDER BY evidence.rowid
    """
    assert [tuple(row) for row in database.execute(query)] == [
        (3, 0.75, "Velorin"),
        (3, 0.25, "Velorin"),
        (4, 1.0, "Velorin"),
    ]


def test_documents_and_what_the_run_was(database: sqlite3.Connection) -> None:
    found = database.execute("SELECT document, version, title, json_extract(meta, '$.note') FROM documents").fetchall()
    assert sorted(map(tuple, found)) == [
        ("12", 2, "Velorin in trial 2.", None),
        ("3", 1, "Velorin in trial 1.", QUOTED),
    ]
    facts = dict(map(tuple, database.execute("SELECT * FROM run").fetchall()))
    assert (facts["model"], facts["model_hash"], facts["schema_version"]) == ("cdr", "0123456789ab", "2")
    assert "inputs" not in facts


def test_database_is_sound_and_indexed(database: sqlite3.Connection) -> None:
    assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    for condition in ("document = '3'", "head = 'a' AND tail = 'b'", "tail = 'b'", "score > 0.5"):
        plan = database.execute(f"EXPLAIN QUERY PLAN SELECT * FROM relations WHERE {condition}").fetchone()
        assert "USING INDEX" in plan["detail"]


def test_same_work_gives_the_same_bytes(tmp_path: Path, run: Path) -> None:
    parts = [Part("/in/c.xml", [record("12", version=2), record("3", note=QUOTED)])]
    other = write_run(tmp_path / "other", parts).path
    assert export(run, tmp_path / "a.db").read_bytes() == export(other, tmp_path / "b.db").read_bytes()


def test_table_has_relations_alone(tmp_path: Path) -> None:
    with open_writer(tmp_path / "a.jsonl") as writer:
        writer.write(record("3"))
    with closing(sqlite3.connect(export(tmp_path / "a.jsonl", tmp_path / "a.db"))) as database:
        counts = [
            database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("relations", "evidence", "documents")
        ]
    assert counts == [2, 3, 0]


def test_texts_that_were_not_kept_are_null(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [Part("/in/a.xml", [record("3")])], texts=False)
    with closing(sqlite3.connect(export(run.path, tmp_path / "a.db"))) as database:
        assert database.execute("SELECT title, text FROM documents").fetchall() == [("Velorin in trial 1.", None)]


def test_what_goes_wrong_leaves_what_was_there(tmp_path: Path, run: Path) -> None:
    path = tmp_path / "a.db"
    path.write_text("what was there")
    next(run.glob("parts/*/relations.parquet")).write_bytes(b"PAR1")
    with pytest.raises(FormatError):
        export(run, path)
    assert path.read_text() == "what was there"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a.db", "run"]
