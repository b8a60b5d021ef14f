"""The tables as an SQLite database, with indexes, for those who ask in SQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from bran.errors import FormatError, Place
from bran.export.run_tables import Tables
from bran.export.table import FLAT, SCHEMA, SCHEMA_VERSION, Row
from bran.files import atomic_path

_TYPES = {pa.string(): "TEXT", pa.int64(): "INTEGER", pa.float64(): "REAL", pa.bool_(): "INTEGER"}
_COLUMNS = [field for field in FLAT if field.name != "position"]
_PAIR = list(SCHEMA.field("evidence").type.value_type)
_DOCUMENT = {
    "document": "TEXT PRIMARY KEY",
    "version": "INTEGER NOT NULL",
    "year": "INTEGER",
    "title": "TEXT",
    "text": "TEXT",
    "meta": "TEXT",
    "relations": "INTEGER",
}
_TEXT = "array_to_string(list_transform(passages, lambda passage: passage.text), ' ')"
_INDEXES = {
    "relations_document": "relations (document)",
    "relations_pair": "relations (head, tail, type)",
    "relations_tail": "relations (tail)",
    "relations_score": "relations (score)",
    "evidence_relation": "evidence (relation)",
}
_BATCH = 8192


def export_sqlite(tables: Tables, path: Path) -> int:
    """Write relations, their mention pairs, documents where there are any, and the run; gives the number of relations.

    Raises:
        FormatError: when the database cannot be written.
    """
    with _database(path) as database:
        _create(database)
        count = _relations(database, tables)
        if tables.has_documents:
            _documents(database, tables)
        database.executemany("INSERT INTO run VALUES (?, ?)", sorted(_facts(tables).items()))
        for name, columns in _INDEXES.items():
            database.execute(f"CREATE INDEX {name} ON {columns}")
    return count


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    """A new database that appears under ``path`` when the block ends well."""
    with atomic_path(path) as temporary, closing(sqlite3.connect(temporary, isolation_level=None)) as database:
        try:
            # The file is thrown away when anything fails, so that it needs no journal.
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.execute("BEGIN")
            yield database
            database.execute("COMMIT")
        except sqlite3.Error as error:
            raise FormatError(f"cannot be written ({error})", Place(str(path))) from None


def _create(database: sqlite3.Connection) -> None:
    relations = ", ".join(_defined(field) for field in _COLUMNS)
    pairs = ", ".join(_defined(field) for field in _PAIR)
    documents = ", ".join(f"{name} {type_}" for name, type_ in _DOCUMENT.items())
    database.execute(f"CREATE TABLE relations (id INTEGER PRIMARY KEY, {relations})")
    database.execute(f"CREATE TABLE evidence (relation INTEGER NOT NULL REFERENCES relations (id), {pairs})")
    database.execute(f"CREATE TABLE documents ({documents})")
    database.execute("CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT)")


def _defined(field: pa.Field) -> str:
    return f'"{field.name}" {_TYPES[field.type]}{"" if field.nullable else " NOT NULL"}'


def _relations(database: sqlite3.Connection, tables: Tables) -> int:
    count = 0
    for batch in tables.batches(_BATCH):
        rows = list(enumerate(batch.to_pylist(), start=count + 1))
        _insert(database, "relations", ((id_, *_values(row, _COLUMNS)) for id_, row in rows), len(_COLUMNS) + 1)
        pairs = ((id_, *_values(pair, _PAIR)) for id_, row in rows for pair in row["evidence"] or ())
        _insert(database, "evidence", pairs, len(_PAIR) + 1)
        count += len(rows)
    return count


def _documents(database: sqlite3.Connection, tables: Tables) -> None:
    columns = ", ".join(_TEXT if name == "text" else name for name in _DOCUMENT)
    found = tables.connection.cursor().execute(f"SELECT {columns} FROM documents ORDER BY document")
    while rows := found.fetchmany(_BATCH):
        _insert(database, "documents", rows, len(_DOCUMENT))


def _insert(database: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]], columns: int) -> None:
    database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})", rows)


def _values(row: Row, fields: list[pa.Field]) -> list[Any]:
    return [row[field.name] for field in fields]


def _facts(tables: Tables) -> dict[str, str]:
    """What the run was, but for what its files were called."""
    if tables.description is None:
        return {"schema_version": str(SCHEMA_VERSION)}
    facts = tables.description.model_dump(mode="json", exclude={"inputs"})
    return {
        name: value if isinstance(value, str) else json.dumps(value, sort_keys=True) for name, value in facts.items()
    }
