from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from bran.cli.pairs import PairsCommand, pairs

app = typer.Typer()


@app.command(cls=PairsCommand)
def show(
    names: list[str] = typer.Argument(default_factory=list),  # noqa: B008 - how typer takes it
    relation: list[str] = typer.Option(default_factory=list),  # noqa: B008
    top: int = 1,
) -> None:
    """Print what was understood."""
    typer.echo(f"{names} {pairs(relation)} {top}")


@pytest.mark.parametrize(
    ("arguments", "understood"),
    [
        ("x", "['x'] [] 1"),
        ("--relation a b x --top 2", "['x'] [('a', 'b')] 2"),
        ("x --relation a b --top 2 --relation c d y", "['x', 'y'] [('a', 'b'), ('c', 'd')] 2"),
        ("--relation=a b --relation c --top x", "['x'] [('a', 'b'), ('c', '--top')] 1"),
        ("--relation -- b -- --relation x", "['--relation', 'x'] [('--', 'b')] 1"),
    ],
)
def test_pairs_come_as_often_as_they_are_given(arguments: str, understood: str):
    result = CliRunner().invoke(app, arguments.split())
    assert (result.exit_code, result.stdout.strip()) == (0, understood), result.output


@pytest.mark.parametrize("arguments", ["--relation", "--relation a", "--relation a b --relation c", "--relation=a"])
def test_half_a_pair_is_wrong_usage(arguments: str):
    result = CliRunner().invoke(app, arguments.split())
    assert result.exit_code == 2
    assert "--relation" in result.stderr
