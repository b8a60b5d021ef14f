"""What the logged model takes and gives, in MLflow's types."""

from __future__ import annotations

import pyarrow as pa
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

from bran.export.table import FLAT

_TYPES = {
    pa.string(): DataType.string,
    pa.float64(): DataType.double,
    pa.int64(): DataType.long,
    pa.bool_(): DataType.boolean,
}

SIGNATURE = ModelSignature(
    inputs=Schema(
        [
            ColSpec(DataType.string, "id"),
            ColSpec(DataType.string, "title"),
            ColSpec(DataType.string, "abstract", required=False),
            ColSpec(DataType.string, "mentions"),
        ]
    ),
    outputs=Schema([ColSpec(_TYPES[field.type], field.name, required=not field.nullable) for field in FLAT]),
    params=ParamSchema([ParamSpec("threshold", DataType.double, default=None)]),
)
"""Columns as in :mod:`bran.workflows.frames`; ``threshold`` is the model's own unless it is given."""
