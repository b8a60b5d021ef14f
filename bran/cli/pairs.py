"""An option of two values that may be given several times, for which typer has no type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from typer.core import TyperCommand

RELATION = "--relation"
"""The option. To typer it is one of a single value, which may be repeated."""


class PairsCommand(TyperCommand):
    """A command that takes ``--relation HEAD TAIL`` any number of times."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse ``args``, each pair as two options of one value."""
        rest: list[str] = super().parse_args(ctx, list(_singly(args)))
        return rest


def pairs(values: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs that the values of ``--relation``, one after the other, are."""
    return list(zip(values[::2], values[1::2], strict=True))


def _singly(arguments: Sequence[str]) -> Iterator[str]:
    """``--relation HEAD TAIL`` as ``--relation HEAD --relation TAIL``; all else, and all after ``--``, as it is."""
    lacking = 0  # values that the last --relation has still to get
    for number, argument in enumerate(arguments):
        if argument == "--" and not lacking:
            yield from arguments[number:]
            return
        if lacking == 1:
            yield RELATION
        yield argument
        lacking = lacking - 1 if lacking else _lacking(argument)
    if lacking == 1:
        yield RELATION  # for the parser to miss its value


def _lacking(argument: str) -> int:
    """How many values have to come after ``argument``."""
    return 2 if argument == RELATION else int(argument.startswith(f"{RELATION}="))
