from __future__ import annotations

import pytest

from bran.wording import counted


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 documents"), (1, "1 document"), (2, "2 documents"), (1000, "1,000 documents")]
)
def test_one_is_told_from_many(count: int, told: str):
    assert counted(count, "document", ",") == told
    assert counted(count, "document") == told.replace(",", "")
