"""A run's parts, or a relation table, read as one with DuckDB: in constant memory, in an order that never changes.

Of several records of one document the one with the highest version counts, then that of the latest source, then the
last in its shard. A deletion removes the records that come from sources before its own or from its own. Nothing of this
depends on the order in which inputs were named or parts were finished.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from bran.config import parse_config
from bran.corpus.document import Document
from bran.corpus.schema import Schema
from bran.errors import ConfigError, FormatError, Place
from bran.export.document_spool import TEXT_COLUMNS, DocumentSpool
from bran.export.document_table import document_of
from bran.export.predictions import with_predictions
from bran.export.row_batches import sized
from bran.export.run_folder import DESCRIPTION, RunDescription, RunFolder
from bran.export.run_views import create_views, scan
from bran.export.table import DIGITS, SCHEMA, Row
from bran.export.table_view import create_table_view
from bran.wording import one_line

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "1GB"
"""What DuckDB may hold; what does not fit goes to a temporary folder."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT])i?B", re.IGNORECASE)
_MEGABYTES = {"K": 1e-3, "M": 1.0, "G": 1e3, "T": 1e6}
_PER_THREAD = 400
"""Megabytes that a thread of DuckDB may need: it sorts some 100,000 rows at a time, whatever their length."""

BATCH = 8192
"""Rows that are handed on at once."""

BY_DOCUMENT = (
    "CASE WHEN regexp_full_match(document, '[0-9]{1,18}') THEN TRY_CAST(document AS BIGINT) END NULLS LAST, document"
)
"""The order of documents, in SQL: by number where the id is one, the others after them by name."""

BY_ROW = f"{BY_DOCUMENT}, round(coalesce(score, 0), {DIGITS}) DESC, head, tail, type"
"""The order of rows, in SQL: within a document as :func:`bran.export.table.rows` has them."""


@dataclass(frozen=True, slots=True)
class Least:
    """What a relation must have to be read.

    Attributes:
        score: in [0, 1]; ``None``: any.
        probability: in [0, 1]; ``None``: any.
    """

    score: float | None = None
    probability: float | None = None

    @property
    def condition(self) -> str:
        """The same in SQL."""
        limits = {"score": self.score, "probability": self.probability}
        return " AND ".join(f"{name} >= {limit}" for name, limit in limits.items() if limit is not None) or "true"


@dataclass(frozen=True, slots=True)
class Counts:
    """What there is in a run.

    Attributes:
        documents: that count, with relations or without.
        relations: of these documents.
        superseded: records that another record of the same document replaces.
        deleted: records that a deletion removes.
    """

    documents: int
    relations: int
    superseded: int
    deleted: int


