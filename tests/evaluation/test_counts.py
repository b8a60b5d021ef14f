from __future__ import annotations

import numpy as np
import pytest

from bran.errors import ConfigError
from bran.evaluation.counts import DocumentCounts


def test_rows_hold_every_cell():
    values = np.arange(12).reshape(1, 2, 2, 3)
    rows = list(DocumentCounts(("d",), ("A", "B"), values).rows())
    assert rows == [
        ("d", "A", "intra", 0, 1, 2),
        ("d", "A", "inter", 3, 4, 5),
        ("d", "B", "intra", 6, 7, 8),
        ("d", "B", "inter", 9, 10, 11),
    ]


def test_a_wrong_shape_is_refused():
    with pytest.raises(ConfigError, match=r"\(2, 1, 2, 3\); expected \(1, 1, 2, 3\)"):
        DocumentCounts(("d",), ("A",), np.zeros((2, 1, 2, 3), dtype=np.int64))
