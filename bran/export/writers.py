"""Writing the relation table: the suffix of the path tells the format, documents come one by one.

==================  ===================================================================================
``.tsv[.gz]``       a header, then one line per relation; without ``evidence``, which is no single value
``.csv[.gz]``       the same, separated by commas and quoted where needed
``.parquet``        compressed with zstd; version and the meaning of each column stand in its metadata
``.jsonl[.gz]``     one object per relation
``.pubtator[.gz]``  whole documents with their mentions and relations, no scores; also as ``.txt[.gz]``
==================  ===================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from bran.corpus.document import Document
from bran.corpus.schema import Schema
from bran.corpus.writers import PubTatorWriter
from bran.export.table import SCHEMA, Names, Row, match_suffix, ordered, rows
from bran.export.text import CsvRows, JsonRows, RowWriter, TsvRows
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
    path: Path,
    *,
    schema: Schema | None = None,
    model_version: str | None = None,
    model_hash: str | None = None,
    names: Names | None = None,
) -> Iterator[RelationWriter]:
    """A writer of the format that the suffix of ``path`` tells.

    The file appears under ``path`` when the ``with`` block ends well. When anything is raised in it, an
    interrupt included, nothing of it stays, and what stood under ``path`` before is untouched.

    Args:
        path: where the table goes.
        schema: gives PubTator the namespaces that ids are written without; tables keep them.
        model_version: what goes in that column of a table.
        model_hash: likewise.
        names: gives concepts their preferred names in a table.

    Raises:
        ConfigError: when the suffix is none of ``FORMATS``.
        FormatError: when the folder of ``path`` cannot be written to.
    """
    with FORMATS[match_suffix(path, FORMATS)](path, _Options(schema, model_version, model_hash, names)) as writer:
        yield writer


@contextmanager
def open_relation_table(
    path: Path, *, model_version: str | None = None, model_hash: str | None = None, names: Names | None = None
) -> Iterator[ParquetWriter]:
    """A writer of a Parquet table that also takes the position of each document's record; else as :func:`open_writer`.

    Raises:
        FormatError: when the folder of ``path`` cannot be written to.
    """
    with _parquet(path, _Options(None, model_version, model_hash, names)) as writer:
        yield writer


@dataclass(frozen=True, slots=True)
class _Options:
    schema: Schema | None
    model_version: str | None
    model_hash: str | None
    names: Names | None

    def rows(self, document: Document, position: int | None = None) -> list[Row]:
        """The rows of ``document``."""
        return rows(
            document,
            model_version=self.model_version,
            model_hash=self.model_hash,
            names=self.names,
            position=position,
        )


class TextTable:
    """One line, or one object, per relation."""

    def __init__(self, lines: RowWriter, options: _Options) -> None:
        self._lines = lines
        self._options = options

    def write(self, document: Document) -> None:
        """Append the relations of ``document``."""
        for row in self._options.rows(document):
            self._lines.write(row)


class ParquetWriter:
    """Row groups of ``ROW_GROUP`` rows and the rest of the last document."""

    def __init__(self, file: pq.ParquetWriter, options: _Options) -> None:
        self._file = file
        self._options = options
        self._rows: list[Row] = []

    def write(self, document: Document, position: int | None = None) -> None:
        """Append the relations of ``document``, whose record is the shard's number ``position``."""
        self._rows += self._options.rows(document, position)
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


def _text(lines: Callable[[TextIO], RowWriter]) -> Callable[[Path, _Options], AbstractContextManager[RelationWriter]]:
    """Opens a :class:`TextTable` whose lines are written by ``lines``."""

    @contextmanager
    def opened(path: Path, options: _Options) -> Iterator[RelationWriter]:
        with atomic_write(path) as stream:
            yield TextTable(lines(stream), options)

    return opened


@contextmanager
def _parquet(path: Path, options: _Options) -> Iterator[ParquetWriter]:
    with atomic_write_binary(path) as stream, pq.ParquetWriter(stream, SCHEMA, compression="zstd") as file:
        writer = ParquetWriter(file, options)
        yield writer
        writer.flush()


@contextmanager
def _pubtator(path: Path, options: _Options) -> Iterator[RelationWriter]:
    with atomic_write(path) as stream:
        yield PubTatorDocuments(stream, PubTatorWriter(schema=options.schema))


FORMATS: dict[str, Callable[[Path, _Options], AbstractContextManager[RelationWriter]]] = {
    ".tsv": _text(TsvRows),
    ".tsv.gz": _text(TsvRows),
    ".csv": _text(CsvRows),
    ".csv.gz": _text(CsvRows),
    ".parquet": _parquet,
    ".jsonl": _text(JsonRows),
    ".jsonl.gz": _text(JsonRows),
    ".pubtator": _pubtator,
    ".pubtator.gz": _pubtator,
    ".txt": _pubtator,
    ".txt.gz": _pubtator,
}
"""The suffixes that :func:`open_writer` takes."""
