"""What commands read: the documents of several files, one after the other, each once and none too long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from bran.corpus.document import Document
from bran.corpus.readers import ErrorHandler, ReaderOptions, read_documents
from bran.corpus.schema import Schema
from bran.errors import DuplicateDocumentError, FormatError, Place
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
        for document in not_too_long(documents, path, max_characters, on_error):
            if document.id in seen:
                message = f"id {document.id!r} was read before; expected one document per id"
                on_error.skip(DuplicateDocumentError(message, Place(source_name(path), document=document.id)))
                continue
            seen.add(document.id)
            yield document


def not_too_long(
    documents: Iterable[Document], source: str | Path | BinaryIO, limit: int, on_error: ErrorHandler
) -> Iterator[Document]:
    """The ``documents`` of ``source`` of at most ``limit`` characters; the others are told to ``on_error``."""
    for document in documents:
        if len(document.text) > limit:
            message = f"holds {len(document.text)} characters; expected at most {limit} (--max-characters)"
            on_error.skip(FormatError(message, Place(source_name(source), document=document.id)))
        else:
            yield document
