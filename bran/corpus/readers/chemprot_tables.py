"""The tables of a folder of ChemProt: found by their names, their lines put together by document, cut into cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bran.corpus.readers.errors import ErrorHandler
from bran.errors import FormatError, Place
from bran.files import read_lines
from bran.wording import counted

_COLUMNS = {
    "abstracts": ("id", "title", "abstract"),
    "entities": ("id", "mention", "type", "start", "end", "text"),
    "relations": ("id", "group", "Y or N", "relation", "Arg1:mention", "Arg2:mention"),
    "gold_standard": ("id", "group", "Arg1:mention", "Arg2:mention"),
}
_REQUIRED = ("abstracts", "entities")
_NAME = re.compile(rf"(?:.+_)?({'|'.join(_COLUMNS)})(?:_gs)?\.tsv(?:\.gz)?")


class Row(NamedTuple):
    """One line of a table, and where it stands."""

    place: Place
    cells: list[str]


class Record(NamedTuple):
    """The rows of one document, by table; ``None`` for a table that the folder does not have."""

    id: str
    abstract: Row
    entities: list[Row]
    relations: list[Row] | None
    gold: list[Row] | None


def holds_chemprot(folder: Path) -> bool:
    """Whether ``folder`` holds tables of abstracts and entities."""
    found = {match[1] for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))}
    return found.issuperset(_REQUIRED)


def chemprot_records(folder: Path, on_error: ErrorHandler) -> Iterator[tuple[int, Callable[[], Record]]]:
    """The line number of each abstract, and what cuts up the rows of its document: that may raise a ``FormatError``.

    Args:
        folder: with the tables.
        on_error: is told of rows whose document has no abstract.

    Raises:
        FormatError: when a table is missing, stands twice, or cannot be read.
    """
    tables = {name: _Table(path, _COLUMNS[name]) for name, path in _paths(folder).items()}
    abstracts = tables.pop("abstracts")
    for table in tables.values():
        for id_ in table.lines.keys() - abstracts.lines.keys():
            on_error.skip(FormatError(f"no abstract has the id {id_!r}; expected one that has", table.place(id_)))
    for id_, lines in abstracts.lines.items():
        for line in lines:
            yield line[0], partial(_record, id_, abstracts, line, tables)


class _Table:
    """The lines of a file by the id of their document, blank ones left out.

    Args:
        path: plain or gzipped.
        columns: what its cells are.
    """

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self.path, self.columns = path, columns
        self.lines: dict[str, list[tuple[int, bytes]]] = {}
        for number, line in read_lines(path):
            if line.strip():
                id_ = line.partition(b"\t")[0].decode(errors="replace")
                self.lines.setdefault(id_, []).append((number, line))

    def place(self, id_: str) -> Place:
        """Where the document is first mentioned."""
        return Place(str(self.path), self.lines[id_][0][0], id_)

    def rows(self, id_: str) -> list[Row]:
        """The rows of a document."""
        return [self.row(id_, line) for line in self.lines.get(id_, ())]

    def row(self, id_: str, line: tuple[int, bytes]) -> Row:
        """A line cut into its cells.

        Raises:
            FormatError: when it is not text, or has another number of cells.
        """
        number, data = line
        place = Place(str(self.path), number, id_)
        try:
            cells = data.decode("utf-8").split("\t")
        except UnicodeDecodeError as error:
            message = f"byte 0x{data[error.start]:02x} in column {error.start + 1} is not UTF-8; expected text"
            raise FormatError(message, place) from None
        if len(cells) != len(self.columns):
            raise FormatError(f"{counted(len(cells), 'column')}; expected {', '.join(self.columns)}", place)
        return Row(place, cells)


def _record(id_: str, abstracts: _Table, line: tuple[int, bytes], tables: dict[str, _Table]) -> Record:
    rows = {name: table.rows(id_) for name, table in tables.items()}
    return Record(
        id_, abstracts.row(id_, line), rows["entities"], rows.get("relations"), gold=rows.get("gold_standard")
    )


def _paths(folder: Path) -> dict[str, Path]:
    """The files by the tables that they hold."""
    place, paths = Place(str(folder)), dict[str, Path]()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        if match[1] in paths:
            raise FormatError(f"holds {paths[match[1]].name} and {path.name}; expected one table of each", place)
        paths[match[1]] = path
    if missing := [name for name in _REQUIRED if name not in paths]:
        message = f"holds no table of {' or '.join(missing)}; expected ..._{missing[0]}.tsv (or .gz)"
        raise FormatError(message, place)
    return paths
