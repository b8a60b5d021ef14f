"""Readers: a path in, documents out, one at a time. A further format is one more entry of ``READERS``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from bran.corpus.document import Document
from bran.corpus.readers.errors import ErrorHandler, ErrorLog, Strict
from bran.corpus.readers.pubtator import read_pubtator
from bran.corpus.readers.pubtator_format import PubTatorFormat
from bran.corpus.schema import Schema
from bran.errors import ConfigError, DataError, FormatError, Place
from bran.files import read_lines

__all__ = [
    "READERS",
    "ErrorHandler",
    "ErrorLog",
    "PubTatorFormat",
    "Reader",
    "Strict",
    "read_documents",
    "read_pubtator",
]


class Read(Protocol):
    """How the documents of one file are read."""

    def __call__(
        self, source: str | Path | BinaryIO, *, schema: Schema | None, on_error: ErrorHandler | None
    ) -> Iterator[Document]:
        """The documents of ``source``, in its order."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A format that documents can be read from.

    Attributes:
        read: yields the documents of a file.
        accepts: whether a file is of this format, by its first line that is not blank.
    """

    read: Read
    accepts: Callable[[bytes], bool]


READERS: dict[str, Reader] = {
    "pubtator": Reader(read_pubtator, lambda line: bool(re.match(rb"[^|\t]+\|[ta]\|", line))),
}
"""Readers by the name of their format."""


def read_documents(
    path: str | Path,
    *,
    schema: Schema | None = None,
    input_format: str | None = None,
    on_error: ErrorHandler | None = None,
) -> Iterator[Document]:
    """The documents of a file, in its order.

    Args:
        path: a file, plain or gzipped.
        schema: the types that documents may hold, and the namespaces of their ids.
        input_format: a name of :data:`READERS`; by default told from the file's first line.
        on_error: is told of what is left out; by default the first error is raised.

    Raises:
        ConfigError: when no reader has that name.
        DataError: at the first thing that is wrong, unless ``on_error`` returns.
    """
    if input_format is not None and input_format not in READERS:
        raise ConfigError(f"input format {input_format!r}; expected one of {', '.join(READERS)}")
    try:
        name = input_format or detect_format(path)
    except DataError as error:
        (on_error or Strict()).skip(error)
        return iter(())
    return READERS[name].read(path, schema=schema, on_error=on_error)


def detect_format(path: str | Path) -> str:
    """The name of the reader for the file at ``path``, by its first line that is not blank.

    Raises:
        FormatError: when the file cannot be read or no reader takes it.
    """
    for number, line in read_lines(path):
        if line.strip():
            for name, reader in READERS.items():
                if reader.accepts(line):
                    return name
            start = line[:40].decode(errors="replace")
            raise FormatError(f"begins with {start!r}; expected one of {', '.join(READERS)}", Place(str(path), number))
    raise FormatError("holds only blank lines; expected documents", Place(str(path)))
