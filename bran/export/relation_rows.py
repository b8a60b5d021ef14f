"""Relation tables, our own and those of other systems, gathered as the rows that are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bran.errors import FormatError, Place
from bran.export.run_folder import RELATIONS, RunFolder
from bran.export.scans import Scan, identifier, literal, run, scan

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REQUIRED = ("document", "type", "head", "tail")
"""Columns that every relation table has."""

SLOTS = 4096
"""Groups of relations that can be read one without the others."""

_TYPES = {
    **dict.fromkeys(REQUIRED, "VARCHAR"),
    "head_label": "VARCHAR",
    "head_name": "VARCHAR",
    "head_type": "VARCHAR",
    "tail_label": "VARCHAR",
    "tail_name": "VARCHAR",
    "tail_type": "VARCHAR",
    "score": "DOUBLE",
    "probability": "DOUBLE",
    "cross_sentence": "BOOLEAN",
    "sentence": "VARCHAR",
    "year": "BIGINT",
}
"""Columns that are read, with their types; a table may leave out all but the required, and have more."""

_HOLDS = {
    "DOUBLE": ("isfinite({value})", "a finite number"),
    "BOOLEAN": ("{value} IS NOT NULL", "true or false"),
    "BIGINT": ("{value} IS NOT NULL", "a year"),
}
_PROBABILITY = ("{value} BETWEEN 0 AND 1", "a number from 0 to 1")

_UNESCAPE = (
    r"replace(replace(replace(replace(replace({cell}, '\\', chr(1)), '\t', chr(9)), '\n', chr(10)), '\r', chr(13)), "
    r"chr(1), '\')"
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was read.

    Attributes:
        rows: of all tables.
        documents: distinct ids that have a row.
    """

    rows: int
    documents: int


def gather(connection: DuckDBPyConnection, inputs: Sequence[Path]) -> Gathered:
    """Fill the table ``staged`` with the rows of ``inputs``, those of one relation under one ``slot``, slots in order.

    Args:
        connection: to a database on disk.
        inputs: relation tables and folders of runs.

    Raises:
        ConfigError: when the suffix of a table is not known.
        FormatError: when one cannot be read, lacks a column, or holds a value that is none.
    """
    scans = [table for path in inputs for table in _tables(path)]
    columns = ", ".join(f"{name} {type_}" for name, type_ in _TYPES.items())
    run(connection, f"CREATE TABLE unsorted (slot USMALLINT, fault VARCHAR, {columns})")
    for table in scans:
        run(connection, f"INSERT INTO unsorted {_select(table)}", table)
        _refuse_faults(connection, table)
    run(connection, f"CREATE TABLE staged AS SELECT slot, {', '.join(_TYPES)} FROM unsorted ORDER BY slot")
    run(connection, "DROP TABLE unsorted")
    row = connection.execute("SELECT count(*), count(DISTINCT document) FROM staged").fetchone()
    return Gathered(*(row or (0, 0)))


def _tables(path: Path) -> list[Scan]:
    if not path.is_dir():
        return [scan(path, tuple(_TYPES))]
    folder = RunFolder(path)
    _ = folder.description  # says so when it is no run
    return [scan(folder.part(entry.key) / RELATIONS, tuple(_TYPES)) for entry in folder.entries()]


def _select(table: Scan) -> str:
    """The rows of ``table`` with every column, each with the fault that its values have."""
    found = tuple(_TYPES) if table.columns is None else table.columns
    if missing := [name for name in REQUIRED if name not in found]:
        message = f"columns {', '.join(found)}; expected a relation table, which has {', '.join(missing)} too"
        raise FormatError(message, Place(str(table.path)))
    cells = ", ".join(f"{_cell(name, table, found)} AS {name}" for name in _TYPES)
    values = ", ".join(f"TRY_CAST({name} AS {type_}) AS {name}" for name, type_ in _TYPES.items())
    slot = f"hash(type, head, tail) % {SLOTS} AS slot"
    return f"SELECT {slot}, {_fault()} AS fault, {values} FROM (SELECT {cells} FROM {table.source})"


def _cell(name: str, table: Scan, found: Sequence[str]) -> str:
    """A column as text, null when it is empty or missing."""
    if name not in found:
        return "NULL::VARCHAR"
    cell = f"nullif(CAST({identifier(name)} AS VARCHAR), '')"
    return _UNESCAPE.format(cell=cell) if table.escaped else cell


def _fault() -> str:
    """SQL for what is wrong with a row, null when nothing is."""
    cases = [f"WHEN {name} IS NULL THEN {literal(f'a row without {name}; expected one')}" for name in REQUIRED]
    for name, type_ in _TYPES.items():
        if type_ in _HOLDS:
            holds, expected = _PROBABILITY if name == "probability" else _HOLDS[type_]
            value = holds.format(value=f"TRY_CAST({name} AS {type_})")
            said = f"{literal(f'{name} = ')} || {name} || {literal(f'; expected {expected}')}"
            cases.append(f"WHEN {name} IS NOT NULL AND ({value}) IS NOT TRUE THEN {said}")
    return f"CASE {' '.join(cases)} END"


def _refuse_faults(connection: DuckDBPyConnection, table: Scan) -> None:
    faults = "SELECT fault, document FROM unsorted WHERE fault IS NOT NULL ORDER BY document, fault LIMIT 1"
    found = connection.execute(faults).fetchone()
    if found:
        raise FormatError(found[0], Place(str(table.path), document=found[1]))
