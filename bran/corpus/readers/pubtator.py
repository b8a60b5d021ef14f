"""PubTator, read one document at a time.

A document is ``PMID|t|title``, mostly ``PMID|a|abstract``, then tab-separated rows: mentions
``PMID start end text type ids [parts]`` and relations ``PMID type head tail [more]``. Offsets count in
title + one character + abstract. A title row begins a document, so blank lines may stand anywhere.

Wei et al.: *PubTator: a web-based text mining tool for assisting biocuration*, NAR 2013.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers.documents import documents_of
from bran.corpus.readers.errors import ErrorHandler, Strict
from bran.corpus.readers.pubtator_format import ConceptIds, PubTatorFormat, pubtator_format
from bran.corpus.readers.relation_ends import RelationEnds
from bran.corpus.schema import Schema
from bran.errors import (
    DataError,
    FormatError,
    OffsetError,
    Place,
    UnknownTypeError,
)
from bran.files import read_lines, source_name
from bran.wording import counted

Lines: TypeAlias = list[tuple[int, bytes]]
_TITLE = re.compile(rb"([^|\t]+)\|t\|")
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_NOT_LETTERS = re.compile(r"[\W_]+")


def read_pubtator(
    source: str | Path | BinaryIO,
    *,
    schema: Schema | None = None,
    format: PubTatorFormat | None = None,
    on_error: ErrorHandler | None = None,
    every_record: bool = False,
) -> Iterator[Document]:
    """The documents of a PubTator file, plain or gzipped, in its order.

    Args:
        source: a path, or a binary stream.
        schema: gives types their spelling and bare ids their namespace; without one, both stay as they are.
        format: how ids are joined and left out; by default that of the corpus the schema is named after.
        on_error: is told of what is left out; by default the first error is raised.
        every_record: give records of an id that came before, too; by default they are told to ``on_error``.

    Raises:
        DataError: names file, line and document; by default at the first thing that is wrong. With an
            ``on_error`` that returns, nothing is raised: a file that cannot be opened is told to it too.
    """
    handler = on_error or Strict()
    parser = _Parser(source_name(source), format or pubtator_format(schema), schema, handler)
    blocks = ((block[0][0], block) for block in _blocks(read_lines(source), parser.path))
    return documents_of(
        blocks,
        lambda part: parser.document(part[1]),
        parser.path,
        handler,
        repeated_ids=every_record or parser.format.repeated_ids,
    )


def is_title(line: bytes) -> bool:
    """Whether ``line`` begins a document."""
    return _TITLE.match(line) is not None


def _blocks(lines: Iterable[tuple[int, bytes]], path: str) -> Iterator[Lines]:
    """The lines of each document, blank ones left out.

    Raises:
        FormatError: when there is none, or the file breaks off; names the document that is then lost.
    """
    block: Lines = []
    try:
        for number, line in lines:
            if block and is_title(line):
                yield block
                block = []
            if line.strip():
                block.append((number, line))
    except DataError as error:
        raise error.at(Place(path, error.place.line, _document_id(block))) from None
    if not block:
        raise FormatError("holds no document; expected rows that begin with 'PMID|t|title'", Place(path))
    yield block


def _document_id(block: Lines) -> str | None:
    match = _TITLE.match(block[0][1]) if block else None
    return match[1].decode(errors="replace") if match else None


class _Parser:
    """Makes a document of its lines."""

    def __init__(self, path: str, format: PubTatorFormat, schema: Schema | None, on_error: ErrorHandler) -> None:
        self.path = path
        self.format = format
        self._schema = schema
        self._on_error = on_error
        self._ids = ConceptIds(format, schema)
        self._ends = RelationEnds(schema, self._ids)

    def document(self, block: Lines) -> Document:
        """The document in ``block``.

        Raises:
            DataError: when a line breaks the format.
        """
        id_ = _document_id(block)
        if id_ is None:
            place = Place(self.path, block[0][0])
            raise FormatError(f"row {_clip(block[0][1].decode(errors='replace'))}: expected 'PMID|t|title'", place)
        passages = [Passage("title", self._text(block[0], id_).split("|", 2)[2])]
        rows = block[1:]
        if rows and rows[0][1].startswith(f"{id_}|a|".encode()):
            passages.append(Passage("abstract", self._text(rows.pop(0), id_).split("|", 2)[2]))
        return self._annotate(Document(id_, tuple(passages)), rows)

    def _text(self, line: tuple[int, bytes], document_id: str) -> str:
        number, data = line
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            message = f"byte 0x{data[error.start]:02x} in column {error.start + 1} is not UTF-8; expected text"
            raise FormatError(message, Place(self.path, number, document_id)) from None

    def _annotate(self, document: Document, rows: Lines) -> Document:
        mentions: list[Mention] = []
        relations: list[tuple[Place, list[str]]] = []
        for line in rows:
            place = Place(self.path, line[0], document.id)
            columns = self._text(line, document.id).split("\t")
            try:
                if self._is_mention(columns, document.id):
                    mentions.append(self._mention(columns, document))
                else:
                    relations.append((place, columns))
            except UnknownTypeError as error:
                self._on_error.drop(error.at(place))
            except DataError as error:
                raise error.at(place) from None
        document = document.with_mentions(tuple(mentions))
        return document.with_relations(tuple(self._relations(relations, document))) if relations else document

    def _is_mention(self, columns: list[str], document_id: str) -> bool:
        """Whether the row is a mention; else it is a relation.

        Raises:
            FormatError: when it is neither.
        """
        if columns[0] != document_id:
            raise FormatError(f"row {_clip(columns[0])}: expected a row of document {document_id!r}")
        numbers = [bool(_NUMBER.fullmatch(column)) for column in columns[1:3]]
        if len(columns) in (5, 6, 7) and all(numbers):
            return True
        if len(columns) in (4, 5) and not numbers[0] and all(columns[1:4]):
            return False
        if len(columns) in (6, 7):
            raise FormatError(f"offsets {_clip(columns[1])} to {_clip(columns[2])}: expected two whole numbers")
        row = _clip("\t".join(columns))
        found = f"row {row} with {counted(len(columns), 'column')}"
        raise FormatError(f"{found}: expected a mention (6 or 7) or a relation (4, 5)")

    def _mention(self, columns: list[str], document: Document) -> Mention:
        start, end = int(columns[1]), int(columns[2])
        if end > len(document.text):
            raise OffsetError(f"mention {start}-{end}: expected to end within the {len(document.text)} characters")
        surface = document.text[start:end]
        if surface != columns[3] and not self._reads_alike(surface, columns[3]):
            raise OffsetError(f"mention {start}-{end} {_clip(columns[3])}: expected {_clip(surface)}, as in the text")
        type_ = self._schema.canonical_type(columns[4]) if self._schema else columns[4]
        if len(columns) == 5:
            return Mention(start, end, type_)
        concepts = self._ids.read(columns[5], type_)
        return Mention(
            start,
            end,
            type_,
            concepts,
            parts=tuple(columns[6].split("|")) if len(columns) == 7 else (),
            raw_concepts=None if self._ids.write(concepts, type_) == columns[5] else columns[5],
        )

    def _reads_alike(self, surface: str, column: str) -> bool:
        letters = _NOT_LETTERS.sub(" ", surface)
        return self.format.mention_text == "letters" and letters == _NOT_LETTERS.sub(" ", column)

    def _relations(self, rows: list[tuple[Place, list[str]]], document: Document) -> Iterator[Relation]:
        for place, (_, type_, head, tail, *extra) in rows:
            try:
                head, tail = self._ends.qualify(type_, head, tail, document)
            except UnknownTypeError as error:
                self._on_error.drop(error.at(place))
                continue
            yield Relation(type_, head, tail, extra=tuple(extra))


def _clip(text: str, length: int = 60) -> str:
    """``text`` quoted for an error message, cut when it is long."""
    return repr(text if len(text) <= length else text[: length - 1] + "…")
