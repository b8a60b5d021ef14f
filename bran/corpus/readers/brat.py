"""brat's standoff format: a folder of texts (``ID.txt``) and of what is annotated in each (``ID.ann``).

::

    T1	Chemical 0 9	Lidocaine
    N1	Reference T1 MESH:D008012	Lidocaine
    R1	CID Arg1:T1 Arg2:T2

The words of ``T`` lines are mentions, ``N`` lines link them to concepts, ``R`` lines relate them. Offsets count
characters of the text file, in which each line is a passage. What bran wrote beside (``ID.json``) is taken into
account; without it, the first line is the title and the rest the abstract. Attributes and notes are passed over.

Stenetorp et al.: *brat: a web-based tool for NLP-assisted text annotation*, EACL 2012 demonstrations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from pydantic import ValidationError

from bran.corpus.document import Document
from bran.corpus.readers.documents import documents_of
from bran.corpus.readers.drawn import Arc, Drawing, DrawnDocuments, Mark, misplaced, reads_alike
from bran.corpus.readers.errors import ErrorHandler, Strict
from bran.corpus.readers.review_record import ReviewRecord
from bran.corpus.schema import Schema
from bran.errors import FormatError, Place
from bran.files import source_name

SUFFIX = ".ann"
NO_NAMESPACE = "ID"
"""Stands for the vocabulary of concepts whose ids have none."""

_FIRST_LINE = re.compile(rb"\s*(?:T\d+\t\S+ \d+ \d+|R\d+\t\S+ \S+:\S|[NEAM]\d+\t\S+ \S|#\d*\t\S+ \S|\*\t\S+ \S)")
_TEXT_BOUND = re.compile(r"(\S+) (\d{1,9} \d{1,9}(?:;\d{1,9} \d{1,9})*)", re.ASCII)
_NORMALISATION = re.compile(r"\S+ (\S+) (\S+:\S+)")
_RELATION = re.compile(r"(\S+) (\S+):(\S+) (\S+):(\S+)")
_PASSED_OVER = frozenset("AM#")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def brat_name(type_: str) -> str:
    """``type_`` in the signs that brat has for types: letters, digits, ``-`` and ``_``."""
    return _UNSAFE.sub("_", type_)


def is_brat(head: bytes) -> bool:
    """Whether a file that begins with ``head`` holds brat's annotations."""
    return _FIRST_LINE.match(head) is not None


def holds_brat(folder: Path) -> bool:
    """Whether there are annotations of brat in ``folder`` or below."""
    return next(folder.rglob(f"*{SUFFIX}"), None) is not None


def read_brat(
    source: str | Path | BinaryIO,
    *,
    schema: Schema | None = None,
    on_error: ErrorHandler | None = None,
    every_record: bool = False,
) -> Iterator[Document]:
    """The documents of a folder and those below it, by name, or of one ``.ann`` file with its ``.txt`` beside it.

    Relations are gold: what a curator left stands as he left it. A discontinuous mention becomes its hull. A
    document whose annotations do not fit its text is left out; a mention or relation of an unknown type, or
    with an end that is missing or has no concept, is told to ``on_error.drop``.

    Args:
        source: a path.
        schema: gives types their spelling, bare ids their namespace and relations their direction.
        on_error: is told of what is left out; by default the first error is raised.
        every_record: give all documents of an id; by default the first counts.

    Raises:
        DataError: names file and line; by default at the first thing that is wrong.
    """
    handler, path = on_error or Strict(), source_name(source)
    parser = _Parser(schema, handler)
    return documents_of(_files(source, path), parser.document, path, handler, repeated_ids=every_record)


def _files(source: str | Path | BinaryIO, path: str) -> Iterator[tuple[int, Path]]:
    """The numbered annotation files.

    Raises:
        FormatError: when there is none.
    """
    if not isinstance(source, str | Path):
        raise FormatError("is a stream; expected the path of a .ann file with its .txt beside it", Place(path))
    folder = Path(source)
    files = sorted(folder.rglob(f"*{SUFFIX}")) if folder.is_dir() else [folder]
    if not files:
        raise FormatError(f"holds no {SUFFIX} file; expected a folder of brat", Place(path))
    yield from enumerate(files, start=1)


