"""BioC, XML and JSON, read one document at a time.

The library ``bioc`` reads neither safely: its XML reader expands the entities of an internal subset, its
streaming reader keeps every element, and its JSON reader wants keys that PubTator leaves out. So XML comes
through :mod:`~bran.corpus.readers.safe_xml` and both formats are checked as one, in the shape of BioC JSON.

Comeau et al.: *BioC: a minimalist approach to interoperability for biomedical text processing*, Database 2013.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from bran.corpus.document import Document
from bran.corpus.readers.bioc_document import BioCDocuments
from bran.corpus.readers.documents import documents_of
from bran.corpus.readers.errors import ErrorHandler, Strict
from bran.corpus.readers.json_values import read_values
from bran.corpus.readers.safe_xml import Element, raw_text, read_elements, root_name
from bran.corpus.schema import Schema
from bran.errors import DataError
from bran.files import open_source, source_name

_LISTS = ("documents", "PubTator3")
_PARTS = frozenset({"passage", "sentence", "annotation", "relation", "location", "node"})
_KEY = re.compile(rb'"(?:passages|documents)"\s*:')
_INFONS = re.compile(rb'"infons"\s*:')


def is_bioc_xml(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is BioC XML."""
    return root_name(head) == "collection"


def is_bioc_json(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is BioC JSON, an answer of PubTator 3 or JSON lines of documents."""
    start = head.lstrip()
    is_bioc = b'"PubTator3"' in start or bool(_KEY.search(start) and _INFONS.search(start))
    return start[:1] in (b"{", b"[") and is_bioc


def read_bioc_xml(
    source: str | Path | BinaryIO,
    *,
    schema: Schema | None = None,
    on_error: ErrorHandler | None = None,
    every_record: bool = False,
) -> Iterator[Document]:
    """The documents of a BioC XML file, in its order.

    Offsets are counted anew in ``Document.text``. A mention of several stretches becomes their hull, and one that
    stands beside its offset is put where its words can only be meant; ``Document.meta`` says how many were
    ``discontinuous`` and ``moved``. A mention whose words are nowhere, or without type, is told to
    ``on_error.drop``.

    Args:
        source: a path, or a binary stream; plain or gzipped.
        schema: gives types their spelling and ids their namespace; without one, ids have that of their infon.
        on_error: is told of what is left out; by default the first error is raised.
        every_record: give records of an id that came before, too; by default they are told to ``on_error``.

    Raises:
        DataError: names file, line and document; by default at the first thing that is wrong.
    """
    handler = on_error or Strict()
    path = source_name(source)
    elements = read_elements(source, ("document",), roots=("collection",), on_error=handler)
    parts = ((element.sourceline, _record(element)) for element in elements)
    build = BioCDocuments(path, schema, handler).document
    return documents_of(parts, build, path, handler, repeated_ids=every_record)


def read_bioc_json(
    source: str | Path | BinaryIO,
    *,
    schema: Schema | None = None,
    on_error: ErrorHandler | None = None,
    every_record: bool = False,
) -> Iterator[Document]:
    """The documents of a BioC JSON file: a collection, what PubTator 3 answers, or JSON lines.

    Documents and arguments are as with :func:`read_bioc_xml`. One document is in memory at a time, but for
    collections within a list or on a line of their own.

    Raises:
        DataError: names file, line and document; by default at the first thing that is wrong.
    """
    handler = on_error or Strict()
    path = source_name(source)
    build = BioCDocuments(path, schema, handler).document
    return documents_of(_json(source, path, handler), build, path, handler, repeated_ids=every_record)


def _json(source: str | Path | BinaryIO, path: str, on_error: ErrorHandler) -> Iterator[tuple[int, Any]]:
    try:
        with open_source(source) as stream:
            for line, value in read_values(stream, _LISTS, path, on_error):
                yield from ((line, record) for record in _records(value))
    except DataError as error:
        on_error.skip(error)


def _records(value: Any) -> Iterator[Any]:
    """The documents in a JSON value: itself, the items of a list, or those of a collection."""
    lists = [value[key] for key in _LISTS if key in value] if isinstance(value, dict) else [value]
    for items in lists or [value]:
        yield from items if isinstance(items, list) and (items or items is not value) else [items]


def _record(element: Element) -> dict[str, Any]:
    """An element of BioC XML in the shape of BioC JSON."""
    record: dict[str, Any] = dict(element.attrib)
    infons: dict[str, str] = {}
    for child in element:
        tag = child.tag
        if tag == "infon":
            infons[child.get("key", "")] = raw_text(child)
        elif tag in _PARTS:
            record.setdefault(f"{tag}s", []).append(_record(child))
        elif isinstance(tag, str):
            record[tag] = raw_text(child)
    return record | {"infons": infons} if element.tag != "document" else {"passages": []} | record | {"infons": infons}
