from __future__ import annotations

from pathlib import Path

import typer
from typer.testing import CliRunner

from benchmarks.alignment import alignment


def test_alignment_prints_a_row_for_each_tokenizer(fixtures: Path):
    app = typer.Typer()
    app.command()(alignment)
    result = CliRunner().invoke(app, [str(fixtures / "corpus" / "cdr.pubtator")], env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines() if "│" in line]
    assert [row[1] for row in rows] == ["scispacy", "spacy", "punctuation"]
    mentions = {row[3] for row in rows}
    assert len(mentions) == 1
    for row in rows:
        assert float(row[5]) == round(100 * int(row[4]) / int(row[3]), 2)