class Tables:
    """Relations and documents as the views ``relations`` and ``documents`` of a DuckDB connection.

    Attributes:
        path: the run's folder or the table.
        connection: has the views; rows of a view come in no order.
        description: of the run; ``None`` of a table.
    """

    def __init__(
        self, path: Path, connection: DuckDBPyConnection, description: RunDescription | None, temp: Path
    ) -> None:
        self.path = path
        self.connection = connection
        self.description = description
        self._temp = temp

    @property
    def has_documents(self) -> bool:
        """Whether there is a view ``documents``: a table has none."""
        return self.description is not None

    @property
    def schema(self) -> Schema | None:
        """The schema of the run's relations; ``None`` of a table.

        Raises:
            ConfigError: when the run's description holds no schema.
        """
        if self.description is None:
            return None
        return parse_config(Schema, self.description.relation_schema, source=str(self.path / DESCRIPTION))

    def batches(self, size: int = BATCH) -> Iterator[pa.RecordBatch]:
        """The relations with the columns of ``SCHEMA``, in the order ``BY_ROW``."""
        return self._read("relations", SCHEMA, BY_ROW, size)

    def rows(self) -> Iterator[Row]:
        """The rows of :meth:`batches`, one by one."""
        for batch in self.batches():
            yield from batch.to_pylist()

    def counts(self) -> Counts:
        """How much there is. A table has no documents but those with relations."""
        relations, mentioned = self._values("SELECT count(*), count(DISTINCT document) FROM relations")
        if not self.has_documents:
            return Counts(mentioned, relations, 0, 0)
        (documents,) = self._values("SELECT count(*) FROM documents")
        removed = "SELECT count(*) FILTER (NOT deleted), count(*) FILTER (deleted) FROM removed"
        return Counts(documents, relations, *self._values(removed))

    def documents(self) -> Iterator[Document]:
        """Every document that counts, with text, mentions and predicted relations, in the order ``BY_DOCUMENT``.

        Raises:
            FormatError: when there are none, or texts were not kept.
        """
        if not self.has_documents:
            message = "is a table, which has no texts; expected the folder of a `bran extract` run"
            raise FormatError(message, Place(str(self.path)))
        found = groupby(self._kept_rows(), key=lambda row: str(row["document"]))
        nothing: tuple[str | None, Iterator[Row]] = (None, iter(()))
        id_, group = next(found, nothing)
        for row in self._texts():
            document = document_of(row, self.path)
            if id_ != document.id:
                yield document
                continue
            yield with_predictions(document, list(group))
            id_, group = next(found, nothing)

    def _texts(self) -> Iterator[Row]:
        """Documents without relations, in the order ``BY_DOCUMENT``."""
        spool = DocumentSpool(Path(tempfile.mkdtemp(dir=self._temp)))  # removed with the folder
        found = self.connection.cursor().sql(f"SELECT {', '.join(TEXT_COLUMNS)} FROM documents")
        spool.write(found.to_arrow_reader(BATCH // 8))
        sorted_ = self.connection.cursor().execute(
            f"SELECT start, size FROM {scan([spool.places])} ORDER BY {BY_DOCUMENT}"
        )
        while places := sorted_.fetchmany(BATCH):
            yield from spool.read(places)

    def _kept_rows(self) -> Iterator[Row]:
        """The rows of :meth:`rows`, from a file: two orders at once would share the memory."""
        path = Path(tempfile.mkdtemp(dir=self._temp)) / "relations.parquet"  # removed with the folder
        with pq.ParquetWriter(path, SCHEMA, compression="zstd") as file:
            for batch in self.batches():
                file.write_batch(batch)
        # What is buffered before it is asked for would stay in memory to the end.
        for batch in pq.ParquetFile(path, pre_buffer=False).iter_batches(BATCH):
            yield from batch.to_pylist()

    def _read(self, view: str, schema: pa.Schema, order: str, size: int) -> Iterator[pa.RecordBatch]:
        # A cursor of its own, so that several streams can be read at once.
        found = self.connection.cursor().sql(f"SELECT {', '.join(schema.names)} FROM {view} ORDER BY {order}")
        return sized(found.to_arrow_reader(size), schema, size)

    def _values(self, query: str) -> tuple[Any, ...]:
        return self.connection.execute(query).fetchone() or ()


@contextmanager
def open_tables(
    path: Path, *, least: Least | None = None, temp: Path | None = None, memory: str = MEMORY
) -> Iterator[Tables]:
    """What a run's folder or a relation table holds.

    Args:
        path: the folder, or a file of :data:`bran.export.reading.READERS`.
        least: rows below it are passed over.
        temp: folder for what does not fit in memory; ``None``: the system's.
        memory: what DuckDB may hold, as in ``4GB``.

    Raises:
        FormatError: when it cannot be read, or is of another version.
        ConfigError: when its suffix is not known, ``memory`` is no size, or rows have no probability to compare.
    """
    import duckdb

    threads = _threads(memory)
    with _temporary_folder(temp) as folder:
        try:
            with duckdb.connect(config=_config(folder, memory, threads)) as connection:
                description = create_views(connection, RunFolder(path)) if path.is_dir() else None
                if description is None:
                    create_table_view(connection, path, folder)
                _restrict(connection, least or Least(), path)
                yield Tables(path, connection, description, folder)
        except (duckdb.Error, pa.ArrowException) as error:
            reason = one_line(error)
            raise FormatError(f"cannot be read together ({reason})", Place(str(path))) from None


@contextmanager
def _temporary_folder(parent: Path | None) -> Iterator[Path]:
    try:
        made = tempfile.TemporaryDirectory(prefix=".bran-", dir=parent)
    except OSError as error:
        raise FormatError(f"cannot hold temporary files ({error.strerror})", Place(str(parent))) from None
    with made as folder:
        yield Path(folder)


def _threads(memory: str) -> int:
    """As many threads as find room in ``memory`` to sort in, of those that there are processors for.

    Raises:
        ConfigError: when ``memory`` is no size.
    """
    size = _SIZE.fullmatch(memory)
    if size is None:
        raise ConfigError(f"memory {memory!r}: expected a size such as 500MB or 4GB")
    megabytes = float(size[1]) * _MEGABYTES[size[2].upper()]
    return max(1, min(len(os.sched_getaffinity(0)), int(megabytes / _PER_THREAD)))


def _config(folder: Path, memory: str, threads: int) -> dict[str, Any]:
    return {
        "threads": threads,
        "memory_limit": memory,
        "temp_directory": str(folder / "duckdb"),
        "preserve_insertion_order": False,  # holds less; whoever wants an order says which
        "autoinstall_known_extensions": False,  # no network
        "autoload_known_extensions": False,
    }


def _restrict(connection: DuckDBPyConnection, least: Least, path: Path) -> None:
    """Make the view ``relations`` of ``all_relations``."""
    if least.probability is not None:
        count = connection.execute("SELECT count(*), count(probability) FROM all_relations").fetchone()
        if count and count[0] and not count[1]:
            raise ConfigError(f"{path}: no relation has a probability; expected a least score, or a calibrated model")
    # A position tells of the shard; without it, the same work gives the same rows however it was cut.
    columns = "* REPLACE (CAST(NULL AS BIGINT) AS position)"
    connection.execute(f"CREATE VIEW relations AS SELECT {columns} FROM all_relations WHERE {least.condition}")
