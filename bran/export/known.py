"""Pairs that a knowledge base already has: the user's own table, CTD's, or one in the manner of ChemDisGene."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bran.errors import ConfigError, FormatError, Place
from bran.export.known_pairs import Columns, match_pairs
from bran.export.scans import Scan, identifier, run, scan_parquet, scan_text
from bran.export.table import match_suffix
from bran.files import open_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SUFFIXES = (".parquet", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".csv", ".csv.gz")
"""Of known tables; ``.txt`` is tab-separated."""

_HEADERS = (("head", "tail"), ("chemicalid", "diseaseid"))
_TYPES = ("type", "directevidence")
_REFERENCES = ("pubmedids", "pmid", "references", "document_ids", "document")
_FOUR = ("1", "2", "3", "4")
_EXPECTED = (
    "head and tail, or ChemicalID and DiseaseID, or four columns without header (PMID, type, head, tail); "
    "name yours with --known-columns HEAD,TAIL[,TYPE[,REFERENCES]]"
)


def mark_known(connection: DuckDBPyConnection, path: Path, named: Sequence[str] = ()) -> None:
    """Fill the table ``known`` with those pairs of ``relations`` that the table ``path`` has.

    Ids are compared with their namespace: ``MESH:D003693`` and ``D003693`` are one.

    Args:
        connection: with the tables ``relations`` and ``known``.
        path: the known table; lines before its header that begin with ``#`` are comments.
        named: its columns for head, tail, type and references; empty: told from the header.

    Raises:
        ConfigError: when the suffix is none of ``SUFFIXES``, or ``named`` does not hold.
        FormatError: when it cannot be read, no column fits, or its ids are not those of the relations.
    """
    table = _open(path, named)
    columns = _columns(table, named)
    run(connection, f"CREATE TABLE listed AS {_listed(table, columns)}", path)
    match_pairs(connection, path, columns)


def _open(path: Path, named: Sequence[str]) -> Scan:
    suffix = match_suffix(path, SUFFIXES)
    if suffix == ".parquet":
        return scan_parquet(path)
    delimiter = "," if suffix.startswith(".csv") else "\t"
    skip, comment, first = _head(path, delimiter)
    if any(name.isdigit() for name in named) or (not named and len(first) == len(_FOUR) and first[0].isdigit()):
        return scan_text(path, tuple(str(number + 1) for number in range(len(first))), delimiter, skip=skip)
    if _fits(comment, named):  # CTD's own files have their header in a comment
        return scan_text(path, comment, delimiter, skip=skip)
    return scan_text(path, first, delimiter, skip=skip + 1)


def _head(path: Path, delimiter: str) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """How many comments there are, the cells of the last that has several, and those of the line after them."""
    header: tuple[str, ...] = ()
    with open_text(path) as stream:
        for number, line in enumerate(stream):
            if not line.startswith("#"):
                return number, header, _split(line, delimiter)
            cells = _split(line.lstrip("# "), delimiter)
            header = cells if len(cells) > 1 else header
    raise FormatError(f"has nothing but comments; expected {_EXPECTED}", Place(str(path)))


def _split(line: str, delimiter: str) -> tuple[str, ...]:
    cells = line.rstrip("\r\n").split(delimiter)
    return tuple(cell.strip('"') for cell in cells) if delimiter == "," else tuple(cells)


def _fits(header: Sequence[str], named: Sequence[str]) -> bool:
    lower = {name.lower() for name in header}
    return set(named) <= set(header) if named else any(set(ends) <= lower for ends in _HEADERS)


def _columns(table: Scan, named: Sequence[str]) -> Columns:
    found = table.columns
    if named:
        return _named(table, named)
    if found == _FOUR:
        return Columns(head="3", tail="4", type="2", references="1")
    by_lower = {name.lower(): name for name in found}
    for head, tail in _HEADERS:
        if head in by_lower and tail in by_lower:
            type_ = next((by_lower[name] for name in _TYPES if name in by_lower), None)
            references = next((by_lower[name] for name in _REFERENCES if name in by_lower), None)
            return Columns(by_lower[head], by_lower[tail], type_, references)
    raise FormatError(f"columns {', '.join(found)}; expected {_EXPECTED}", Place(str(table.path)))


def _named(table: Scan, named: Sequence[str]) -> Columns:
    if not 2 <= len(named) <= 4:
        raise ConfigError(f"known columns {','.join(named)}: expected HEAD,TAIL[,TYPE[,REFERENCES]]")
    for name in named:
        if name not in table.columns:
            message = f"columns {', '.join(table.columns)}; expected {name} too, as --known-columns says"
            raise FormatError(message, Place(str(table.path)))
    return Columns(*named)


def _listed(table: Scan, columns: Columns) -> str:
    """The pairs of ``table``; of CTD's chemicals and diseases those alone that curators stated, not inferred ones."""
    found = (columns.head, columns.tail, columns.type, columns.references)
    cells = [f"nullif(CAST({identifier(name)} AS VARCHAR), '')" if name else "NULL::VARCHAR" for name in found]
    inferred = columns.type is not None and columns.type.lower() == "directevidence"
    stated = f"WHERE {cells[2]} IS NOT NULL" if inferred else ""
    names = ("head", "tail", "type", "reference")
    select = ", ".join(f"{cell} AS {name}" for cell, name in zip(cells, names, strict=True))
    return f"SELECT {select} FROM {table.source} {stated}"
