"""Reading a relation table back, to score it: our own, or one that any other system wrote."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, FiniteFloat, StringConstraints, ValidationError
from pydantic_core import ErrorDetails, from_json

from bran.corpus.document import Document, Relation
from bran.errors import DuplicateDocumentError, FormatError, Place
from bran.export.table import match_suffix
from bran.export.text import from_cell
from bran.export.versions import check_not_newer, stated_version
from bran.files import open_binary, open_text
from bran.wording import one_line

_Text = Annotated[str, StringConstraints(min_length=1)]
_Numbered = Iterator[tuple[int, Mapping[str, Any]]]


class TableRecord(BaseModel):
    """The columns that are read; a table may leave the optional ones out, and have more."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    document: _Text
    type: _Text
    head: _Text
    tail: _Text
    score: FiniteFloat | None = None
    probability: FiniteFloat | None = None
    model: str | None = None


_RecordT = TypeVar("_RecordT", bound=TableRecord)

REQUIRED = [name for name, field in TableRecord.model_fields.items() if field.is_required()]
"""The columns that every relation table has."""


def read_table(path: Path) -> Iterator[Document]:
    """The documents of a TSV, CSV, Parquet or JSONL relation table, with their relations, in the table's order.

    A document has the id and the relations (type, head, tail, score, probability, model), but no text, so
    names and evidence are not read back; one without relations has left no row, so it does not come.
    Columns that the table does not know are passed over; an empty ``.jsonl`` file is an empty table.

    Raises:
        ConfigError: when the suffix is none of ``READERS``.
        FormatError: names the line (Parquet: the row), the value and what was expected; also when a newer
            version of bran wrote the table.
        DuplicateDocumentError: when the rows of a document do not stand together.
    """
    seen: set[str] = set()
    for document, group in groupby(read_records(path, TableRecord), key=lambda item: item[1].document):
        numbers, records = zip(*group, strict=True)
        if document in seen:
            place = Place(str(path), numbers[0], document)
            raise DuplicateDocumentError("the document has rows further up; expected all of them together", place)
        seen.add(document)
        yield Document(document, passages=(), relations=tuple(map(_relation, records)))


def read_records(path: Path, model: type[_RecordT]) -> Iterator[tuple[int, _RecordT]]:
    """The rows of a relation table with their line numbers, as ``model``.

    Raises:
        ConfigError: when the suffix is none of ``READERS``.
        FormatError: as :func:`read_table`.
    """
    for number, values in READERS[match_suffix(path, READERS)](path):
        try:
            yield number, model.model_validate(values)
        except ValidationError as error:
            raise FormatError(_explain(error.errors()[0]), Place(str(path), number)) from None


def _explain(error: ErrorDetails) -> str:
    column = ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"there is no {column!r}; expected {', '.join(REQUIRED)}"
    return f"{column or 'the row'} = {error['input']!r}: {error['msg']}"


def _relation(record: TableRecord) -> Relation:
    return Relation(
        record.type,
        record.head,
        record.tail,
        score=record.score,
        probability=record.probability,
        model=record.model,
    )


def _tsv(path: Path) -> _Numbered:
    with open_text(path) as stream:
        lines = (line.rstrip("\r\n").split("\t") for line in stream)
        header = next(lines)
        for number, cells in _rows_under(header, enumerate(lines, start=2), path):
            yield number, dict(zip(header, map(from_cell, cells), strict=True))


def _csv(path: Path) -> _Numbered:
    with open_text(path) as stream:
        lines = csv.reader(stream, strict=True)
        try:
            header = next(lines)
            for number, cells in _rows_under(header, ((lines.line_num, cells) for cells in lines), path):
                yield number, {name: cell or None for name, cell in zip(header, cells, strict=True)}
        except csv.Error as error:
            raise FormatError(f"{error}; expected comma-separated cells", Place(str(path), lines.line_num)) from None


def _rows_under(
    header: list[str], lines: Iterable[tuple[int, list[str]]], path: Path
) -> Iterator[tuple[int, list[str]]]:
    """The numbered ``lines``, each of which has as many cells as ``header``."""
    _check_columns(header, path)
    for number, cells in lines:
        if len(cells) != len(header):
            message = f"{len(cells)} cells; expected {len(header)}, as in the header"
            raise FormatError(message, Place(str(path), number))
        yield number, cells


def _jsonl(path: Path) -> _Numbered:
    if path.is_file() and not path.stat().st_size:
        return
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                yield number, from_json(line)
            except ValueError as error:
                raise FormatError(f"{error}; expected a JSON object", Place(str(path), number)) from None


def _parquet(path: Path) -> _Numbered:
    with open_binary(path) as stream:
        try:
            file = pq.ParquetFile(stream)
            check_not_newer(stated_version(file.schema_arrow), path)
            _check_columns(file.schema_arrow.names, path)
            columns = [name for name in file.schema_arrow.names if name in TableRecord.model_fields]
            batches = (batch.to_pylist() for batch in file.iter_batches(columns=columns))
            yield from enumerate((row for batch in batches for row in batch), start=1)
        except (pa.ArrowException, OSError) as error:
            message = f"{one_line(error)}; expected a whole Parquet file"
            raise FormatError(message, Place(str(path))) from None


def _check_columns(found: Sequence[str], path: Path) -> None:
    if missing := [name for name in REQUIRED if name not in found]:
        message = f"columns {', '.join(found)}; expected a relation table, which has {', '.join(missing)} too"
        raise FormatError(message, Place(str(path)))


READERS: dict[str, Callable[[Path], _Numbered]] = {
    ".tsv": _tsv,
    ".tsv.gz": _tsv,
    ".csv": _csv,
    ".csv.gz": _csv,
    ".parquet": _parquet,
    ".jsonl": _jsonl,
    ".jsonl.gz": _jsonl,
}
"""The suffixes that :func:`read_table` takes."""
