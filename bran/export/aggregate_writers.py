"""Writing an aggregated table: the suffix of the path tells the format, rows come in batches."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from bran.export.aggregate_table import SCHEMA
from bran.export.table import DIGITS, match_suffix
from bran.export.text import plain_cell, to_cell
from bran.files import atomic_write, atomic_write_binary

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

ROW_GROUP = 32_768
"""Rows of a row group of Parquet."""

_Batches = Iterable[pa.Table]


def write(path: Path, result: DuckDBPyRelation) -> tuple[int, int]:
    """Write a result with the columns of ``SCHEMA``; it appears under ``path`` when all of it is there.

    Returns:
        How many rows there are, and how many of them are known.

    Raises:
        ConfigError: when the suffix is none of ``SUFFIXES``.
        FormatError: when the folder of ``path`` cannot be written to.
    """
    counts = _Counts()
    WRITERS[match_suffix(path, SUFFIXES)](path, counts.over(_batches(result)))
    return counts.rows, counts.known


class _Counts:
    """How many rows went by."""

    def __init__(self) -> None:
        self.rows = self.known = 0

    def over(self, batches: _Batches) -> Iterator[pa.Table]:
        for batch in batches:
            self.rows += batch.num_rows
            self.known += batch["known"].to_pylist().count(True)
            yield batch


def _batches(result: DuckDBPyRelation) -> Iterator[pa.Table]:
    """The rows in tables of ``ROW_GROUP``, whatever the size of the batches that they come in."""
    held: list[pa.Table] = []
    for batch in result.to_arrow_reader(ROW_GROUP):
        held.append(pa.Table.from_batches([batch]).cast(SCHEMA))
        while sum(map(len, held)) >= ROW_GROUP:
            rows = pa.concat_tables(held)
            yield rows[:ROW_GROUP]
            held = [rows[ROW_GROUP:]]
    if rest := [table for table in held if len(table)]:
        yield pa.concat_tables(rest)


def _parquet(path: Path, batches: _Batches) -> None:
    with atomic_write_binary(path) as stream, pq.ParquetWriter(stream, SCHEMA, compression="zstd") as file:
        for batch in batches:
            file.write_table(batch.combine_chunks(), row_group_size=ROW_GROUP)


def _tsv(path: Path, batches: _Batches) -> None:
    with atomic_write(path) as stream:
        stream.write("\t".join(SCHEMA.names) + "\n")
        for row in _rows(batches):
            stream.write("\t".join(to_cell(_flat(value)) for value in row.values()) + "\n")


def _csv(path: Path, batches: _Batches) -> None:
    with atomic_write(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(SCHEMA.names)
        for row in _rows(batches):
            writer.writerow([plain_cell(_flat(value)) for value in row.values()])


def _jsonl(path: Path, batches: _Batches) -> None:
    with atomic_write(path) as stream:
        for row in _rows(batches):
            values = {name: round(value, DIGITS) if isinstance(value, float) else value for name, value in row.items()}
            stream.write(json.dumps(values, ensure_ascii=False) + "\n")


def _rows(batches: _Batches) -> Iterator[dict[str, Any]]:
    for batch in batches:
        yield from batch.to_pylist()


def _flat(value: Any) -> Any:
    """A list as one text: items are joined by ``|``, a year and its documents by ``:``."""
    if not isinstance(value, list):
        return value
    return "|".join(":".join(map(str, item.values())) if isinstance(item, dict) else item for item in value)


WRITERS: dict[str, Callable[[Path, _Batches], None]] = {
    ".parquet": _parquet,
    ".tsv": _tsv,
    ".tsv.gz": _tsv,
    ".csv": _csv,
    ".csv.gz": _csv,
    ".jsonl": _jsonl,
    ".jsonl.gz": _jsonl,
}
"""How each format is written."""

SUFFIXES = tuple(WRITERS)
"""The suffixes that :func:`write` takes."""
