from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.schema import Schema, load_schema
from bran.errors import DataError, DuplicateDocumentError, FormatError, OffsetError, UnknownTypeError
from bran.export.table import FLAT
from bran.workflows.frames import documents_of, input_frame, table_frame


@pytest.fixture(scope="module")
def schema() -> Schema:
    return load_schema("cdr")


def test_documents_come_back(document: Document, schema: Schema) -> None:
    titled = Document("102", (Passage("title", "No abstract."),))
    assert documents_of(input_frame([document, titled]), schema) == [document, titled]


def test_several_passages_become_one_with_the_same_offsets(document: Document, schema: Schema) -> None:
    passages = (
        document.passages[0],
        *(Passage("abstract", part) for part in ("Fever followed", "zorvapine in two patients.")),
    )
    parted = Document("101", passages, document.mentions)
    (found,) = documents_of(input_frame([parted]), schema)
    assert (found.text, found.mentions) == (parted.text, parted.mentions)


def test_mention_ids_and_aliases(schema: Schema) -> None:
    mentions = json.dumps([{"start": 0, "end": 3, "type": "SpecificDisease", "id": "T1"}])
    frame = pd.DataFrame({"id": [7], "title": ["abc"], "abstract": [float("nan")], "mentions": [mentions]})
    (document,) = documents_of(frame, schema)
    assert (document.id, document.text, document.mentions) == ("7", "abc", (Mention(0, 3, "Disease", id="T1"),))


def one_mention(**change: Any) -> dict[str, str]:
    """The mentions column with one mention, changed."""
    return {"mentions": json.dumps([{"start": 0, "end": 2, "type": "Disease"} | change])}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"id": ""}, FormatError, r"input row 2: id = '': .*at least 1 character"),
        ({"id": "1"}, DuplicateDocumentError, r"input row 2 \(document 1\): the id stands in an earlier row"),
        ({"title": None}, FormatError, r"input row 2: title = None: .*valid string"),
        ({"mentions": "[{"}, FormatError, r"input row 2: mentions = '\[{': Invalid JSON"),
        (one_mention(end="far"), FormatError, r"input row 2: mentions\.0\.end = 'far': .*valid integer"),
        (one_mention(concept="D1"), FormatError, r"input row 2: mentions\.0\.concept = 'D1': Extra"),
        (one_mention(end=99), OffsetError, r"input row 2 \(document 2\): mention 0-99"),
        (one_mention(start=2), OffsetError, r"input row 2 \(document 2\): mention 2-2"),
        (one_mention(type="Gene"), UnknownTypeError, r"row 2 \(document 2\): entity type 'Gene'; expected"),
    ],
)
def test_bad_row_is_told_in_one_line(
    change: dict[str, Any], error: type[DataError], message: str, schema: Schema
) -> None:
    row = {"id": "1", "title": "A title.", "abstract": None, "mentions": "[]"}
    with pytest.raises(error, match=message) as caught:
        documents_of(pd.DataFrame([row, row | {"id": "2"} | change]), schema)
    assert "\n" not in str(caught.value)


def test_missing_column(schema: Schema) -> None:
    with pytest.raises(FormatError, match=r"input row 1: mentions = .*: Field required"):
        documents_of(pd.DataFrame({"id": ["1"], "title": ["A title."]}), schema)


def test_table_has_the_columns_and_types_even_when_empty(document: Document) -> None:
    relation = Relation("CID", "MESH:C1", "MESH:D1", score=0.5, model="cdr")
    full = table_frame([document.with_relations((relation,))], model_version="1")
    empty = table_frame([document])
    assert list(full.columns) == list(empty.columns) == FLAT.names
    assert full.dtypes.equals(empty.dtypes)
    assert full.loc[0, "score"] == 0.5
    assert full.loc[0, "model_version"] == "1"
    assert full.loc[0, "head_start"] is pd.NA
