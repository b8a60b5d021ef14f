"""Tables on disk as DuckDB reads them, and what it raises in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from bran.errors import BranError, FormatError, Place
from bran.files import open_binary
from bran.wording import one_line

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Scan:
    """A table that DuckDB can read.

    Attributes:
        path: of the file.
        columns: their names.
        source: SQL for a ``FROM`` clause; the columns of text files are strings.
    """

    path: Path
    columns: tuple[str, ...]
    source: str


def literal(text: str | Path) -> str:
    """``text`` as a string of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """``name`` as a column of SQL."""
    return '"' + name.replace('"', '""') + '"'


def scan_text(path: Path, columns: tuple[str, ...], delimiter: str, *, skip: int) -> Scan:
    """The lines of a text file after the first ``skip``, gzip told by content; a comma goes with quotes.

    Raises:
        FormatError: when two columns have the same name, or the file cannot be opened.
    """
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise FormatError(f"column {twice[0]!r} stands twice in the header; expected it once", Place(str(path)))
    quote = '"' if delimiter == "," else ""
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    source = (
        f"read_csv({literal(escape(str(path)))}, delim={literal(delimiter)}, quote={literal(quote)}, "
        f"escape={literal(quote)}, comment='', skip={skip}, header=false, auto_detect=false, "
        f"compression={literal(_compression(path))}, columns={{{types}}})"
    )
    return Scan(path, columns, source)


def scan_parquet(path: Path) -> Scan:
    """A Parquet file of any columns.

    Raises:
        FormatError: when it cannot be read.
    """
    with open_binary(path) as stream:
        try:
            columns = pq.read_schema(stream).names
        except (pa.ArrowException, OSError) as error:
            message = f"{one_line(error)}; expected a whole Parquet file"
            raise FormatError(message, Place(str(path))) from None
    return Scan(path, tuple(columns), f"read_parquet({literal(escape(str(path)))})")


def _compression(path: Path) -> str:
    with open(path, "rb") as raw:
        return "gzip" if raw.read(len(_GZIP)) == _GZIP else "none"


def run(connection: DuckDBPyConnection, sql: str, path: Path | None = None) -> None:
    """Execute ``sql``, which reads the file ``path``; raises what :func:`explained` does."""
    with explained(path):
        connection.execute(sql)


@contextmanager
def explained(path: Path | None = None) -> Iterator[None]:
    """What DuckDB raises within the ``with`` block, in one line.

    Raises:
        FormatError: when the file ``path`` cannot be read.
        BranError: when memory or disk does not suffice.
    """
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise BranError(f"too little memory or disk ({_first_line(error)}); expected more of it") from None
    except duckdb.Error as error:
        if path is None:
            raise BranError(_first_line(error)) from None
        raise FormatError(f"{_first_line(error)}; expected a whole table", Place(str(path))) from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
