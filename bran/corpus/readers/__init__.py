"""Readers: a path or a stream in, documents out, one at a time. A further format is one more entry of ``READERS``.

The format is told by the first bytes of the content, then by the name. Libraries that one format alone needs
are imported when there is a file of that format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from bran.corpus.document import Document
from bran.corpus.readers.errors import ErrorHandler, ErrorLog, Strict
from bran.corpus.readers.jsonl import is_jsonl, read_jsonl
from bran.corpus.readers.options import JsonFields, ReaderOptions, reader_options
from bran.corpus.readers.pubtator import read_pubtator
from bran.corpus.readers.pubtator_format import PubTatorFormat
from bran.corpus.readers.text import read_text
from bran.corpus.schema import Schema
from bran.errors import ConfigError, DataError, FormatError, Place
from bran.files import STDIN, open_binary, read_head, rewound, source_name

__all__ = [
    "READERS",
    "ErrorHandler",
    "ErrorLog",
    "JsonFields",
    "PubTatorFormat",
    "Reader",
    "ReaderOptions",
    "Strict",
    "detect_format",
    "folder_format",
    "read_documents",
    "read_pubtator",
    "reader_options",
]

HEAD_BYTES = 1 << 16
"""Of unpacked content that the format is told by."""

_ZLIB = b"\x78"
_PUBTATOR_ROW = re.compile(rb"^[^\s|]+\|[ta]\|", re.MULTILINE)
_BIOC_KEY = re.compile(rb'"(?:documents|passages|PubTator3)"\s*:')


@dataclass(frozen=True, slots=True)
class Reader:
    """A format that documents can be read from.

    Attributes:
        read: yields the documents of a path or an unpacked stream; takes ``schema``, ``on_error``, ``every_record``
            and ``options``.
        accepts: whether a file is of this format, by the first bytes of its content without byte order mark.
        suffixes: of names that are taken to be of this format when the content says nothing.
        options: what ``read`` takes of the options, by keyword.
        deletes: whether files say of documents that they are deleted; then ``read`` takes ``on_deleted``.
    """

    read: Callable[..., Iterator[Document]]
    accepts: Callable[[bytes], bool]
    suffixes: tuple[str, ...] = ()
    options: Callable[[ReaderOptions], dict[str, Any]] = lambda options: {}
    deletes: bool = False


def _late(module: str, function: str) -> Callable[..., Any]:
    """A function of a reader's module that is imported when it is called."""

    def call(*args: Any, **options: Any) -> Any:
        return getattr(import_module(f"bran.corpus.readers.{module}"), function)(*args, **options)

    return call


def _is_pubtator(head: bytes) -> bool:
    """Whether some line begins as a title or abstract does; within XML and JSON, such a line is no row."""
    return not head.lstrip().startswith((b"<", b"{", b"[")) and _PUBTATOR_ROW.search(head) is not None


def _is_xml(head: bytes) -> bool:
    """Whether ``head`` begins as XML does, in whatever encoding."""
    return head.lstrip(b"\xff\xfe\0 \t\r\n").startswith(b"<")


READERS: dict[str, Reader] = {
    "pubtator": Reader(
        read_pubtator, _is_pubtator, suffixes=(".pubtator",), options=lambda options: {"format": options.pubtator}
    ),
    "pubmed": Reader(
        _late("pubmed", "read_pubmed"),
        lambda head: _is_xml(head) and _late("pubmed", "is_pubmed")(head),
        deletes=True,
    ),
    "bioc-xml": Reader(
        _late("bioc", "read_bioc_xml"), lambda head: _is_xml(head) and _late("bioc", "is_bioc_xml")(head)
    ),
    "bioc-json": Reader(
        _late("bioc", "read_bioc_json"),
        lambda head: _BIOC_KEY.search(head) is not None and _late("bioc", "is_bioc_json")(head),
    ),
    "label-studio": Reader(
        _late("label_studio", "read_label_studio"),
        lambda head: head.lstrip().startswith((b"[", b"{")) and _late("label_studio", "is_label_studio")(head),
    ),
    "brat": Reader(_late("brat", "read_brat"), _late("brat", "is_brat"), suffixes=(".ann",)),
    "chemprot": Reader(_late("chemprot", "read_chemprot"), lambda head: False),
    "jsonl": Reader(read_jsonl, is_jsonl, suffixes=(".jsonl",), options=lambda options: {"fields": options.fields}),
    "text": Reader(
        read_text, lambda head: False, suffixes=(".txt",), options=lambda options: {"documents": options.text}
    ),
    "docbin": Reader(
        _late("docbin", "read_docbin"),
        lambda head: head.startswith(_ZLIB) and _late("docbin", "is_docbin")(head),
        suffixes=(".spacy",),
    ),
}
"""Readers by the name of their format, in the order in which they are asked."""

