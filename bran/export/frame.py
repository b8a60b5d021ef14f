"""Rows of the relation table as a data frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow as pa

from bran.export.table import FLAT, Row

if TYPE_CHECKING:
    import pandas as pd


def rows_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """``rows`` with the columns of :data:`bran.export.table.FLAT`, in types that know a missing value."""
    import pandas as pd

    types = {
        pa.string(): pd.StringDtype(),
        pa.float64(): pd.Float64Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }
    frame: pd.DataFrame = pa.Table.from_pylist(list(rows), schema=FLAT).to_pandas(types_mapper=types.get)
    return frame
