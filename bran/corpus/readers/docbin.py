"""spaCy's DocBin (``.spacy``): texts with entities, and what :mod:`bran.corpus.writers.docbin` adds to them.

The label of an entity is the type of a mention; its ``kb_id_``, or else its ``id_``, holds the concepts,
joined by ``|``. The id of a document is ``doc.user_data["id"]`` or ``doc._.id``, else ``stem-1``, ``stem-2``, ...
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from pydantic import Field

from bran.corpus.document import Document, Passage
from bran.corpus.readers.characters import one_line
from bran.corpus.readers.docbin_content import MAX_BYTES, DocBinContent
from bran.corpus.readers.docbin_format import ID_KEYS, JOINED, USER_DATA, DocEntity, outermost
from bran.corpus.readers.documents import documents_of
from bran.corpus.readers.errors import ErrorHandler, Strict
from bran.corpus.readers.records import Annotations, Annotator, MentionRecord, parse_record
from bran.corpus.schema import Schema
from bran.errors import DataError, FormatError, Place
from bran.files import file_stem, open_source, source_name

Part: TypeAlias = tuple[int, DocBinContent]


class _Kept(Annotations):
    """What the writer keeps in the user data."""

    id: str
    passages: tuple[tuple[str, int], ...] = ()
    """Kind and length of each passage."""
    meta: Mapping[str, Any] = Field(default_factory=dict)


def is_docbin(head: bytes) -> bool:
    """Whether ``head`` begins a zlib stream over a mapping whose first key is one of a DocBin's."""
    try:
        start = zlib.decompressobj().decompress(head, 16) if head.startswith(b"\x78") else b""
    except zlib.error:
        return False
    return start[:1] >= b"\x80" and start[1:].startswith((b"\xa7version", b"\xa5attrs"))


def read_docbin(
    source: str | Path | BinaryIO,
    *,
    schema: Schema | None = None,
    on_error: ErrorHandler | None = None,
    every_record: bool = False,
) -> Iterator[Document]:
    """The documents of a DocBin, in its order. It is unpacked as a whole: memory grows with the file.

    Args:
        source: a path, or a binary stream.
        schema: gives types their spelling and bare ids their namespace; without one, both stay as they are.
        on_error: is told of what is left out; by default the first error is raised.
        every_record: give records of an id that came before, too; by default they are told to ``on_error``.

    Raises:
        DataError: names file and document; by default at the first thing that is wrong.
    """
    handler, path = on_error or Strict(), source_name(source)
    parser = _Parser(path, schema, handler)
    return documents_of(_parts(source, path), parser.document, path, handler, repeated_ids=every_record)


def _parts(source: str | Path | BinaryIO, path: str) -> Iterator[Part]:
    """The number of each document, from 1, with the content that it is in.

    Raises:
        FormatError: when there is none, or the file cannot be unpacked.
    """
    with open_source(source) as stream:
        data = stream.read(MAX_BYTES)
    try:
        content = DocBinContent(data)
    except DataError as error:
        raise error.at(Place(path)) from None
    if not len(content):
        raise FormatError("holds no document; expected some", Place(path))
    for number in range(1, len(content) + 1):
        yield number, content


class _Parser:
    """Makes documents of what a DocBin holds of them."""

    def __init__(self, path: str, schema: Schema | None, on_error: ErrorHandler) -> None:
        self._path = path
        self._on_error = on_error
        self._annotator = Annotator(schema, on_error)

    def document(self, part: Part) -> Document:
        """The document with a number.

        Raises:
            DataError: when it is damaged, or a mention does not hold.
        """
        number, content = part
        place = Place(self._path, document=f"{file_stem(self._path)}-{number}")
        try:
            user_data = content.user_data(number - 1)
            kept = self._kept(user_data, place)
            place = Place(self._path, document=kept.id)
            text, entities = content.text(number - 1)
        except DataError as error:
            raise error.at(place) from None
        text = one_line(text, place, self._on_error)
        passages = _passages(text, kept.passages) or (Passage("text", text),)
        records = Annotations(mentions=_mentions(entities, kept), relations=kept.relations)
        return self._annotator.annotate(Document(kept.id, passages, meta=kept.meta), records, place)

    def _kept(self, user_data: dict[Any, Any], place: Place) -> _Kept:
        if USER_DATA in user_data:
            return parse_record(_Kept, user_data[USER_DATA], place)
        ids = (user_data[key] for key in ID_KEYS if key in user_data)
        return parse_record(_Kept, {"id": next(filter(None, ids), place.document)}, place)


def _passages(text: str, lengths: tuple[tuple[str, int], ...]) -> tuple[Passage, ...]:
    """The passages of these kinds and lengths; none when they do not fill ``text``, whose tokens were changed then."""
    passages, start = [], 0
    for kind, length in lengths:
        passages.append(Passage(kind, text[start : start + length]))
        start += length + 1
    return tuple(passages) if " ".join(passage.text for passage in passages) == text else ()


def _mentions(entities: list[DocEntity], kept: _Kept) -> tuple[MentionRecord, ...]:
    """The mentions that were kept; the entities instead, when they are not what these give."""
    given = (DocEntity(m.start, m.end, m.type, JOINED.join(m.concepts or ())) for m in kept.mentions)
    if outermost(given) == entities:
        return kept.mentions
    return tuple(
        MentionRecord(start=start, end=end, type=label, concepts=tuple(filter(None, kb_id.split(JOINED))))
        for start, end, label, kb_id in entities
    )