class _Parser:
    """Makes a document of a ``.ann`` file and those beside it."""

    def __init__(self, schema: Schema | None, on_error: ErrorHandler) -> None:
        self._on_error = on_error
        self._documents = DrawnDocuments(schema, on_error)
        known = (*schema.entity_types, *schema.relation_types) if schema else ()
        self._types = {brat_name(type_): type_ for type_ in known}

    def document(self, part: tuple[int, Path]) -> Document:
        """The document of a numbered file.

        Raises:
            DataError: when a file is missing or broken, or the two do not fit.
        """
        path = part[1]
        if not (beside := path.with_suffix(".txt")).is_file():
            raise FormatError(f"there is no {beside.name} beside it; expected the text", Place(str(path)))
        text = _text(beside).removesuffix("\n")
        record = _record(path.with_suffix(".json"))
        record = record.model_copy(update={"types": self._types | record.types})
        id_ = record.id or path.stem
        lines = _Lines(path, id_, text, self._on_error)
        place = Place(str(path), document=id_)
        marks = [lines.mark(*line) for line in lines.kind("T")]
        arcs = [lines.arc(*line) for line in lines.kind("R")]
        return self._documents.document(Drawing(id_, text, marks, arcs, record, True, place))


class _Lines:
    """The lines of a ``.ann`` file by the first letter of their ids."""

    def __init__(self, path: Path, document: str, text: str, on_error: ErrorHandler) -> None:
        self._path, self._document, self._text = path, document, text
        self._lines: dict[str, list[tuple[Place, list[str]]]] = {"T": [], "N": [], "R": []}
        seen: set[str] = set()
        for number, line in enumerate(_text(path).removeprefix("\ufeff").split("\n"), start=1):
            if not line.strip():
                continue
            place, columns = Place(str(path), number, document), line.rstrip("\r").split("\t", 2)
            kind = columns[0][:1]
            if kind in self._lines:
                if columns[0] in seen or len(columns) < 2:
                    raise FormatError(f"{line[:60]!r}; expected an id of its own, a tab and more", place)
                seen.add(columns[0])
                self._lines[kind].append((place, columns))
            elif kind not in _PASSED_OVER:
                message = f"a line of kind {kind!r}; expected mentions (T), relations (R) and references (N)"
                on_error.drop(FormatError(message, place))
        self._concepts = self._references(seen, on_error)

    def kind(self, letter: str) -> list[tuple[Place, list[str]]]:
        """The lines whose ids begin with ``letter``."""
        return self._lines[letter]

    def mark(self, place: Place, columns: list[str]) -> Mark:
        """The mark of a ``T`` line.

        Raises:
            DataError: when the line is broken, or does not fit the text.
        """
        match = _TEXT_BOUND.fullmatch(columns[1])
        if match is None or len(columns) < 3:
            raise FormatError(f"{columns[1][:60]!r}; expected TYPE START END, a tab and the words", place)
        spans = [(int(start), int(end)) for start, end in (span.split() for span in match[2].split(";"))]
        words = " ".join(self._text[start:end] for start, end in spans)
        if not reads_alike(columns[2], words):
            raise misplaced(f"{columns[0]} {match[2]}", columns[2], words, place)
        start, end = min(start for start, _ in spans), max(end for _, end in spans)
        return Mark(columns[0], start, end, match[1], tuple(self._concepts.get(columns[0], ())), place)

    def arc(self, place: Place, columns: list[str]) -> Arc:
        """The arc of an ``R`` line.

        Raises:
            FormatError: when the line is broken.
        """
        match = _RELATION.fullmatch(columns[1].rstrip())
        if match is None:
            raise FormatError(f"{columns[1][:60]!r}; expected TYPE Arg1:T1 Arg2:T2", place)
        type_, first, head, second, tail = match.groups()
        if (first, second) == ("Arg2", "Arg1"):
            head, tail = tail, head
        return Arc(type_, head, tail, False, place)

    def _references(self, ids: set[str], on_error: ErrorHandler) -> dict[str, list[str]]:
        """The concepts by the marks that refer to them."""
        concepts: dict[str, list[str]] = {}
        for place, columns in self._lines["N"]:
            match = _NORMALISATION.fullmatch(columns[1].rstrip())
            if match is None:
                raise FormatError(f"{columns[1][:60]!r}; expected Reference T1 VOCABULARY:ID", place)
            if match[1] not in ids:
                on_error.drop(FormatError(f"reference of {match[1]!r}; expected a mention that is there", place))
            concepts.setdefault(match[1], []).append(unquote(match[2].removeprefix(f"{NO_NAMESPACE}:")))
        return concepts


def _text(path: Path) -> str:
    """The text of a file, its line ends as they are.

    Raises:
        FormatError: when it cannot be read, or is not UTF-8.
    """
    place = Place(str(path))
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise FormatError(f"cannot be opened ({error.strerror}); expected a readable file", place) from None
    except UnicodeDecodeError as error:
        message = f"byte 0x{error.object[error.start]:02x} at {error.start} is not UTF-8; expected text"
        raise FormatError(message, place) from None


def _record(path: Path) -> ReviewRecord:
    """What was kept of a document; nothing, where there is no such file.

    Raises:
        FormatError: when it is damaged.
    """
    if not path.is_file():
        return ReviewRecord()
    try:
        return ReviewRecord.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        message = f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}; expected what bran wrote"
        raise FormatError(message, Place(str(path))) from None
