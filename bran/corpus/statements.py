"""Statements: relations by document without any text, as knowledge bases publish them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from bran.errors import DataError, FormatError, Place
from bran.files import open_text
from bran.wording import counted

_LOOKED_AT = 2_000
"""Statements by which turned columns are told."""
_NOT_LETTERS = re.compile(r"[\W_]+")
_SEVERAL = "|"
"""Joins the values of one cell in tables of CTD."""
_DOCUMENTS = "PubMedIDs"
_ENDS = {"ChemicalID": "MESH", "GeneID": "NCBIGene", "DiseaseID": "MESH"}
"""Columns of CTD that hold concepts, heads before tails, and the namespace that bare ids of them get."""
_RELATIONS = ("DirectEvidence", "InteractionActions")


class Statement(NamedTuple):
    """A relation that a document states; ``kind`` is what the reader was told to call it."""

    document: str
    kind: str
    head: str
    tail: str


class _Row(NamedTuple):
    documents: Sequence[str]
    relations: Sequence[str] | None
    """``None``: the table holds a single relation, which it does not name."""
    head: str
    tail: str


_Layout: TypeAlias = Callable[[list[str]], _Row]


def read_statements(
    path: Path,
    kinds: Mapping[str, str],
    *,
    exclude: Collection[str] = (),
    turned: bool = False,
    others: Counter[str] | None = None,
) -> Iterator[Statement]:
    """The statements of a tab-separated table.

    It has four columns (document, relation, head, tail), as those of ChemDisGene, or a line that names them as
    CTD does: two of ``ChemicalID``, ``GeneID`` and ``DiseaseID``, ``PubMedIDs``, and ``DirectEvidence`` or
    ``InteractionActions`` where the table holds more relations than one.

    Args:
        path: plain or gzipped; lines that are blank or begin with ``#`` are passed over.
        kinds: what each relation that counts is to be called; others are passed over. Only letters and digits
            of names are compared: ChemDisGene writes both ``chem_disease:`` and ``chem^disease:``.
        exclude: ids of documents whose statements are left out.
        turned: the file has the tail before the head.
        others: counts the relations that are passed over.

    Raises:
        FormatError: when a line has too few or too many columns, or no line has one of the relations.
    """
    names = {_letters(relation): kind for relation, kind in kinds.items()}
    others = Counter() if others is None else others
    found = False
    for number, row in _rows(path):
        relations = _only(kinds, Place(str(path), number)) if row.relations is None else row.relations
        head, tail = (row.tail, row.head) if turned else (row.head, row.tail)
        for relation in relations:
            kind = names.get(_letters(relation))
            if kind is None:
                others[relation] += 1
                continue
            found = True
            yield from (Statement(id_, kind, head, tail) for id_ in row.documents if id_ not in exclude)
    if not found:
        there = ", ".join(sorted(others)[:8]) or "no relation"
        raise FormatError(f"holds {there}; expected {', '.join(kinds)}", Place(str(path)))


def _rows(path: Path) -> Iterator[tuple[int, _Row]]:
    layout: _Layout = _four_columns
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            cells = line.rstrip("\r\n").split("\t")
            if _DOCUMENTS in cells:
                layout = _NamedColumns([cells[0].lstrip("# "), *cells[1:]], Place(str(path), number))
            elif line.strip() and not line.startswith("#"):
                try:
                    yield number, layout(cells)
                except FormatError as error:
                    raise error.at(Place(str(path), number)) from None


def _four_columns(cells: list[str]) -> _Row:
    if len(cells) != len(Statement._fields):
        raise FormatError(f"{counted(len(cells), 'column')}; expected document, relation, head and tail")
    document, relation, head, tail = cells
    return _Row((document,), (relation,), head, tail)


class _NamedColumns:
    """Rows of a table whose columns are called ``names``, as those of CTD."""

    def __init__(self, names: list[str], place: Place) -> None:
        ends = [(names.index(name), f"{namespace}:") for name, namespace in _ENDS.items() if name in names]
        if len(ends) != 2:
            raise FormatError(f"columns {', '.join(names)}; expected two of {', '.join(_ENDS)}", place)
        self._width = len(names)
        self._head, self._tail = ends
        self._documents = names.index(_DOCUMENTS)
        self._relations = next((names.index(name) for name in _RELATIONS if name in names), None)

    def __call__(self, cells: list[str]) -> _Row:
        if len(cells) != self._width:
            raise FormatError(f"{counted(len(cells), 'column')}; expected {self._width}, as the line of names has")
        relations = None if self._relations is None else _values(cells[self._relations])
        return _Row(
            _values(cells[self._documents]), relations, _concept(cells, *self._head), _concept(cells, *self._tail)
        )


def _values(cell: str) -> list[str]:
    return [value for value in map(str.strip, cell.split(_SEVERAL)) if value]


def _concept(cells: list[str], column: int, namespace: str) -> str:
    return cells[column] if ":" in cells[column] else namespace + cells[column]


def _letters(relation: str) -> str:
    return _NOT_LETTERS.sub(" ", relation).casefold().strip()


def _only(kinds: Mapping[str, str], place: Place) -> Sequence[str]:
    """The relation that a table without a column of relations holds.

    Raises:
        FormatError: when more than one is asked for.
    """
    if len(set(kinds.values())) != 1:
        known = ", ".join(dict.fromkeys(kinds.values()))
        raise FormatError(f"has no column of relations; expected a single kind, not {known}", place)
    return tuple(kinds)[:1]


def check_ends(statements: Iterable[Statement], tails: Collection[str], *, path: Path, name: str) -> None:
    """Make sure that heads and tails have not changed places, as they have in some published files.

    Args:
        statements: of one file; the first of them are looked at.
        tails: ids that tails may have, and heads may not.
        path: where they were read.
        name: what ``tails`` are.

    Raises:
        DataError: when more heads than tails are among ``tails``.
    """
    looked_at = [statement for statement, _ in zip(statements, range(_LOOKED_AT), strict=False)]
    heads = sum(statement.head in tails for statement in looked_at)
    right = sum(statement.tail in tails for statement in looked_at)
    if heads > right:
        first = next(statement for statement in looked_at if statement.head in tails)
        message = f"head {first.head} is a {name}, as {heads} of {len(looked_at)} heads are and {right} tails"
        raise DataError(f"{message}; expected heads first (--turned reads the columns the other way)", Place(str(path)))
