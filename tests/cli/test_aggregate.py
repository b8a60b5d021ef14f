"""``bran aggregate``: its options, counts and exit codes."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app
from tests.export.aggregates import row, write_rows


def aggregate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["aggregate", *map(str, arguments)])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [
        row("1", probability=0.9, score=0.8),
        row("2", probability=0.4, score=0.6),
        row("2", tail="MESH:D2", score=0.1),
    ]
    return write_rows(tmp_path / "relations.jsonl", rows)


def test_table_and_counts(tmp_path: Path, table: Path) -> None:
    (tmp_path / "known.tsv").write_text("drug\teffect\nMESH:C1\tMESH:D1\n")
    done = aggregate(
        *(table, "-o", tmp_path / "out.csv", "--known", tmp_path / "known.tsv", "--known-columns", "drug, effect"),
        *("--ids", "1", "--memory-limit", "200MB", "--temp-directory", tmp_path),
    )
    assert done.exit_code == 0, done.output
    assert done.stderr == "2 relations, 1 of them known, from 3 rows of 2 documents\n"
    found = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert [(r["documents"], r["document_ids"], r["noisy_or"], r["known"]) for r in found] == [
        ("2", "1", "0.940000", "true"),
        ("1", "2", "", "false"),
    ]


def test_bounds(tmp_path: Path, table: Path) -> None:
    bounds = ("--min-documents", "1", "--min-probability", "0.5", "--min-score", "0.5")
    done = aggregate(table, "-o", tmp_path / "out.tsv", *bounds)
    assert done.stderr == "1 relation, from 3 rows of 2 documents\n"
    assert aggregate(table, "-o", tmp_path / "out.tsv", "--min-documents", "3", "--quiet").stderr == ""
    assert len((tmp_path / "out.tsv").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--min-probability", "1.5"), 2, "Invalid value"),
        (("--known", "missing.tsv"), 4, "error: missing.tsv: cannot be opened"),
        (("--memory-limit", "lots"), 3, "error: memory limit 'lots'"),
        (("--known-columns", "1,2"), 2, "--known-columns: expected --known TABLE too"),
    ],
)
def test_errors(tmp_path: Path, table: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    done = aggregate(table, "-o", tmp_path / "out.tsv", *arguments)
    assert done.exit_code == code
    assert message in done.stderr
    assert not (tmp_path / "out.tsv").exists()


def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    done = aggregate(tmp_path / "runs", "-o", tmp_path / "out.tsv")
    assert done.exit_code == 4
    assert done.stderr == (
        f"error: {tmp_path / 'runs'}: cannot be opened (No such file or directory); "
        "expected a relation table or the folder of a run\n"
    )


def test_the_command_starts_without_duckdb() -> None:
    code = "import sys, bran.cli.aggregate; print({'duckdb', 'torch', 'pyarrow.dataset'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
