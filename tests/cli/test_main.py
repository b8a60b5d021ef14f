"""The root of the command line: help, exit codes, errors as one line, quick start."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import bran
from bran.cli import main as module
from bran.errors import BranError, ConfigError, FormatError, ModelError, Place, TrainingError

HEAVY = {"torch", "mlflow", "spacy", "scispacy", "sklearn", "scipy", "pandas", "tokenizers"}


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)


def app_that_raises(error: BaseException) -> typer.Typer:
    """The root of the real app over one command, which raises ``error``."""
    app = typer.Typer(cls=module._Commands, pretty_exceptions_enable=False)
    app.callback()(module._options)

    @app.command()
    def fail() -> None:
        raise error

    return app


def test_help_lists_every_command_and_exit_code() -> None:
    result = CliRunner().invoke(module.app, ["--help"])
    assert result.exit_code == 0
    for command in ("train", "evaluate", "compare", "baseline", "extract", "corpus", "model"):
        assert re.search(rf"^\W*{command}\b", result.output, re.MULTILINE), command
    for code, meaning in module.EXIT_CODES.items():
        assert f"{code}  {meaning}" in result.output


def test_every_command_has_help() -> None:
    group = typer.main.get_command(module.app)
    for name, command in group.commands.items():
        assert command.help or command.callback.__doc__, name
        assert CliRunner().invoke(module.app, [name, "--help"]).exit_code == 0


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command and every group of commands."""
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


@pytest.mark.parametrize("path", list(commands(typer.main.get_command(module.app))), ids=" ".join)
def test_help_is_plain_text_with_placeholders_in_capitals(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(module.app, [*path, "--help"])
    assert result.exit_code == 0
    assert "**" not in result.output
    usage = re.search(r"Usage: (.*?)\n\s*\n", result.output, re.DOTALL)
    assert usage
    assert not re.search(r"[{\[][a-z]", usage[1]), usage[1]


def test_version() -> None:
    result = CliRunner().invoke(module.app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"bran {bran.__version__}\n")


def test_unknown_command_is_wrong_usage() -> None:
    result = CliRunner().invoke(module.app, ["no-such-command"])
    assert result.exit_code == 2
    assert "no-such-command" in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (BranError("all is lost"), 1, "error: all is lost"),
        (ConfigError("model.yaml: unknown key 'x'"), 3, "error: model.yaml: unknown key 'x'"),
        (FormatError("found\n'a|b'", Place("a.txt", 3, "17")), 4, "error: a.txt:3 (document 17): found 'a|b'"),
        (ModelError("folder: no weights"), 5, "error: folder: no weights"),
        (TrainingError("diverged"), 7, "error: diverged"),
        (OSError(28, "No space left on device", "out.tsv"), 1, "error: out.tsv: No space left on device"),
        (PermissionError(13, "Permission denied"), 1, "error: Permission denied"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(error: BaseException, code: int, line: str) -> None:
    result = CliRunner().invoke(app_that_raises(error), ["fail"])
    assert (result.exit_code, result.stderr, result.stdout) == (code, line + "\n", "")


def test_debug_adds_the_traceback_and_keeps_the_exit_code() -> None:
    result = CliRunner().invoke(app_that_raises(ConfigError("wrong")), ["--debug", "fail"])
    assert result.exit_code == 3
    assert result.stderr.startswith("Traceback (most recent call last):")
    assert result.stderr.endswith("error: wrong\n")


FAULT = """
import sys
from bran.cli import main

@main.app.command()
def fault() -> None:
    raise ZeroDivisionError("no such share")

sys.argv = ["bran", *{arguments}]
main.main()
"""


def test_a_fault_of_bran_is_one_line() -> None:
    result = run_python(FAULT.format(arguments=["fault"]))
    assert result.returncode == 1
    assert result.stderr == "error: ZeroDivisionError: no such share (a fault in bran; --debug shows the traceback)\n"


def test_debug_shows_the_traceback_of_a_fault() -> None:
    result = run_python(FAULT.format(arguments=["--debug", "fault"]))
    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert result.stderr.endswith("ZeroDivisionError: no such share\n")


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = """
import sys, typer
from bran.cli import main

@main.app.command()
def chatter() -> None:
    for _ in range(100_000):
        typer.echo("line")

sys.argv = ["bran", "chatter"]
main.main()
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline() == "line\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) in {0, 1}
    process.stderr.close()


def test_help_imports_nothing_heavy() -> None:
    result = run_python("import sys, bran.cli.main; print(*sorted({m.partition('.')[0] for m in sys.modules}))")
    assert result.returncode == 0, result.stderr
    assert not HEAVY & set(result.stdout.split())


def test_module_and_script_are_the_same_command(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "bran", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout == f"bran {bran.__version__}\n"
