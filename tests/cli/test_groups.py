"""Groups of options: what typer sees of them, and what a command is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner, Result

from bran.cli.groups import grouped


@dataclass(frozen=True)
class Colour:
    """An option that is needed, and one that is not.

    Attributes:
        hue: in words.
        depth: of it.
    """

    hue: Annotated[str, typer.Option("--hue", help="In words.")]
    depth: Annotated[int, typer.Option("--depth", min=1)] = 3

    def __post_init__(self) -> None:
        if self.hue == "none":
            raise typer.BadParameter("expected a colour", param_hint="--hue")


def paint(
    what: Annotated[str, typer.Argument(metavar="WHAT")],
    times: Annotated[int, typer.Option("--times")] = 1,
    *,
    colour: Colour,
    quiet: Annotated[bool, typer.Option("--quiet")] = False,
) -> None:
    """Paint WHAT."""
    typer.echo(f"{what} {times} {colour.hue} {colour.depth} {quiet}")


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(grouped(paint))
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--hue", "red", "door"], "door 1 red 3 False"),
        (["door", "--quiet", "--depth", "5", "--hue", "blue", "--times", "2"], "door 2 blue 5 True"),
    ],
)
def test_a_command_is_given_the_class_of_its_options(arguments: list[str], expected: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout.strip()) == (0, expected)


def test_options_stand_in_help_where_the_group_stands() -> None:
    shown = run("--help").stdout
    assert "Paint WHAT." in shown
    assert shown.index("--times") < shown.index("--hue") < shown.index("--depth") < shown.index("--quiet")
    assert "In words." in shown
    assert "colour" not in shown


@pytest.mark.parametrize(
    "arguments", [["door"], ["door", "--hue", "red", "--depth", "0"], ["door", "--hue", "none"], ["--hue", "red"]]
)
def test_what_is_missing_or_wrong_is_refused(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_command_without_groups_stays_as_it_is() -> None:
    def plain(what: Annotated[str, typer.Argument()] = "door") -> None:
        typer.echo(what)

    app = typer.Typer()
    app.command()(grouped(plain))
    assert CliRunner().invoke(app, ["gate"]).stdout.strip() == "gate"
