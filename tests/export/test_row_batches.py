from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.export.row_batches import sized

SCHEMA = pa.schema([("number", pa.int64())])


@settings(deadline=None)
@given(st.lists(st.integers(0, 7), max_size=8), st.integers(1, 5))
def test_batches_are_of_one_size_and_hold_the_same_rows(lengths: list[int], size: int) -> None:
    numbers = iter(range(sum(lengths)))
    batches = [pa.record_batch({"number": pa.array([next(numbers) for _ in range(n)], pa.int64())}) for n in lengths]
    found = [batch["number"].to_pylist() for batch in sized(iter(batches), SCHEMA, size)]
    assert [number for batch in found for number in batch] == list(range(sum(lengths)))
    assert all(len(batch) == size for batch in found[:-1])
    assert all(0 < len(batch) <= size for batch in found)
