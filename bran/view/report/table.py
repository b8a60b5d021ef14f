"""Documents of a relation table: they come without text, but with what the table says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from bran.corpus.document import Document, Evidence, Mention, Relation
from bran.errors import DuplicateDocumentError, FormatError, Place
from bran.export.reading import READERS
from bran.export.table import match_suffix
from bran.export.versions import check_not_newer, stated_version
from bran.files import open_text
from bran.view.document_data import DocumentData, RelationData, document_data
from bran.view.judging import Judged

_JSON = (".jsonl", ".jsonl.gz")
_IDENTITY = ("document", "type", "head", "tail")


class _Pair(BaseModel):
    model_config = ConfigDict(extra="ignore")

    head_start: int | None = None
    head_end: int | None = None
    tail_start: int | None = None
    tail_end: int | None = None
    share: FiniteFloat | None = None


class TableRow(_Pair):
    """What is shown of a row; a table may lack all but the first four columns."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    document: str
    type: str
    head: str
    tail: str
    head_name: str | None = None
    tail_name: str | None = None
    score: FiniteFloat | None = None
    probability: FiniteFloat | None = None
    cross_sentence: bool | None = None
    sentence: str | None = None
    model: str | None = None
    head_type: str | None = None
    tail_type: str | None = None
    evidence: list[_Pair] | None = None

    @property
    def relation(self) -> Relation:
        """The relation, with as much of its evidence as the table has."""
        return Relation(
            self.type,
            self.head,
            self.tail,
            score=self.score,
            probability=self.probability,
            evidence=tuple(self._evidence()),
            model=self.model,
        )

    def _evidence(self) -> Iterator[Evidence]:
        for pair in self.evidence or [self]:
            places = (pair.head_start, pair.head_end, pair.tail_start, pair.tail_end)
            known = [place for place in places if place is not None]
            if len(known) == len(places) and pair.share is not None:
                head = Mention(known[0], known[1], self.head_type or "", (self.head,))
                tail = Mention(known[2], known[3], self.tail_type or "", (self.tail,))
                yield Evidence(head, tail, pair.share)


def is_table(path: Path) -> bool:
    """Whether ``path`` is a relation table, by its suffix; of JSON lines, by the first of them."""
    if not path.name.endswith(tuple(READERS)):
        return False
    if not path.name.endswith(_JSON) or not path.is_file():
        return True
    if not path.stat().st_size:
        return False
    with open_text(path) as stream:
        try:
            first = json.loads(next(stream, ""))
        except ValueError:
            return False
    return isinstance(first, dict) and all(name in first for name in _IDENTITY)


def read_rows(path: Path) -> Iterator[list[TableRow]]:
    """The rows of each document of a table, in its order.

    Raises:
        FormatError: names the line (Parquet: the row), the value and what was expected.
        DuplicateDocumentError: when the rows of a document do not stand together.
    """
    suffix = match_suffix(path, READERS)
    numbered = _parquet(path) if suffix == ".parquet" else READERS[suffix](path)
    seen: set[str] = set()
    for document, group in groupby(_validated(numbered, path), key=lambda item: item[1].document):
        numbers, rows = zip(*group, strict=True)
        if document in seen:
            place = Place(str(path), numbers[0], document)
            raise DuplicateDocumentError("the document has rows further up; expected all of them together", place)
        seen.add(document)
        yield list(rows)


def table_data(document: Document, rows: Sequence[TableRow], judged: Sequence[Judged] | None) -> DocumentData:
    """What is shown of a document that came as ``rows``: where it has no text, with their names and sentences.

    Args:
        document: with the relations of ``rows``, and with a text where one is known.
        rows: of the table.
        judged: as in :func:`bran.view.document_data.document_data`.
    """
    data = document_data(document, judged=judged)
    if document.passages:
        return data
    by_relation = {(row.type, row.head, row.tail): row for row in rows}
    return data.model_copy(update={"relations": tuple(_named(relation, by_relation) for relation in data.relations)})


def _named(relation: RelationData, rows: Mapping[tuple[str, str, str], TableRow]) -> RelationData:
    row = rows.get((relation.type, relation.head, relation.tail))
    names = ("head_name", "tail_name", "cross_sentence", "sentence")
    values = {name: getattr(row, name) for name in names} if row else {}
    # Validated again: the characters of a table are as any.
    return RelationData.model_validate({**relation.model_dump(), **values})


def _validated(numbered: Iterator[tuple[int, Mapping[str, Any]]], path: Path) -> Iterator[tuple[int, TableRow]]:
    for number, values in numbered:
        try:
            yield number, TableRow.model_validate({name: value for name, value in values.items() if value is not None})
        except ValidationError as error:
            first = error.errors()[0]
            column = ".".join(map(str, first["loc"])) or "the row"
            if first["type"] == "missing":
                message = f"there is no {column!r}; expected {', '.join(_IDENTITY)}"
            else:
                message = f"{column} = {first['input']!r}: {first['msg']}"
            raise FormatError(message, Place(str(path), number)) from None


def _parquet(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of a Parquet table with their evidence, which :data:`bran.export.reading.READERS` pass over."""
    try:
        with pq.ParquetFile(path) as file:
            found = file.schema_arrow
            check_not_newer(stated_version(found), path)
            if missing := [name for name in _IDENTITY if name not in found.names]:
                message = f"columns {', '.join(found.names)}; expected a relation table, which has {', '.join(missing)}"
                raise FormatError(message, Place(str(path)))
            columns = [name for name in found.names if name in TableRow.model_fields]
            batches = (batch.to_pylist() for batch in file.iter_batches(columns=columns))
            yield from enumerate((row for batch in batches for row in batch), start=1)
    except (pa.ArrowException, OSError) as error:
        message = f"{' '.join(str(error).split())}; expected a whole Parquet file"
        raise FormatError(message, Place(str(path))) from None
