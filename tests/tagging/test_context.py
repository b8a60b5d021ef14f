from __future__ import annotations

import pytest

from bran.tagging.context import abbreviates, in_context, is_short
from bran.tagging.resolver import Resolution

PHENYTOIN = Resolution(("P1",), ("P1",), how="name")


@pytest.mark.parametrize(
    ("short", "name", "expected"),
    [
        ("PHT", "phenytoin", True),
        ("TPs", "testosterone propionate", True),
        ("PB", "phenytoin", False),
        ("5", "five", False),
    ],
)
def test_abbreviates(short: str, name: str, expected: bool) -> None:
    assert abbreviates(short, name) is expected


def test_is_short() -> None:
    assert [is_short(word) for word in ("PHT", "Na", "pain", "A B", "PHENYTOIN")] == [True, True, False, False, False]


def test_of_several_candidates_the_one_that_is_named_in_full() -> None:
    short = Resolution(("X1",), ("X1", "P1"), how="use")
    assert in_context([("phenytoin", "Chemical", PHENYTOIN), ("XY", "Chemical", short)])[1].concepts == ("P1",)


@pytest.mark.parametrize("how", ["name", "defined"])
def test_what_is_certain_stays(how: str) -> None:
    short = Resolution(("X1",), ("X1", "P1"), how=how)
    assert in_context([("phenytoin", "Chemical", PHENYTOIN), ("PHT", "Chemical", short)])[1] is short


def test_names_of_another_type_or_of_several_concepts_tell_nothing() -> None:
    nothing = Resolution()
    phenol = Resolution(("P2",), ("P2",), how="name")
    assert in_context([("phenytoin", "Disease", PHENYTOIN), ("PHT", "Chemical", nothing)])[1] is nothing
    mentions = [
        ("phenytoin", "Chemical", PHENYTOIN),
        ("phentolamine", "Chemical", phenol),
        ("PHT", "Chemical", nothing),
    ]
    assert in_context(mentions)[2] is nothing
