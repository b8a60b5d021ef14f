"""JSON lines, read one at a time: an object per document with its text, and perhaps its mentions and relations.

::

    {"id": "17", "title": "Velorin and gait.", "abstract": "Two men fell.", "mentions":
     [{"start": 0, "end": 7, "type": "Chemical", "id": "C1"}], "year": 1999}

Offsets count characters of title, abstract and text as far as they are given, joined by one space. Line
ends, tabs and control characters in them are read as spaces, one for one. What bran does not know (``year``)
goes into the document's ``meta``. A line that cannot be read is told with its number, and reading goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeAlias

from pydantic import Field, StringConstraints
from pydantic_core import from_json

from bran.corpus.document import Document, Passage
from bran.corpus.readers.characters import one_line
from bran.corpus.readers.documents import documents_of
from bran.corpus.readers.errors import ErrorHandler, Strict
from bran.corpus.readers.options import JsonFields
from bran.corpus.readers.records import Annotations, Annotator, Record, parse_record
from bran.corpus.schema import Schema
from bran.errors import FormatError, Place
from bran.files import read_lines, source_name

Line: TypeAlias = tuple[int, bytes]
_TABLE = frozenset({"document", "head", "tail"})
_PASSAGES = ("title", "abstract", "text")
_ABSENT: dict[str, Any] = {"mentions": (), "relations": (), "passages": (), "meta": {}}


class _Passage(Record):
    kind: str
    text: str


class _Line(Annotations):
    """What a line is read into; ``passages`` stands for title, abstract and text where there are others."""

    id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    title: str | None = None
    abstract: str | None = None
    text: str | None = None
    passages: tuple[_Passage, ...] = ()
    meta: dict[str, Any] = Field(default_factory=dict)


def is_jsonl(head: bytes) -> bool:
    """Whether ``head`` begins with a JSON object, of which the first line holds a key at least."""
    first = head.lstrip().partition(b"\n")[0]
    return first.startswith(b"{") and first[1:].lstrip().startswith((b'"', b"}"))


def read_jsonl(
    source: str | Path | BinaryIO,
    *,
    schema: Schema | None = None,
    on_error: ErrorHandler | None = None,
    fields: JsonFields | None = None,
    every_record: bool = False,
) -> Iterator[Document]:
    """The documents of a file of JSON lines, plain or gzipped, in its order.

    Args:
        source: a path, or a binary stream.
        schema: gives types their spelling and bare ids their namespace; without one, both stay as they are.
        on_error: is told of what is left out; by default the first error is raised.
        fields: the keys that hold id, title, abstract, text, mentions and relations.
        every_record: give records of an id that came before, too; by default they are told to ``on_error``.

    Raises:
        DataError: names file, line and document; by default at the first thing that is wrong.
    """
    handler, path = on_error or Strict(), source_name(source)
    parser = _Parser(path, fields or JsonFields(), schema, handler)
    return documents_of(_lines(source, path), parser.document, path, handler, repeated_ids=every_record)


def _lines(source: str | Path | BinaryIO, path: str) -> Iterator[Line]:
    """The lines that are not blank.

    Raises:
        FormatError: when there is none, or the first is a row of a relation table.
    """
    blank = True
    for number, line in read_lines(source):
        if not line.strip():
            continue
        if number == 1 and _is_table_row(line):
            raise FormatError("holds a relation table; expected documents with id and text", Place(path, number))
        blank = False
        yield number, line
    if blank:
        raise FormatError("holds only blank lines; expected a JSON object per line", Place(path))


def _is_table_row(line: bytes) -> bool:
    """Whether ``line`` is what :class:`bran.export.writers.JsonlWriter` writes of a relation."""
    try:
        data = from_json(line)
    except ValueError:
        return False
    return isinstance(data, dict) and data.keys() >= _TABLE


class _Parser:
    """Makes a document of a line."""

    def __init__(self, path: str, fields: JsonFields, schema: Schema | None, on_error: ErrorHandler) -> None:
        self._path = path
        self._fields = fields
        self._on_error = on_error
        self._annotator = Annotator(schema, on_error)

    def document(self, line: Line) -> Document:
        """The document that ``line`` holds.

        Raises:
            DataError: when it is no JSON object, lacks an id or a text, or a mention does not hold.
        """
        place = Place(self._path, line[0])
        record = parse_record(_Line, self._record(line[1], place), place)
        place = Place(self._path, line[0], record.id)
        clean = partial(one_line, place=place, on_error=self._on_error)
        given = [(kind, getattr(record, kind)) for kind in _PASSAGES]
        given += [(passage.kind, passage.text) for passage in record.passages]
        passages = tuple(Passage(kind, clean(text)) for kind, text in given if text is not None)
        if not passages:
            expected = " or ".join(key for kind in _PASSAGES for key in self._fields.keys(kind))
            raise FormatError(f"the object holds no text; expected {expected}", place)
        return self._annotator.annotate(Document(record.id, passages, meta=record.meta), record, place)

    def _record(self, line: bytes, place: Place) -> dict[str, Any]:
        """The line's object under the names of :class:`_Line`, what else it holds under ``meta``."""
        try:
            data = from_json(line)
        except ValueError as error:
            message = str(error).replace(" at line 1 column ", " in column ")
            raise FormatError(f"{message}; expected a JSON object on one line", place) from None
        if not isinstance(data, dict):
            raise FormatError(f"holds {str(data)[:40]!r}; expected a JSON object", place)
        keys = {name: self._key(name, data) for name in (*JsonFields.model_fields, "passages", "meta")}
        if keys["id"] is None:
            raise FormatError(f"there is no id; expected one as {' or '.join(self._fields.keys('id'))}", place)
        record = {name: data.pop(key) for name, key in keys.items() if key is not None}
        record |= {name: absent for name, absent in _ABSENT.items() if record.get(name) is None}
        if isinstance(record["meta"], dict):
            record["meta"] = data | record["meta"]
        return record

    def _key(self, name: str, data: dict[str, Any]) -> str | None:
        keys = self._fields.keys(name) if name in JsonFields.model_fields else (name,)
        return next((key for key in keys if key in data), None)
