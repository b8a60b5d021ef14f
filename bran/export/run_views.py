"""The parts of a run as DuckDB views, without records that newer ones replace and those that are deleted."""

from __future__ import annotations

from collections.abc import Iterable
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from bran.errors import FormatError, Place
from bran.export.document_table import DOCUMENT_SCHEMA
from bran.export.run_folder import DESCRIPTION, DOCUMENTS, RELATIONS, RunDescription, RunFolder
from bran.export.table import SCHEMA
from bran.export.versions import check_columns, check_not_newer, check_version
from bran.wording import one_line

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NEEDED = {
    RELATIONS: ["document", "type", "head", "tail", "position"],
    DOCUMENTS: ["document", "version", "deleted", "position"],
}

_TO_THE_END = 2**63 - 1
"""The position of a deletion that removes all records of its shard."""

_REMOVED = f"""
CREATE TABLE removed AS
WITH records AS (
    SELECT filename, document, version, deleted, coalesce(position, {_TO_THE_END}) AS position FROM all_records
),
several AS (SELECT document FROM records GROUP BY document HAVING count(*) > 1),
contested AS (
    SELECT parts.relations, parts.documents, records.document, version, deleted, position,
           row(parts.number, position) AS place
    FROM records SEMI JOIN several USING (document) JOIN parts ON parts.documents = records.filename
),
deletions AS (SELECT document, max(place) AS last FROM contested WHERE deleted GROUP BY document),
judged AS (
    SELECT contested.* EXCLUDE (deleted), coalesce(place <= deletions.last, false) AS deleted
    FROM contested LEFT JOIN deletions USING (document) WHERE NOT contested.deleted
)
SELECT relations, documents, position, deleted FROM judged
QUALIFY deleted OR row_number() OVER (PARTITION BY document, deleted ORDER BY version DESC, place DESC) > 1
"""

_COUNTING = """
CREATE VIEW {view} AS
SELECT {columns} FROM {source} AS record
ANTI JOIN removed ON removed.{file} = record.filename AND removed.position = record.position
"""


def create_views(connection: DuckDBPyConnection, folder: RunFolder) -> RunDescription:
    """Make the views ``all_relations`` and ``documents`` of what counts in ``folder``, and the table ``removed``.

    Raises:
        FormatError: when the folder is not that of a run, it or a part is of another version, or a part is damaged.
    """
    description = folder.description
    check_not_newer(description.schema_version, folder.path / DESCRIPTION)
    parts = [folder.part(entry.key).absolute() for entry in folder.entries()]
    connection.execute("CREATE TABLE parts (number BIGINT, relations VARCHAR, documents VARCHAR)")
    if parts:
        numbered = [(number, str(part / RELATIONS), str(part / DOCUMENTS)) for number, part in enumerate(parts)]
        connection.execute(f"INSERT INTO parts VALUES {', '.join(map(_tuple, numbered))}")
    for view, name, schema in (("all_rows", RELATIONS, SCHEMA), ("all_records", DOCUMENTS, DOCUMENT_SCHEMA)):
        _scan(connection, view, [part / name for part in parts], schema, description.schema_version)
    connection.execute(_REMOVED)
    for view, source, file, schema in (
        ("all_relations", "all_rows", "relations", SCHEMA),
        ("all_documents", "all_records", "documents", DOCUMENT_SCHEMA),
    ):
        columns = ", ".join(schema.names)
        connection.execute(_COUNTING.format(view=view, source=source, file=file, columns=columns))
    connection.execute("CREATE VIEW documents AS SELECT * FROM all_documents WHERE NOT deleted")
    return description


def typed_columns(found: pa.Schema, expected: pa.Schema) -> str:
    """The columns of ``expected``, in SQL: cast where ``found`` has another type, null where it lacks them."""
    return ", ".join(
        f"CAST({quoted_name(field.name) if field.name in found.names else 'NULL'} AS {sql_type(field.type)}) "
        f"AS {quoted_name(field.name)}"
        for field in expected
    )


def scan(files: Iterable[Path]) -> str:
    """``read_parquet`` of ``files``, in SQL."""
    # Signs of patterns in a path are meant as they stand.
    return f"read_parquet([{', '.join(_literal(escape(str(file))) for file in files)}], filename = true)"


def sql_type(type_: pa.DataType) -> str:
    """The DuckDB type that holds ``type_``."""
    if pa.types.is_list(type_):
        return f"{sql_type(type_.value_type)}[]"
    if pa.types.is_struct(type_):
        return f"STRUCT({', '.join(f'{quoted_name(field.name)} {sql_type(field.type)}' for field in type_)})"
    return _SQL_TYPES[type_]


def quoted_name(name: str) -> str:
    """``name`` as a column in SQL."""
    return f'"{name}"'


_SQL_TYPES = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.float64(): "DOUBLE", pa.bool_(): "BOOLEAN"}


def _scan(connection: DuckDBPyConnection, view: str, files: list[Path], schema: pa.Schema, version: int) -> None:
    """Make ``view`` of all rows of ``files``, all of ``version``, with the name of the file of each."""
    if not files:
        columns = ", ".join(f"{quoted_name(field.name)} {sql_type(field.type)}" for field in schema)
        connection.execute(f"CREATE TABLE {view} (filename VARCHAR, {columns})")
        return
    for file in files:
        found = _schema(file)
        check_columns(found, _NEEDED[file.name], file)
        check_version(found, version, file)
    connection.execute(f"CREATE VIEW {view} AS SELECT filename, {typed_columns(found, schema)} FROM {scan(files)}")


def _schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        reason = one_line(error)
        raise FormatError(f"damaged ({reason}); expected what `bran extract` wrote", Place(str(path))) from None


def _tuple(values: tuple[int, str, str]) -> str:
    number, *files = values
    return f"({number}, {', '.join(map(_literal, files))})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
