"""Relation tables, our own and those of other systems, and runs gathered as the rows that are counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bran.errors import FormatError, Place
from bran.export.run_folder import RunFolder
from bran.export.run_views import create_views
from bran.export.scans import explained, literal, run
from bran.export.table_view import create_table_view

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SLOTS = 4096
"""Groups of relations that can be read one without the others."""

_REQUIRED = ("document", "type", "head", "tail")
_NAMES = ("head_label", "head_name", "head_type", "tail_label", "tail_name", "tail_type")
_COLUMNS = (*_REQUIRED, *_NAMES, "score", "probability", "cross_sentence", "sentence", "year")

_SAID = "CASE {cases} END AS fault"
_MISSING = "WHEN coalesce({name}, '') = '' THEN {fault}"
_OUTSIDE = (
    "WHEN NOT isfinite(score) THEN 'score = ' || score || '; expected a finite number'",
    "WHEN NOT probability BETWEEN 0 AND 1 THEN 'probability = ' || probability || '; expected a number from 0 to 1'",
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was read.

    Attributes:
        rows: of all inputs.
        documents: distinct ids that have a row.
    """

    rows: int
    documents: int


def gather(connection: DuckDBPyConnection, inputs: Sequence[Path], temp: Path) -> Gathered:
    """Fill the table ``staged`` with the rows of ``inputs``, those of one relation under one ``slot``, slots in order.

    Args:
        connection: to a database on disk.
        inputs: relation tables and folders of runs.
        temp: folder for copies of what is text.

    Raises:
        ConfigError: when the suffix of a table is not known.
        FormatError: when one cannot be read, lacks a column, or holds a value that is none.
    """
    for number, path in enumerate(inputs):
        with explained(path), _opened(connection, path, temp):
            into = "INSERT INTO main.unsorted" if number else "CREATE TABLE main.unsorted AS"
            connection.execute(f"{into} {_select()}")
        _refuse_faults(connection, path)
    # DuckDB passes over the blocks of other slots when the table is read slot by slot.
    run(connection, f"CREATE TABLE staged AS SELECT slot, {', '.join(_COLUMNS)} FROM unsorted ORDER BY slot")
    run(connection, "DROP TABLE unsorted")
    row = connection.execute("SELECT count(*), count(DISTINCT document) FROM staged").fetchone()
    return Gathered(*(row or (0, 0)))


@contextmanager
def _opened(connection: DuckDBPyConnection, path: Path, temp: Path) -> Iterator[None]:
    """The view ``all_relations`` of ``path`` within the ``with`` block, in a schema of its own."""
    connection.execute("CREATE SCHEMA input")
    connection.execute("USE input")
    with TemporaryDirectory(dir=temp) as copies:
        if path.is_dir():
            create_views(connection, RunFolder(path))
        else:
            create_table_view(connection, path, Path(copies))
        yield
    connection.execute("USE main")
    connection.execute("DROP SCHEMA input CASCADE")


def _select() -> str:
    """The rows of ``all_relations``, each with its slot and with what is wrong with it."""
    missing = [_MISSING.format(name=name, fault=literal(f"a row without {name}; expected one")) for name in _REQUIRED]
    fault = _SAID.format(cases=" ".join((*missing, *_OUTSIDE)))
    return f"SELECT hash(type, head, tail) % {SLOTS} AS slot, {fault}, {', '.join(_COLUMNS)} FROM all_relations"


def _refuse_faults(connection: DuckDBPyConnection, path: Path) -> None:
    faults = "SELECT fault, document FROM unsorted WHERE fault IS NOT NULL ORDER BY document, fault LIMIT 1"
    found = connection.execute(faults).fetchone()
    if found:
        raise FormatError(found[0], Place(str(path), document=found[1]))
