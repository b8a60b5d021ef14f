"""Whole documents in an order of their ids, in memory that does not grow with their number or their length.

A sort holds some 100,000 rows, whatever their length: texts and mentions of so many documents are too much. So they go
to a file as they come, and only ids and places in it are sorted. Files of abstracts are nearly in order already, so
that it is read nearly from front to back.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic_core import from_json, to_json

from bran.export.table import Row

TEXT_COLUMNS = ("document", "passages", "mentions", "meta")
"""What is kept of a document."""

PLACES = pa.schema([("document", pa.string()), ("start", pa.int64()), ("size", pa.int64())])
"""The columns of the file of places."""


class DocumentSpool:
    """Documents in one file, and in another the id and the place of each.

    Args:
        folder: takes the files; whoever made it removes it.

    Attributes:
        places: a Parquet file with the columns ``PLACES``.
    """

    def __init__(self, folder: Path) -> None:
        self.places = folder / "places.parquet"
        self._records = folder / "documents"

    def write(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Take the documents of ``batches``, which have the columns ``TEXT_COLUMNS``."""
        start = 0
        with open(self._records, "wb") as records, pq.ParquetWriter(self.places, PLACES) as places:
            for batch in batches:
                packed = [zlib.compress(to_json(row), level=1) for row in batch.to_pylist()]
                records.writelines(packed)
                sizes = list(map(len, packed))
                *starts, start = accumulate(sizes, initial=start)
                places.write_batch(pa.record_batch([batch.column("document"), starts, sizes], schema=PLACES))

    def read(self, places: Iterable[tuple[int, int]]) -> Iterator[Row]:
        """The documents at ``places``, each a start and a size."""
        with open(self._records, "rb") as records:
            for start, size in places:
                records.seek(start)
                yield from_json(zlib.decompress(records.read(size)))
