"""Statements: relations by document without any text, as knowledge bases publish them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bran.errors import DataError, FormatError, Place
from bran.files import open_text

_COLUMNS = 4
_LOOKED_AT = 2_000
"""Statements by which turned columns are told."""


class Statement(NamedTuple):
    """A relation that a document states; ``kind`` is what the source calls it."""

    document: str
    kind: str
    head: str
    tail: str


def read_statements(
    path: Path, kinds: Mapping[str, str], *, exclude: Collection[str] = (), turned: bool = False
) -> Iterator[Statement]:
    """The statements of a tab-separated file of four columns: document, relation, head, tail; ChemDisGene's layout.

    Args:
        path: plain or gzipped; lines that are blank or begin with ``#`` are passed over.
        kinds: what each relation that counts is to be called; others are passed over.
        exclude: ids of documents whose statements are left out.
        turned: the file has the tail before the head.

    Raises:
        FormatError: when a line has not four columns, or no line has one of the relations.
    """
    met: set[str] = set()
    found = False
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith("#"):
                continue
            cells = line.rstrip("\r\n").split("\t")
            if len(cells) != _COLUMNS:
                message = f"{len(cells)} columns; expected document, relation, head and tail"
                raise FormatError(message, Place(str(path), number))
            document, relation, head, tail = cells
            if relation not in kinds:
                met.add(relation)
                continue
            found = True
            if document not in exclude:
                head, tail = (tail, head) if turned else (head, tail)
                yield Statement(document, kinds[relation], head, tail)
    if not found:
        there = ", ".join(sorted(met)[:8]) or "no relation"
        raise FormatError(f"holds {there}; expected {', '.join(kinds)}", Place(str(path)))


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
