"""A relation table of any format as a DuckDB view."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import FiniteFloat, create_model

from bran.errors import FormatError, Place
from bran.export.reading import READERS, REQUIRED, TableRecord, read_records
from bran.export.run_views import scan, typed_columns
from bran.export.table import SCHEMA, match_suffix
from bran.export.versions import check_columns
from bran.wording import one_line

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ROW_GROUP = 32_768


def create_table_view(connection: DuckDBPyConnection, path: Path, temp: Path) -> None:
    """Make the view ``all_relations`` of the table ``path``; columns that it lacks are null.

    Args:
        connection: gets the view.
        path: a file of :data:`bran.export.reading.READERS`.
        temp: takes a Parquet copy of what is text.

    Raises:
        ConfigError: when the suffix is not known.
        FormatError: names what cannot be read, and what was expected.
    """
    if not path.exists():  # before its suffix is looked at: the folder of a run has none
        message = "cannot be opened (No such file or directory); expected a relation table or the folder of a run"
        raise FormatError(message, Place(str(path)))
    if match_suffix(path, READERS) == ".parquet":
        file, found = path.absolute(), _schema(path)
    else:
        file, found = temp / "table.parquet", SCHEMA
        _copy(path, file)
    check_columns(found, REQUIRED, path)
    connection.execute(f"CREATE VIEW all_relations AS SELECT {typed_columns(found, SCHEMA)} FROM {scan([file])}")


def _schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        message = f"{one_line(error)}; expected a whole Parquet file"
        raise FormatError(message, Place(str(path))) from None


def _copy(path: Path, target: Path) -> None:
    rows = (record.model_dump() for _, record in read_records(path, _FullRecord))
    with pq.ParquetWriter(target, SCHEMA) as file:
        for group in _groups(rows):
            file.write_table(pa.Table.from_pylist(group, schema=SCHEMA))


def _groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    stream = iter(rows)
    while group := list(islice(stream, _ROW_GROUP)):
        yield group


def _fields(columns: Iterable[pa.Field]) -> dict[str, Any]:
    """Type and default of columns that may be missing."""
    return {field.name: (_python_type(field.type) | None, None) for field in columns}


def _python_type(type_: pa.DataType) -> Any:
    if pa.types.is_list(type_):
        return list[create_model("_Pair", **_fields(type_.value_type))]  # type: ignore[misc]
    return _TYPES[type_]


_TYPES: dict[pa.DataType, Any] = {pa.string(): str, pa.int64(): int, pa.float64(): FiniteFloat, pa.bool_(): bool}
_FullRecord = create_model(
    "_FullRecord", __base__=TableRecord, **_fields(field for field in SCHEMA if field.name not in REQUIRED)
)
