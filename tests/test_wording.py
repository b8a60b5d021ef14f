from __future__ import annotations

import pytest

from bran.wording import counted, one_line


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 documents"), (1, "1 document"), (2, "2 documents"), (1000, "1,000 documents")]
)
def test_one_is_told_from_many(count: int, told: str):
    assert counted(count, "document", ",") == told
    assert counted(count, "document") == told.replace(",", "")


@pytest.mark.parametrize(
    ("most", "told"), [(None, "no column named 'a' here"), (9, "no column"), (99, "no column named 'a' here")]
)
def test_what_an_error_says_is_one_line(most: int | None, told: str):
    assert one_line(ValueError("no column\n\tnamed 'a'\r\n  here\n"), most=most) == told
