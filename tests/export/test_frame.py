"""Rows as a data frame: the flat columns, in types that know a missing value."""

from __future__ import annotations

import pandas as pd

from bran.export.frame import rows_frame
from bran.export.table import FLAT, rows
from tests.builders import documents


def test_rows_become_a_frame() -> None:
    found = [row for document in documents() for row in rows(document)]
    frame = rows_frame(iter(found))
    assert list(frame.columns) == FLAT.names
    assert frame["head"].tolist() == [row["head"] for row in found]
    assert frame["score"].isna().all()
    assert isinstance(frame["score"].dtype, pd.Float64Dtype)
    assert frame["cross_sentence"].tolist() == [row["cross_sentence"] for row in found]


def test_no_rows_are_a_frame_with_columns() -> None:
    assert list(rows_frame([]).columns) == FLAT.names
