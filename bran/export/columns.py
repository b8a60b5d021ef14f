"""The columns of the tables, documented: the content of a run's ``schema.json``."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from bran.export.document_table import DOCUMENT_SCHEMA
from bran.export.table import SCHEMA, SCHEMA_VERSION


def columns_json() -> str:
    """Every column of the tables of relations and of documents, with type and meaning, and their version, as JSON."""
    tables = {"relations": _described(SCHEMA), "documents": _described(DOCUMENT_SCHEMA)}
    return json.dumps({"schema_version": SCHEMA_VERSION, "tables": tables}, indent=2, ensure_ascii=False) + "\n"


def _described(fields: pa.Schema | pa.StructType) -> list[dict[str, Any]]:
    return [
        {"name": field.name, **_type(field.type), "nullable": field.nullable, "doc": field.metadata[b"doc"].decode()}
        for field in fields
    ]


def _type(type_: pa.DataType) -> dict[str, Any]:
    """``type``, and for a list of structs the ``fields`` of these."""
    if not pa.types.is_list(type_):
        return {"type": str(type_)}
    inner = type_.value_type
    if pa.types.is_struct(inner):
        return {"type": "list<struct>", "fields": _described(inner)}
    return {"type": f"list<{inner}>"}
