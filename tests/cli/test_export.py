from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app
from tests.export.run_folders import Part, record, write_run


def export(*arguments: Any) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    parts = [
        Part("/in/n1.xml", [record("1"), record("2")]),
        Part("/in/n2.xml", [record("1", version=2, score=0.75)], deletions=[("2", None)]),
    ]
    return write_run(tmp_path / "run", parts).path


def test_counts_go_to_stderr(run: Path, tmp_path: Path) -> None:
    result = export(run, "-o", tmp_path / "a.tsv")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"{tmp_path / 'a.tsv'}: 2 relations\nrecords passed over: 1 superseded, 1 deleted\n"
    assert len((tmp_path / "a.tsv").read_text().splitlines()) == 3


def test_quiet(run: Path, tmp_path: Path) -> None:
    result = export(run, "-o", tmp_path / "a.tsv", "-q")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize(
    ("name", "options", "made", "counted"),
    [
        ("a.parquet", [], ["a.parquet"], "2 relations"),
        ("a.db", [], ["a.db"], "2 relations"),
        ("a.tsv", ["--as", "ctd"], ["a.tsv"], "2 pairs"),
        ("a.tsv", ["--as", "kgx"], ["a_edges.tsv", "a_nodes.tsv"], "2 edges"),
        ("a", ["--as", "neo4j"], ["a"], "2 relationships"),
    ],
)
def test_formats(run: Path, tmp_path: Path, name: str, options: list[str], made: list[str], counted: str) -> None:
    output = tmp_path / "out"
    output.mkdir()
    result = export(run, "-o", output / name, *options)
    assert result.exit_code == 0
    assert result.stderr.startswith(f"{output / name}: {counted}\n")
    assert sorted(path.name for path in output.iterdir()) == made


def test_least_score_and_probability(run: Path, tmp_path: Path) -> None:
    assert "1 relation\n" in export(run, "-o", tmp_path / "a.tsv", "--min-score", 0.5).stderr
    assert "0 relations" in export(run, "-o", tmp_path / "a.tsv", "--min-probability", 0.9).stderr


def test_table_in_table_out(run: Path, tmp_path: Path) -> None:
    export(run, "-o", tmp_path / "a.jsonl.gz")
    result = export(tmp_path / "a.jsonl.gz", "-o", tmp_path / "b.csv")
    assert (result.exit_code, result.stderr) == (0, f"{tmp_path / 'b.csv'}: 2 relations\n")


@pytest.mark.parametrize(
    ("source", "output", "options", "code", "message"),
    [
        ("nowhere", "a.tsv", [], 4, "nowhere: cannot be opened"),
        (".", "a.tsv", [], 4, "has no run.json"),
        ("run", "a.xlsx", [], 3, "the suffix tells the format; expected one of .parquet"),
        ("run", "a.tsv", ["--as", "excel"], 3, "format 'excel'; expected one of"),
        ("run", "a.tsv", ["--memory", "much"], 3, "memory 'much': expected a size such as"),
        ("run", "a.tsv", ["--temp", "nowhere"], 4, "nowhere: cannot hold temporary files"),
        ("run", "nowhere/a.tsv", [], 4, "nowhere: cannot hold temporary files"),
    ],
)
def test_bad_input_is_one_line(
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    output: str,
    options: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = export(source, "-o", output, *options)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_command_line_starts_without_duckdb() -> None:
    code = "import sys, bran.cli.main; print([m for m in ('duckdb', 'torch') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
