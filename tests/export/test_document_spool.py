from __future__ import annotations

from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.export.document_spool import PLACES, TEXT_COLUMNS, DocumentSpool
from bran.export.document_table import DOCUMENT_SCHEMA, open_document_table
from tests.export.run_folders import record

_IDS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5), unique=True, max_size=12)


def batches(tmp_path: Path, ids: list[str], size: int) -> list[pa.RecordBatch]:
    with open_document_table(tmp_path / "documents.parquet") as writer:
        for position, id_ in enumerate(ids):
            writer.write(record(id_, note="ü\u2028"), position)
    file = pq.ParquetFile(tmp_path / "documents.parquet")
    return list(file.iter_batches(size, columns=list(TEXT_COLUMNS)))


@settings(deadline=None, max_examples=20)
@given(_IDS, st.integers(1, 5), st.randoms())
def test_documents_are_had_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], size: int, random: Random
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    written = batches(folder, ids, size)
    spool = DocumentSpool(folder)
    spool.write(written)
    places = pq.read_table(spool.places).to_pylist()
    assert [place["document"] for place in places] == ids
    random.shuffle(places)
    rows = {row["document"]: row for batch in written for row in batch.to_pylist()}
    found = list(spool.read((place["start"], place["size"]) for place in places))
    assert found == [rows[place["document"]] for place in places]


def test_no_documents(tmp_path: Path) -> None:
    spool = DocumentSpool(tmp_path)
    spool.write([])
    assert pq.read_table(spool.places).schema == PLACES
    assert list(spool.read([])) == []


def test_what_is_kept_are_columns_of_the_table() -> None:
    assert set(TEXT_COLUMNS) < set(DOCUMENT_SCHEMA.names)
