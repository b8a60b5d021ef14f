from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bran.export.run_folder import Entry, SourceFile, natural

_NAMES = st.text(st.sampled_from("ab019./²"), max_size=6)


def entry(key: str, path: str, start: int = 0) -> Entry:
    return Entry(key=key, sources=(SourceFile(path=path, size=1, mtime_ns=1, sha256="0"),), start=start)


def test_numbers_in_names_are_numbers() -> None:
    names = ["n", "n2.xml", "n02.xml", "n10.xml", "n²", "m11"]
    assert sorted(names, key=natural) == ["m11", "n", "n02.xml", "n2.xml", "n10.xml", "n²"]


@given(st.sets(_NAMES, max_size=8))
def test_names_have_one_order(names: set[str]) -> None:
    assert len({natural(name) for name in names}) == len(names)
    assert sorted(names, key=natural) == sorted(reversed(sorted(names)), key=natural)


@pytest.mark.parametrize("keys", list(permutations("abc")))
def test_parts_stand_in_the_order_of_their_sources_whatever_their_keys(keys: tuple[str, ...]) -> None:
    first, second, third = keys
    expected = [entry(first, "/in/n02.xml"), entry(second, "/in/n2.xml"), entry(third, "/in/n2.xml", 900)]
    assert sorted(reversed(expected), key=lambda found: found.order) == expected
