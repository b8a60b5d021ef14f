"""Documents that come as strings, from a caller or a request, rather than as files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

from bran.corpus.document import Document, Passage
from bran.corpus.readers import ErrorHandler, ErrorLog, ReaderOptions, Strict, read_documents
from bran.corpus.readers.characters import one_line
from bran.corpus.schema import Schema
from bran.errors import DataError, FormatError, Place


class DropLog(ErrorLog):
    """Stops at a document that cannot be read, and remembers what was left out of those that can."""

    def skip(self, error: DataError) -> None:
        """Raise ``error``."""
        raise error


class _Text(io.BytesIO):
    """A string as a stream that readers take; errors name it by its name."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(whole(text).encode("utf-8"))
        self.name = name


def whole(text: str) -> str:
    """``text`` with U+FFFD for each unpaired surrogate: half a character, which no file and no page can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text_document(text: str, id_: str, *, name: str = "text", on_error: ErrorHandler | None = None) -> Document:
    """Plain text as one document; its first line is the title when a blank line follows, as in a file.

    Args:
        text: an abstract.
        id_: of the document.
        name: what errors call the text.
        on_error: is told of control characters, which are read as spaces, and raises what it is told to skip; by
            default both are errors.

    Raises:
        FormatError: when there is no word in it.
    """
    (document,) = _read(text, "text", name, on_error=on_error)
    return replace(document, id=whole(id_))


def abstract_document(
    title: str, abstract: str, id_: str, *, name: str = "text", on_error: ErrorHandler | None = None
) -> Document:
    """A title and an abstract as one document; either may be empty.

    Args:
        title: on one line; line ends are read as spaces.
        abstract: likewise.
        id_: of the document.
        name: what errors call it.
        on_error: is told of control characters, which are read as spaces, and raises what it is told to skip; by
            default both are errors.

    Raises:
        FormatError: when both are empty.
    """
    place, handler = Place(name), on_error or Strict()
    parts = {
        kind: one_line(whole(words), place, handler).strip()
        for kind, words in (("title", title), ("abstract", abstract))
    }
    if not any(parts.values()):
        raise FormatError("title and abstract are empty; expected some words", place)
    return Document(whole(id_), tuple(Passage(kind, words) for kind, words in parts.items() if words))


def pubtator_documents(
    text: str, *, schema: Schema, name: str = "text", on_error: ErrorHandler | None = None
) -> Iterator[Document]:
    """The documents of a block in the PubTator format.

    Args:
        text: the block.
        schema: whose types are read.
        name: what errors call it.
        on_error: is told of what is left out; by default the first error is raised.

    Raises:
        DataError: names the line, by default at the first thing that is wrong.
    """
    return _read(text, "pubtator", name, on_error=on_error, schema=schema)


def _read(
    text: str, format_: str, name: str, *, on_error: ErrorHandler | None, schema: Schema | None = None
) -> Iterator[Document]:
    if not text.strip():
        raise FormatError("is empty; expected some words", Place(name))
    options = ReaderOptions(text="file")
    return read_documents(_Text(text, name), schema=schema, input_format=format_, options=options, on_error=on_error)
