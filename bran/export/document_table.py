"""The table of documents that stands beside the relation table of a run: what was read, and from which version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bran.corpus.document import Document, Mention, Passage
from bran.errors import FormatError, Place
from bran.export.table import SCHEMA_VERSION, TABLE_KEY, VERSION_KEY, Row, column, year_of
from bran.files import atomic_write_binary

ROW_GROUP = 4096
"""Documents that are held before they go to the file as one row group."""

_MENTION = pa.struct(
    [
        column("start", pa.int64(), "first character, in the passages joined by one space"),
        column("end", pa.int64(), "one past the last character"),
        column("type", pa.string(), "entity type, in the schema's spelling"),
        column("concepts", pa.list_(pa.field("element", pa.string())), "namespaced concept ids"),
        column("parts", pa.list_(pa.field("element", pa.string())), "the words of each concept, where known"),
        column("id", pa.string(), "the mention's own id, where relations hold between mentions; else empty"),
    ]
)
_PASSAGE = pa.struct(
    [
        column("kind", pa.string(), "title, abstract, or what the format calls it"),
        column("text", pa.string(), "the characters of the passage"),
    ]
)

DOCUMENT_SCHEMA = pa.schema(
    [
        column("document", pa.string(), "id of the document (a PMID, mostly)", nullable=False),
        column("version", pa.int64(), "version of the record; 1 where the input has none", nullable=False),
        column("deleted", pa.bool_(), "whether the input says that the document is deleted", nullable=False),
        column("position", pa.int64(), "number of the record in its shard; of a deletion: the last that it removes"),
        column("year", pa.int64(), "year of publication, where the input has it"),
        column("title", pa.string(), "the first passage that is a title"),
        column("passages", pa.list_(pa.field("element", _PASSAGE)), "the text; null when texts are not kept"),
        column("mentions", pa.list_(pa.field("element", _MENTION)), "as read or tagged; null when texts are not kept"),
        column("meta", pa.string(), "what the input carries beside, as a JSON object"),
        column("relations", pa.int64(), "how many relations were found"),
    ],
    metadata={VERSION_KEY: str(SCHEMA_VERSION), TABLE_KEY: "documents"},
)
"""The columns, in order, each with its meaning under the metadata key ``doc``."""


class DocumentTableWriter:
    """Row groups of ``ROW_GROUP`` documents.

    Args:
        file: with the columns of ``DOCUMENT_SCHEMA``.
        texts: whether passages and mentions are kept.
    """

    def __init__(self, file: pq.ParquetWriter, *, texts: bool = True) -> None:
        self._file = file
        self._texts = texts
        self._rows: list[Row] = []

    def write(self, document: Document, position: int) -> None:
        """Append ``document``, the record number ``position`` of its shard."""
        self._append(
            {
                "document": document.id,
                "version": _version(document),
                "deleted": False,
                "position": position,
                "year": year_of(document),
                "title": document.title or None,
                "passages": [_passage_row(passage) for passage in document.passages] if self._texts else None,
                "mentions": [_mention_row(mention) for mention in document.mentions] if self._texts else None,
                "meta": json.dumps(dict(document.meta), ensure_ascii=False, default=str) if document.meta else None,
                "relations": len(document.relations),
            }
        )

    def delete(self, id: str, position: int | None = None) -> None:
        """Append that the document ``id`` is deleted, in earlier shards and in this one.

        Args:
            id: of the document.
            position: the last record of this shard that may be removed; ``None``: all may.
        """
        self._append({"document": id, "version": 0, "deleted": True, "position": position})

    def flush(self) -> None:
        """Hand the rows that are held to the file."""
        if self._rows:
            self._file.write_table(pa.Table.from_pylist(self._rows, schema=DOCUMENT_SCHEMA))
            self._rows = []

    def _append(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) >= ROW_GROUP:
            self.flush()


@contextmanager
def open_document_table(path: Path, *, texts: bool = True) -> Iterator[DocumentTableWriter]:
    """A writer of the table ``path``, which appears when the ``with`` block ends well.

    Args:
        path: where the table goes.
        texts: whether passages and mentions are kept.

    Raises:
        FormatError: when the folder of ``path`` cannot be written to.
    """
    with atomic_write_binary(path) as stream, pq.ParquetWriter(stream, DOCUMENT_SCHEMA, compression="zstd") as file:
        writer = DocumentTableWriter(file, texts=texts)
        yield writer
        writer.flush()


def document_of(row: Row, path: Path) -> Document:
    """The document that a row of the table ``path`` holds, without relations.

    Raises:
        FormatError: when its text was not kept.
    """
    if row["passages"] is None:
        message = "the text was not kept; expected an extraction that keeps texts: run `bran extract` again, with them"
        raise FormatError(message, Place(str(path), document=row["document"]))
    return Document(
        row["document"],
        tuple(Passage(**values) for values in row["passages"]),
        tuple(map(_mention, row["mentions"])),
        meta=json.loads(row["meta"]) if row["meta"] else {},
    )


def _version(document: Document) -> int:
    version = document.meta.get("version", 1)
    return version if isinstance(version, int) else 1


def _passage_row(passage: Passage) -> Row:
    return {"kind": passage.kind, "text": passage.text}


def _mention_row(mention: Mention) -> Row:
    return {
        "start": mention.start,
        "end": mention.end,
        "type": mention.type,
        "concepts": mention.concepts,
        "parts": mention.parts,
        "id": mention.id,
    }


def _mention(values: dict[str, Any]) -> Mention:
    return Mention(**{**values, "concepts": tuple(values["concepts"]), "parts": tuple(values["parts"])})
