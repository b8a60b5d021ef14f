"""What commands read: the documents of several files, one after the other, each once and none too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bran.corpus.document import Document
from bran.corpus.readers import ErrorHandler, ReaderOptions, read_documents
from bran.corpus.schema import Schema
from bran.errors import DataError, DuplicateDocumentError, FormatError, Place
from bran.files import source_name

MAX_CHARACTERS = 100_000
"""Longest document that is worked on unless the user says otherwise: a few full-text articles."""


def read_inputs(
    paths: Sequence[Path],
    schema: Schema,
    *,
    input_format: str | None = None,
    options: ReaderOptions | None = None,
    max_characters: int = MAX_CHARACTERS,
    on_error: ErrorHandler,
) -> Iterator[Document]:
    """The documents of all ``paths``, one after the other.

    A document id that was there before is told to ``on_error`` and left out: two documents of one id would
    have their relations mixed up in every table. So is a document of more than ``max_characters``: time and memory
    of relation extraction grow with the square of a document's mentions.
    """
    seen: set[str] = set()
    for path in paths:
        documents = read_documents(path, schema=schema, input_format=input_format, options=options, on_error=on_error)
        for document in documents:
            if error := _refusal(document, seen, max_characters):
                on_error.skip(error.at(Place(source_name(path), document=document.id)))
                continue
            seen.add(document.id)
            yield document


def _refusal(document: Document, seen: set[str], limit: int) -> DataError | None:
    if document.id in seen:
        return DuplicateDocumentError(f"id {document.id!r} was read before; expected one document per id")
    if len(document.text) > limit:
        return FormatError(f"holds {len(document.text)} characters; expected at most {limit} (--max-characters)")
    return None
