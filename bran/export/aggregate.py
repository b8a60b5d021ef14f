"""Relations over documents: one row for each, however many documents state it, from tables larger than memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bran.errors import ConfigError, FormatError, Place
from bran.export.aggregate_sql import MACROS, NAMES, RELATIONS, RESULT, TABLES
from bran.export.aggregate_writers import SUFFIXES, write
from bran.export.known import mark_known
from bran.export.relation_rows import SLOTS, gather
from bran.export.scans import explained, run
from bran.export.table import match_suffix

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS = 250_000
"""Rows whose relations are counted at a time: lists of ids, unlike sorts and joins, DuckDB keeps in memory."""


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What counts as a relation.

    Attributes:
        min_documents: relations that fewer documents state are left out.
        min_probability: a document states a relation only from this probability on.
        min_score: a document states a relation only from this score on.
        ids: as many document ids are listed; ``None``: all.
        known: a table of pairs that are known.
        known_columns: its columns for head, tail and, where it has them, type and references; names, or
            numbers from 1 where it has no header. Empty: told from the header.
    """

    min_documents: int = 1
    min_probability: float | None = None
    min_score: float | None = None
    ids: int | None = None
    known: Path | None = None
    known_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resources:
    """What the work may take.

    Attributes:
        memory: as DuckDB takes it (``4GB``); ``None``: 80 % of the machine's.
        folder: where what does not fit is put; ``None``: where temporary files go.
        threads: ``None``: one for each core.
    """

    memory: str | None = None
    folder: Path | None = None
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Aggregated:
    """What was counted.

    Attributes:
        rows: read.
        documents: with a row.
        relations: written.
        known: of them in the known table; ``None`` without one.
    """

    rows: int
    documents: int
    relations: int
    known: int | None


def aggregate(
    inputs: Sequence[Path], output: Path, settings: Aggregation | None = None, resources: Resources | None = None
) -> Aggregated:
    """Write one row per relation of ``inputs`` to ``output``, with the columns of ``aggregate_table.SCHEMA``.

    A document counts once for each relation, by its row of the highest probability (else score), whichever table
    it stands in: so neither the order of the inputs nor that of their rows changes a byte.

    Args:
        inputs: relation tables and folders of runs.
        output: ``.parquet``, ``.tsv``, ``.csv`` or ``.jsonl``; text also with ``.gz``.
        settings: what counts.
        resources: memory, threads and place for temporary files.

    Raises:
        ConfigError: when a suffix or a setting does not hold.
        FormatError: when a table cannot be read, lacks a column, or holds a value that is none.
        BranError: when memory or disk does not suffice.
    """
    settings = settings or Aggregation()
    match_suffix(output, SUFFIXES)
    resources = resources or Resources()
    with _folder(resources.folder) as temp, _database(temp, resources) as connection:
        gathered = gather(connection, inputs, temp)
        _refuse_bound(connection, settings)
        for sql in (*MACROS, *TABLES, *NAMES):
            run(connection, sql)
        _count(connection, settings, gathered.rows)
        if settings.known:
            mark_known(connection, settings.known, settings.known_columns)
        with explained():
            result = connection.sql(RESULT, params={"compared": settings.known is not None})
            relations, known = write(output, result)
        return Aggregated(gathered.rows, gathered.documents, relations, known if settings.known else None)


def _count(connection: DuckDBPyConnection, settings: Aggregation, rows: int) -> None:
    """Fill ``relations``, as many slots at a time as hold about ``ROWS`` rows."""
    step = max(1, SLOTS * ROWS // max(rows, 1))
    bounds = {
        "min_documents": settings.min_documents,
        "min_probability": settings.min_probability,
        "min_score": settings.min_score,
        "ids": settings.ids,
    }
    with explained():
        for first in range(0, SLOTS, step):
            connection.execute(RELATIONS, {**bounds, "first": first, "stop": first + step})


def _refuse_bound(connection: DuckDBPyConnection, settings: Aggregation) -> None:
    """A bound on a column that is null everywhere would leave nothing, and say nothing."""
    bounds = {"probability": settings.min_probability, "score": settings.min_score}
    for column, bound in bounds.items():
        found = connection.execute(f"SELECT count(*), count({column}) FROM staged").fetchone()
        if bound is not None and found and found[0] and not found[1]:
            raise FormatError(f"no row has a {column}; expected some, for a least {column} of {bound}")


@contextmanager
def _database(folder: Path, resources: Resources) -> Iterator[DuckDBPyConnection]:
    """An empty database on disk, in ``folder``."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": str(folder / "spill"),
        "autoinstall_known_extensions": False,  # no network
        "preserve_insertion_order": False,
        **({"memory_limit": resources.memory} if resources.memory else {}),
        **({"threads": resources.threads} if resources.threads else {}),
    }
    try:
        connection = duckdb.connect(str(folder / "aggregate.duckdb"), config=config)
    except (duckdb.ParserException, duckdb.InvalidInputException) as error:
        raise ConfigError(f"memory limit {resources.memory!r}: {error}; expected such as 4GB") from None
    with connection:
        yield connection


@contextmanager
def _folder(parent: Path | None) -> Iterator[Path]:
    """A folder in ``parent`` that is gone after the ``with`` block."""
    try:
        folder = TemporaryDirectory(prefix="bran-aggregate-", dir=parent)
    except OSError as error:
        raise FormatError(f"cannot be written to ({error.strerror})", Place(str(parent))) from None
    with folder as name:
        yield Path(name)
