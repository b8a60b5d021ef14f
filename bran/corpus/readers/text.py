"""Plain text: a file is one document, or each stretch between blank lines is.

A document that is a file is called like the file, and its first line is its title when a blank line follows
it; stretches between blank lines are called ``stem-1``, ``stem-2``, ... and have no title. Space around a
passage is taken off; line ends and tabs within it are read as spaces, one for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

from bran.corpus.document import Document, Passage
from bran.corpus.readers.characters import one_line
from bran.corpus.readers.documents import documents_of
from bran.corpus.readers.errors import ErrorHandler, Strict
from bran.corpus.schema import Schema
from bran.errors import FormatError, Place
from bran.files import file_stem, read_lines, source_name

Lines: TypeAlias = list[tuple[int, bytes]]


def read_text(
    source: str | Path | BinaryIO,
    *,
    schema: Schema | None = None,
    on_error: ErrorHandler | None = None,
    documents: Literal["file", "paragraphs"] | None = None,
    every_record: bool = False,
) -> Iterator[Document]:
    """The documents of a UTF-8 text, plain or gzipped, without mentions.

    Args:
        source: a path, or a binary stream.
        schema: not needed: there is nothing that has a type.
        on_error: is told of what is left out; by default the first error is raised.
        documents: whether the ``file`` is one document, or ``paragraphs`` between blank lines are; by default
            a path is the former, standard input and other streams are the latter.
        every_record: not needed: no id comes twice.

    Raises:
        DataError: names file and line; by default at the first thing that is wrong.
    """
    handler, path = on_error or Strict(), source_name(source)
    parser = _Parser(path, handler)
    is_file = documents == "file" or (documents is None and isinstance(source, str | Path) and Path(source).is_file())
    blocks = _whole(source) if is_file else _paragraphs(source)
    build = parser.file if is_file else parser.paragraph
    return documents_of(enumerate(_some(blocks, path), start=1), build, path, handler)


def _text_lines(source: str | Path | BinaryIO) -> Iterator[tuple[int, bytes]]:
    for number, line in read_lines(source):
        if b"\0" in line:
            raise FormatError("is binary; expected text", Place(source_name(source), number))
        yield number, line


def _whole(source: str | Path | BinaryIO) -> Iterator[Lines]:
    yield list(_text_lines(source))


def _paragraphs(source: str | Path | BinaryIO) -> Iterator[Lines]:
    block: Lines = []
    for number, line in _text_lines(source):
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    yield block


def _some(blocks: Iterator[Lines], path: str) -> Iterator[Lines]:
    """The blocks that are not blank.

    Raises:
        FormatError: when there is none.
    """
    blank = True
    for block in blocks:
        if any(line.strip() for _, line in block):
            blank = False
            yield block
    if blank:
        raise FormatError("holds only blank lines; expected text", Place(path))


class _Parser:
    """Makes documents of lines."""

    def __init__(self, path: str, on_error: ErrorHandler) -> None:
        self._path = path
        self._on_error = on_error
        self._stem = file_stem(path)

    def file(self, block: tuple[int, Lines]) -> Document:
        """All lines as one document, the first one being its title where a blank one follows.

        Raises:
            FormatError: when a line is not UTF-8.
        """
        lines = block[1]
        begin = next(index for index, (_, line) in enumerate(lines) if line.strip())
        lines = lines[begin:]
        has_title = len(lines) > 1 and not lines[1][1].strip() and any(line.strip() for _, line in lines[2:])
        title = (self._passage("title", lines[:1]),) if has_title else ()
        return Document(self._stem, (*title, self._passage("text", lines[len(title) :])))

    def paragraph(self, block: tuple[int, Lines]) -> Document:
        """Lines between blank ones as one document.

        Raises:
            FormatError: when a line is not UTF-8.
        """
        return Document(f"{self._stem}-{block[0]}", (self._passage("text", block[1]),))

    def _passage(self, kind: str, lines: Lines) -> Passage:
        return Passage(kind, "\n".join(self._decoded(*line) for line in lines).strip().replace("\n", " "))

    def _decoded(self, number: int, line: bytes) -> str:
        place = Place(self._path, number)
        try:
            return one_line(line.decode("utf-8"), place, self._on_error)
        except UnicodeDecodeError as error:
            message = f"byte 0x{line[error.start]:02x} in column {error.start + 1} is not UTF-8; expected text"
            raise FormatError(message, place) from None
