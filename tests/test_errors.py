"""The exceptions: their tree, their exit codes, and how they name a place."""

from __future__ import annotations

import re

import pytest

from bran import errors
from bran.cli.main import EXIT_CODES
from bran.errors import (
    EXIT_SKIPPED,
    BranError,
    ConfigError,
    DataError,
    DuplicateDocumentError,
    FormatError,
    ModelError,
    OffsetError,
    Place,
    TrainingError,
    UnknownTypeError,
)

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BranError)]


def test_every_exception_is_drawn_in_the_tree_with_its_exit_code() -> None:
    drawn = re.findall(r"^ *[│├└─ ]*(\w+Error) +(\d)? ", errors.__doc__ or "", re.MULTILINE)
    assert {name for name, _ in drawn} == {kind.__name__ for kind in ALL}
    for name, code in drawn:
        assert getattr(errors, name).exit_code == int(code or DataError.exit_code), name


def test_exit_codes_are_documented_and_told_apart() -> None:
    codes = {BranError: 1, ConfigError: 3, DataError: 4, ModelError: 5, TrainingError: 7}
    assert {kind: kind.exit_code for kind in codes} == codes
    assert {kind.exit_code for kind in ALL} | {0, 2, EXIT_SKIPPED, 130} == set(EXIT_CODES)
    assert EXIT_SKIPPED not in {kind.exit_code for kind in ALL}
    for kind in (FormatError, OffsetError, UnknownTypeError, DuplicateDocumentError):
        assert issubclass(kind, DataError)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place("a.txt", 3, "17"), "a.txt:3 (document 17)"),
        (Place("a.txt", document="17"), "a.txt (document 17)"),
        (Place("a.txt", 3), "a.txt:3"),
        (Place("a.txt"), "a.txt"),
        (Place(document="17"), "input (document 17)"),
        (Place(), "input"),
    ],
)
def test_a_place_names_what_is_known(place: Place, text: str) -> None:
    assert str(place) == text
    assert str(FormatError("found 'x'; expected 'y'", place)) == f"{text}: found 'x'; expected 'y'"


def test_an_error_without_a_place_is_its_message() -> None:
    error = OffsetError("mention 3-2: expected 0 <= start < end")
    assert str(error) == error.message == "mention 3-2: expected 0 <= start < end"
    assert error.place == Place()


def test_an_error_is_placed_later_and_stays_of_its_kind() -> None:
    placed = UnknownTypeError("entity type 'Plant'").at(Place("a.txt", 3, "17"))
    assert type(placed) is UnknownTypeError
    assert str(placed) == "a.txt:3 (document 17): entity type 'Plant'"
    moved = placed.at(Place("b.txt"))
    assert str(moved) == "b.txt: entity type 'Plant'"