_FOLDERS: dict[str, Callable[[Path], bool]] = {
    "brat": _late("brat", "holds_brat"),
    "chemprot": _late("chemprot_tables", "holds_chemprot"),
}
"""What tells whether a folder is one input, by the format that it is then of."""


def read_documents(
    source: str | Path | BinaryIO,
    *,
    schema: Schema | None = None,
    input_format: str | None = None,
    options: ReaderOptions | None = None,
    on_error: ErrorHandler | None = None,
    every_record: bool = False,
    on_deleted: Callable[[str], object] | None = None,
) -> Iterator[Document]:
    """The documents of a file, in its order.

    Args:
        source: a file, plain or gzipped (``-`` is standard input), a folder of brat or of ChemProt, or an unpacked
            binary stream with a ``name``.
        schema: the types that documents may hold, and the namespaces of their ids.
        input_format: a name of :data:`READERS`; by default told from the content, then the name.
        options: of single formats.
        on_error: is told of what is left out; by default the first error is raised.
        every_record: give every record of an id, all versions and those that the file deletes among them; by
            default one counts, as the format says, and what else has its id is told to ``on_error``.
        on_deleted: with ``every_record``, is told the id of each document that the file deletes, when it comes to it.

    Raises:
        ConfigError: when no reader has that name.
        DataError: at the first thing that is wrong, unless ``on_error`` returns.
    """
    if input_format is not None and input_format not in READERS:
        raise ConfigError(f"input format {input_format!r}; expected one of {', '.join(READERS)}")
    stack = ExitStack()
    try:
        content, head = _opened(source, stack)
        reader = READERS[input_format or _format(head, source)]
    except DataError as error:
        stack.close()
        (on_error or Strict()).skip(error)
        return iter(())
    own = reader.options(options or ReaderOptions()) | ({"on_deleted": on_deleted} if reader.deletes else {})
    return _closing(stack, reader.read(content, schema=schema, on_error=on_error, every_record=every_record, **own))


def detect_format(path: str | Path) -> str:
    """The name of the reader for the file at ``path``, by its content, then its name.

    Raises:
        FormatError: when the file cannot be read or no reader takes it.
    """
    with ExitStack() as stack:
        return _format(_opened(path, stack)[1], path)


def folder_format(source: str | Path | BinaryIO) -> str | None:
    """The format of ``source`` when it is a folder that is read as one input: brat, or the tables of ChemProt."""
    if not isinstance(source, str | Path) or not (folder := Path(source)).is_dir():
        return None
    return next((name for name, holds in _FOLDERS.items() if holds(folder)), None)


def _opened(source: str | Path | BinaryIO, stack: ExitStack) -> tuple[str | Path | BinaryIO, bytes]:
    """What a reader is given, and the first bytes of it: what can be read but once is a stream, held by ``stack``."""
    if folder_format(source):
        return source, b""
    if isinstance(source, str | Path):
        if Path(source).is_file() and str(source) != STDIN:
            with open_binary(source) as file:
                return source, read_head(file, HEAD_BYTES)
        stream = stack.enter_context(open_binary(source))
    else:
        stream = source
    head, stream = rewound(stream, HEAD_BYTES, source_name(source))
    return stream, head


def _closing(stack: ExitStack, documents: Iterator[Document]) -> Iterator[Document]:
    with stack:
        yield from documents


def _format(head: bytes, source: str | Path | BinaryIO) -> str:
    """The name of the format that ``head`` is of, or else the name of ``source`` says.

    Raises:
        FormatError: when neither tells.
    """
    if folder := folder_format(source):
        return folder
    head = head.removeprefix(b"\xef\xbb\xbf")
    found = next((name for name, reader in READERS.items() if reader.accepts(head)), None)
    if found is not None:
        return found
    place = Place(source_name(source))
    if b"\0" in head:
        raise FormatError("is binary; expected text", place)
    if not head.strip():
        message = "holds only blank lines" if head else "holds nothing that can be unpacked"
        raise FormatError(f"{message}; expected documents", place)
    named = _named(source)
    if named is None or (named == "text" and head.lstrip().startswith((b"<", b"{"))):
        raise _unknown(head, place)
    return named


def _named(source: str | Path | BinaryIO) -> str | None:
    """The format that the name of a file stands for; what is piped in is prose when it is nothing else."""
    if str(source) == STDIN:
        return "text"
    suffix = Path(Path(source_name(source)).name.removesuffix(".gz")).suffix
    return next((name for name, reader in READERS.items() if suffix in reader.suffixes), None)


def _unknown(head: bytes, place: Place) -> FormatError:
    lines = head.lstrip()
    start = lines[:40].partition(b"\n")[0].decode(errors="replace")
    number = head[: len(head) - len(lines)].count(b"\n") + 1
    suffixes = ", ".join(suffix for reader in READERS.values() for suffix in reader.suffixes)
    message = f"begins with {start!r}; expected one of {', '.join(READERS)}, or a name that ends in one of {suffixes}"
    return FormatError(message, Place(place.path, number))
