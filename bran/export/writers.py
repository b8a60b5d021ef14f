"""Writing the relation table: the suffix of the path tells the format, documents come one by one.

==================  ===================================================================================
``.tsv[.gz]``       a header, then one line per relation
``.parquet``        compressed with zstd; the meaning of each column stands in its metadata
``.jsonl[.gz]``     one object per relation; ``evidence`` lists all mention pairs
``.pubtator[.gz]``  whole documents with their mentions and relations, no scores; also as ``.txt[.gz]``
==================  ===================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from bran.corpus.document import Document
from bran.corpus.schema import Schema
from bran.corpus.writers import PubTatorWriter
from bran.export.table import DIGITS, SCHEMA, Row, match_suffix, ordered, rows
from bran.export.text import to_cell
from bran.files import atomic_write, atomic_write_binary

ROW_GROUP = 32_768
"""Rows that are held before they go to a Parquet file as one row group."""


class RelationWriter(Protocol):
    """Takes documents one by one and holds no more of them than it must."""

    def write(self, document: Document) -> None:
        """Append the relations of ``document``.

        Raises:
            FormatError: when the format cannot hold the document; then nothing of it is written, and the
                next one can be.
        """


@contextmanager
def open_writer(
    path: Path, *, schema: Schema | None = None, model_version: str | None = None
) -> Iterator[RelationWriter]:
    """A writer of the format that the suffix of ``path`` tells.

    The file appears under ``path`` when the ``with`` block ends well. When anything is raised in it, an
    interrupt included, nothing of it stays, and what stood under ``path`` before is untouched.

    Args:
        path: where the table goes.
        schema: gives PubTator the namespaces that ids are written without; tables keep them.
        model_version: what goes in that column of a table.

    Raises:
        ConfigError: when the suffix is none of ``FORMATS``.
        FormatError: when the folder of ``path`` cannot be written to.
    """
    with FORMATS[match_suffix(path, FORMATS)](path, _Options(schema, model_version)) as writer:
        yield writer


@dataclass(frozen=True, slots=True)
class _Options:
    schema: Schema | None
    model_version: str | None


class TsvWriter:
    """Tab-separated rows under a header, cells as :func:`bran.export.text.to_cell` writes them."""

    def __init__(self, stream: TextIO, model_version: str | None) -> None:
        self._stream = stream
        self._model_version = model_version
        self._write(SCHEMA.names)

    def write(self, document: Document) -> None:
        """Append the relations of ``document``."""
        for row in rows(document, model_version=self._model_version):
            self._write([to_cell(row[name]) for name in SCHEMA.names])

    def _write(self, cells: list[str]) -> None:
        self._stream.write("\t".join(cells) + "\n")


class JsonlWriter:
    """One JSON object per line and relation."""

    def __init__(self, stream: TextIO, model_version: str | None) -> None:
        self._stream = stream
        self._model_version = model_version

    def write(self, document: Document) -> None:
        """Append the relations of ``document``."""
        for row in rows(document, model_version=self._model_version):
            row["evidence"] = [_rounded(pair) for pair in row["evidence"]]
            self._stream.write(json.dumps(_rounded(row), ensure_ascii=False) + "\n")


class ParquetWriter:
    """Row groups of ``ROW_GROUP`` rows and the rest of the last document."""

    def __init__(self, file: pq.ParquetWriter, model_version: str | None) -> None:
        self._file = file
        self._model_version = model_version
        self._rows: list[Row] = []

    def write(self, document: Document) -> None:
        """Append the relations of ``document``."""
        self._rows += rows(document, model_version=self._model_version)
        if len(self._rows) >= ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        """Hand the rows that are held to the file."""
        if self._rows:
            self._file.write_table(pa.Table.from_pylist(self._rows, schema=SCHEMA))
            self._rows = []


class PubTatorDocuments:
    """Documents as PubTator rows, relations in the order of the table, a blank line after each document."""

    def __init__(self, stream: TextIO, pubtator: PubTatorWriter) -> None:
        self._stream = stream
        self._pubtator = pubtator

    def write(self, document: Document) -> None:
        """Append ``document``."""
        text = self._pubtator.text(document.with_relations(tuple(ordered(document.relations))))
        self._stream.write(text + "\n")


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, DIGITS) if isinstance(value, float) else value for key, value in values.items()}


@contextmanager
def _tsv(path: Path, options: _Options) -> Iterator[RelationWriter]:
    with atomic_write(path) as stream:
        yield TsvWriter(stream, options.model_version)


@contextmanager
def _jsonl(path: Path, options: _Options) -> Iterator[RelationWriter]:
    with atomic_write(path) as stream:
        yield JsonlWriter(stream, options.model_version)


@contextmanager
def _parquet(path: Path, options: _Options) -> Iterator[RelationWriter]:
    with atomic_write_binary(path) as stream, pq.ParquetWriter(stream, SCHEMA, compression="zstd") as file:
        writer = ParquetWriter(file, options.model_version)
        yield writer
        writer.flush()


@contextmanager
def _pubtator(path: Path, options: _Options) -> Iterator[RelationWriter]:
    with atomic_write(path) as stream:
        yield PubTatorDocuments(stream, PubTatorWriter(schema=options.schema))


FORMATS: dict[str, Callable[[Path, _Options], AbstractContextManager[RelationWriter]]] = {
    ".tsv": _tsv,
    ".tsv.gz": _tsv,
    ".parquet": _parquet,
    ".jsonl": _jsonl,
    ".jsonl.gz": _jsonl,
    ".pubtator": _pubtator,
    ".pubtator.gz": _pubtator,
    ".txt": _pubtator,
    ".txt.gz": _pubtator,
}
"""The suffixes that :func:`open_writer` takes."""
