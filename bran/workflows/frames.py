"""Documents as rows of a data frame: what the logged model takes and gives.

=============  ==============================================================================
``id``         the document's id
``title``      its title
``abstract``   its abstract; may be null
``mentions``   JSON: a list of ``{"start", "end", "type", "concepts"}``, offsets in title + " " +
               abstract, concepts as a list of namespaced ids; and ``id``, where relations hold
               between single mentions
=============  ==============================================================================
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping
from typing import Annotated, Any

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Json, StringConstraints, ValidationError

from bran.config import Config
from bran.corpus.document import Document, Mention, Passage
from bran.corpus.schema import Schema
from bran.errors import DataError, DuplicateDocumentError, FormatError, Place
from bran.export.table import FLAT, rows

_DTYPES = {
    pa.string(): pd.StringDtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


class _MentionRecord(Config):
    start: int
    end: int
    type: str
    concepts: tuple[str, ...] = ()
    id: str = ""


class _DocumentRecord(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: Annotated[str, StringConstraints(min_length=1)]
    title: str
    abstract: str | None = None
    mentions: Json[list[_MentionRecord]]


def documents_of(frame: pd.DataFrame, schema: Schema) -> list[Document]:
    """The documents that the rows of ``frame`` describe.

    Raises:
        FormatError: names the row, the column, its value and what was expected.
        OffsetError: when a mention lies outside the text.
        UnknownTypeError: when ``schema`` has no such entity type.
        DuplicateDocumentError: when an id stands twice.
    """
    documents: dict[str, Document] = {}
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    for number, values in enumerate(records, start=1):
        document = _document(values, Place(f"input row {number}"), schema)
        if document.id in documents:
            message = "the id stands in an earlier row too; expected one row per document"
            raise DuplicateDocumentError(message, Place(f"input row {number}", document=document.id))
        documents[document.id] = document
    return list(documents.values())


def _document(values: Mapping[Hashable, Any], place: Place, schema: Schema) -> Document:
    try:
        record = _DocumentRecord.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        column = ".".join(map(str, first["loc"]))
        raise FormatError(f"{column} = {first['input']!r}: {first['msg']}", place) from None
    place = Place(place.path, document=record.id)
    abstract = () if record.abstract is None else (Passage("abstract", record.abstract),)
    try:
        mentions = (
            Mention(item.start, item.end, schema.canonical_type(item.type), item.concepts, id=item.id)
            for item in record.mentions
        )
        return Document(record.id, (Passage("title", record.title), *abstract), tuple(mentions))
    except DataError as error:
        raise error.at(place) from None


def input_frame(documents: Iterable[Document]) -> pd.DataFrame:
    """The rows that describe ``documents``: the inverse of :func:`documents_of`."""
    return pd.DataFrame([_values(document) for document in documents], columns=["id", "title", "abstract", "mentions"])


def _values(document: Document) -> dict[str, str | None]:
    others = [passage.text for passage in document.passages if passage.kind != "title"]
    mentions = [
        {"start": m.start, "end": m.end, "type": m.type, "concepts": list(m.concepts)} | ({"id": m.id} if m.id else {})
        for m in document.mentions
    ]
    return {
        "id": document.id,
        "title": document.title,
        "abstract": " ".join(others) if others else None,
        "mentions": json.dumps(mentions, ensure_ascii=False),
    }


def table_frame(documents: Iterable[Document], *, model_version: str | None = None) -> pd.DataFrame:
    """The relation table of ``documents``, with the columns of :data:`bran.export.table.FLAT`."""
    table = pa.Table.from_pylist(
        [row for document in documents for row in rows(document, model_version=model_version)], schema=FLAT
    )
    frame: pd.DataFrame = table.to_pandas(types_mapper=_DTYPES.get)
    return frame
