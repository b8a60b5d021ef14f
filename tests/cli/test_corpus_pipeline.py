"""The project in ``pipelines/corpus``: its steps are commands that there are, and it runs on files written for it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer
import yaml
from spacy.util import import_file
from typer.core import TyperGroup

from bran.cli.main import app
from bran.errors import EXIT_SKIPPED
from tests.builders import documents
from tests.runs import write_corpus


@pytest.fixture
def folder(root: Path) -> Path:
    return root / "pipelines" / "corpus"


@pytest.fixture
def project(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((folder / "project.yml").read_text(encoding="utf-8"))
    return content


def test_every_step_is_a_command_with_its_options(project: dict[str, Any]):
    lines = [line for command in project["commands"] for line in command["script"]]
    for name, value in project["vars"].items():
        lines = [line.replace(f"${{vars.{name}}}", str(value)) for line in lines]
    bran = typer.main.get_command(app)
    assert isinstance(bran, TyperGroup)
    for line in lines:
        assert "${" not in line
        arguments = shlex.split(line.replace("python bran_step.py", "bran").replace("python -m bran", "bran"))
        context = bran.make_context("bran", arguments[1:])
        name, command, rest = bran.resolve_command(context, arguments[1:])
        assert command is not None
        command.make_context(name, rest, parent=context)  # raises on what the command does not take


def test_workflows_are_made_of_steps(project: dict[str, Any]):
    steps = {command["name"] for command in project["commands"]}
    assert set().union(*project["workflows"].values()) <= steps
    assert all(command["help"] for command in project["commands"])


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (EXIT_SKIPPED, 0), (3, 3)])
def test_left_out_documents_stop_no_step(folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, expected: int):
    step = import_file("bran_step", folder / "bran_step.py")
    done: list[list[str]] = []

    def run(arguments: list[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        done.append(arguments)
        return subprocess.CompletedProcess(arguments, code)

    monkeypatch.setattr(step.subprocess, "run", run)
    assert step.main(["extract", "in", "-o", "out"]) == expected
    assert done == [[sys.executable, "-m", "bran", "extract", "in", "-o", "out"]]


@pytest.mark.slow
def test_the_project_runs_from_files_to_exports(root: Path, folder: Path, tmp_path: Path):
    there = tmp_path / "project"
    shutil.copytree(folder, there, ignore=shutil.ignore_patterns("runs", "corpus", "project.lock"))
    inputs = tmp_path / "in"
    inputs.mkdir()
    write_corpus(inputs / "good.pubtator", documents())
    (inputs / "bad.pubtator").write_text("21|t|A title\n21|a|And an abstract\n21\tno\trow\n\n", encoding="utf-8")
    variables = ["--vars.input", str(inputs), "--vars.name", "mine", "--vars.options", " --threshold 0"]
    variables += ["--vars.model", str(root / "bran" / "assets" / "models" / "cdr"), "--vars.workers", "1"]
    run = [sys.executable, "-m", "weasel", "run", "all", str(there), *variables]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = pq.read_table(there / "runs" / "mine.parquet").to_pylist()
    assert {row["document"] for row in rows} == {"11", "12", "13", "14"}
    for suffix in ("aggregated.tsv", "kgx_nodes.tsv.gz", "kgx_edges.tsv.gz", "pubtator.gz"):
        assert (there / "runs" / f"mine.{suffix}").stat().st_size
    again = subprocess.run(run, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("nothing changed") == 2
