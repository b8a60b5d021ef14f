"""The relation table as one file: Parquet, TSV, CSV or JSON lines."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from bran.export.run_tables import Tables
from bran.export.table import SCHEMA
from bran.export.text import CsvRows, JsonRows, RowWriter, TsvRows
from bran.export.writers import ROW_GROUP
from bran.files import atomic_write, atomic_write_binary


def export_parquet(tables: Tables, path: Path) -> int:
    """Write the table as Parquet; gives the number of rows."""
    count = 0
    with atomic_write_binary(path) as stream, pq.ParquetWriter(stream, SCHEMA, compression="zstd") as file:
        for batch in tables.batches(ROW_GROUP):
            file.write_batch(batch)
            count += len(batch)
    return count


def export_tsv(tables: Tables, path: Path) -> int:
    """Write the table as tab-separated lines; gives the number of rows."""
    return _lines(tables, path, TsvRows)


def export_csv(tables: Tables, path: Path) -> int:
    """Write the table as comma-separated lines; gives the number of rows."""
    return _lines(tables, path, CsvRows)


def export_jsonl(tables: Tables, path: Path) -> int:
    """Write the table as one JSON object per row; gives the number of rows."""
    return _lines(tables, path, JsonRows)


def _lines(tables: Tables, path: Path, lines: type[RowWriter]) -> int:
    count = 0
    with atomic_write(path) as stream:
        writer = lines(stream)
        for row in tables.rows():
            writer.write(row)
            count += 1
    return count
