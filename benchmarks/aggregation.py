"""Rows per second and memory of ``bran aggregate`` on invented relation tables.

::

    python -m benchmarks.aggregation --rows 200000 2000000 --memory 300MB
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bran.export.aggregate import Resources, aggregate
from bran.export.table import SCHEMA

CHUNK = 100_000
_NAMES = ("document", "type", "head", "tail", "head_name", "tail_name")
_VALUES = ("score", "probability", "cross_sentence", "sentence", "year")


def write_table(path: Path, rows: int, *, seed: int = 0) -> Path:
    """A relation table whose concepts are as unevenly named as real ones (Zipf), with sentences of 250 characters."""
    random = np.random.default_rng(seed)
    schema = pa.schema([SCHEMA.field(name) for name in (*_NAMES, *_VALUES)])
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for first in range(0, rows, CHUNK):
            file.write_table(_chunk(random, first, min(CHUNK, rows - first), schema))
    return path


def _chunk(random: np.random.Generator, first: int, size: int, schema: pa.Schema) -> pa.Table:
    heads, tails = (np.minimum(random.zipf(1.4, size), 200_000) for _ in range(2))
    scores = random.random(size)
    columns = {
        "document": [str(first + n) for n in range(size)],
        "type": ["CID"] * size,
        "head": [f"MESH:D{n:06}" for n in heads],
        "tail": [f"MESH:D{n:06}" for n in 500_000 + tails],
        "head_name": [f"chemical {n}" for n in heads],
        "tail_name": [f"disease {n}" for n in tails],
        "score": scores,
        "probability": scores**2,
        "cross_sentence": scores < 0.2,
        "sentence": [f"{n:x} ".ljust(10) * 25 for n in random.integers(0, 2**32, size)],
        "year": random.integers(1975, 2026, size),
    }
    return pa.table(columns, schema=schema)


def main() -> None:
    """Print a line for each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[200_000, 2_000_000])
    parser.add_argument("--memory", default="300MB")
    arguments = parser.parse_args()
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            table = write_table(folder / "table.parquet", rows)
            start = time.perf_counter()
            done = aggregate([table], folder / "out.parquet", resources=Resources(arguments.memory, folder))
            seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{rows} rows, {done.relations} relations: {seconds:.1f} s, {rows / seconds:,.0f} rows/s; "
            f"limit {arguments.memory}, peak of the process so far {peak:.0f} MB"
        )


if __name__ == "__main__":
    main()
