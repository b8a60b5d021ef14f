"""Batches of rows of one size, however they come."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa


def sized(batches: Iterator[pa.RecordBatch], schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of ``size`` and a last one, however they come: files then have the same bytes."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        while rows + len(batch) >= size:
            taken = size - rows
            yield _joined([*held, batch.slice(0, taken)], schema)
            batch, held, rows = batch.slice(taken), [], 0
        if len(batch):
            held.append(batch)
            rows += len(batch)
    if held:
        yield _joined(held, schema)


def _joined(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    return pa.Table.from_batches(batches).cast(schema).combine_chunks().to_batches()[0]
