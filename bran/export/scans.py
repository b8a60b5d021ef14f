"""Tables on disk as DuckDB reads them: each file becomes the source of a ``FROM`` clause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from bran.errors import BranError, FormatError, Place
from bran.export.reading import READERS
from bran.export.table import match_suffix
from bran.export.versions import check_not_newer, stated_version
from bran.files import open_binary, open_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SUFFIXES = (".parquet", ".tsv", ".tsv.gz", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz")
"""Of the files that can be scanned."""

_GZIP = b"\x1f\x8b"
_NO_QUOTE, _QUOTE = "", '"'


@dataclass(frozen=True, slots=True)
class Scan:
    """A table that DuckDB can read.

    Attributes:
        path: of the file.
        columns: their names, as far as they are known before it is read: ``None`` for JSON lines.
        source: SQL for a ``FROM`` clause; the columns of text files are strings.
        escaped: whether cells are written as :func:`bran.export.text.to_cell` writes them.
    """

    path: Path
    columns: tuple[str, ...] | None
    source: str
    escaped: bool = False


def literal(text: str | Path) -> str:
    """``text`` as a string of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """``name`` as a column of SQL."""
    return '"' + name.replace('"', '""') + '"'


def scan(path: Path, wanted: tuple[str, ...]) -> Scan:
    """The table under ``path``.

    Args:
        path: its suffix tells the format; gzip is told by content.
        wanted: columns that are read of JSON lines, where no header tells them.

    Raises:
        ConfigError: when the suffix is none of ``SUFFIXES``.
        FormatError: when there is no such file, or it has no header.
    """
    suffix = match_suffix(path, SUFFIXES).removesuffix(".gz")
    if suffix == ".parquet":
        return _parquet(path)
    if suffix == ".jsonl":
        return _jsonl(path, wanted)
    with open_text(path) as stream:
        header = split(stream.readline(), suffix)
    return text_scan(path, header, suffix, skip=1)


def split(line: str, suffix: str) -> tuple[str, ...]:
    """The cells of a header."""
    cells = line.rstrip("\r\n").split("," if suffix == ".csv" else "\t")
    return tuple(cell.strip('"') if suffix == ".csv" else cell for cell in cells)


def text_scan(path: Path, columns: tuple[str, ...], suffix: str, *, skip: int) -> Scan:
    """The lines of a ``.tsv`` or ``.csv`` file after the first ``skip``.

    Raises:
        FormatError: when two columns have the same name.
    """
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise FormatError(f"column {twice[0]!r} stands twice in the header; expected it once", Place(str(path)))
    quote, delimiter = (_QUOTE, ",") if suffix == ".csv" else (_NO_QUOTE, "\t")
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    source = (
        f"read_csv({_file(path)}, delim={literal(delimiter)}, quote={literal(quote)}, escape={literal(quote)}, "
        f"comment='', skip={skip}, header=false, auto_detect=false, {_compression(path)}, columns={{{types}}})"
    )
    return Scan(path, columns, source, escaped=suffix == ".tsv")


def _parquet(path: Path) -> Scan:
    with open_binary(path) as stream:
        try:
            schema = pq.read_schema(stream)
        except (pa.ArrowException, OSError) as error:
            message = f"{' '.join(str(error).split())}; expected a whole Parquet file"
            raise FormatError(message, Place(str(path))) from None
    check_not_newer(stated_version(schema), path)
    return Scan(path, tuple(schema.names), f"read_parquet({_file(path)})")


def _jsonl(path: Path, wanted: tuple[str, ...]) -> Scan:
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in wanted)
    if path.is_file() and not path.stat().st_size:
        nothing = ", ".join(f"NULL::VARCHAR AS {identifier(name)}" for name in wanted)
        return Scan(path, None, f"(SELECT {nothing} WHERE false)")
    source = f"read_json({_file(path)}, format='newline_delimited', {_compression(path)}, columns={{{types}}})"
    return Scan(path, None, source)


def _file(path: Path) -> str:
    """The path as DuckDB takes it, to whom ``*``, ``?`` and ``[`` are patterns."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def _compression(path: Path) -> str:
    with open_binary(path):  # says what is wrong with a file that is missing or empty
        pass
    with open(path, "rb") as raw:
        return "compression='gzip'" if raw.read(len(_GZIP)) == _GZIP else "compression='none'"


def run(connection: DuckDBPyConnection, sql: str, table: Scan | None = None) -> None:
    """Execute ``sql``, which reads ``table``.

    Raises:
        FormatError: when the table cannot be read.
        BranError: when memory or disk does not suffice.
    """
    with explained(table):
        connection.execute(sql)


@contextmanager
def explained(table: Scan | None = None) -> Iterator[None]:
    """What DuckDB raises within the ``with`` block, in one line.

    Raises:
        FormatError: when ``table`` cannot be read.
        BranError: when memory or disk does not suffice.
    """
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise BranError(f"too little memory or disk ({_first_line(error)}); expected more of it") from None
    except duckdb.Error as error:
        if table is None:
            raise BranError(_first_line(error)) from None
        _name_line(table.path)
        raise FormatError(f"{_first_line(error)}; expected a whole table", Place(str(table.path))) from None


def _name_line(path: Path) -> None:
    """Read the file again with a reader that names line and value; raises what it raises."""
    if reader := READERS.get(match_suffix(path, SUFFIXES)):
        for _ in reader(path):
            pass


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
