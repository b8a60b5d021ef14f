from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bran.export.columns import columns_json
from bran.export.document_table import DOCUMENT_SCHEMA
from bran.export.table import SCHEMA, SCHEMA_VERSION


def every(columns: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for column in columns:
        yield column
        yield from every(column.get("fields", []))


def test_every_column_of_both_tables_has_type_and_meaning() -> None:
    found = json.loads(columns_json())
    assert found["schema_version"] == SCHEMA_VERSION
    names = {table: [column["name"] for column in columns] for table, columns in found["tables"].items()}
    assert names == {"relations": SCHEMA.names, "documents": DOCUMENT_SCHEMA.names}
    for columns in found["tables"].values():
        assert all(column["type"] and column["doc"] for column in every(columns))


def test_what_lists_hold_is_described_too() -> None:
    documents = {column["name"]: column for column in json.loads(columns_json())["tables"]["documents"]}
    mention = {column["name"]: column["type"] for column in documents["mentions"]["fields"]}
    assert documents["mentions"]["type"] == "list<struct>"
    assert mention["concepts"] == "list<string>"
