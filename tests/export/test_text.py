from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bran.export.text import from_cell, to_cell


@given(st.text(min_size=1))
def test_any_string_stays_one_cell_on_one_line_and_comes_back(text: str) -> None:
    cell = to_cell(text)
    assert not set("\t\n\r") & set(cell)
    assert from_cell(cell) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (17, "17"),
        (0.5, "0.500000"),
        (1e-9, "0.000000"),
        (0.12345678, "0.123457"),
        ("a\tb\\n", r"a\tb\\n"),
    ],
)
def test_values(value: object, cell: str) -> None:
    assert to_cell(value) == cell


def test_empty_cell_is_null() -> None:
    assert from_cell("") is None
