"""The benchmark of serving runs, adds up, and loses nothing; how long anything takes is not tested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from benchmarks import serve

pytestmark = pytest.mark.slow


def test_a_crowd_is_answered(samples: list[Path], tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(serve.serve)
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(sample.read_text(encoding="utf-8") for sample in samples), encoding="utf-8")
    result = CliRunner().invoke(app, [str(corpus), "--clients", "4", "--seconds", "2", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["answers"].keys() == {"200"}
    assert report["per_second"] == report["answers"]["200"] / 2
    assert 0 < report["milliseconds"]["p50"] <= report["milliseconds"]["p99"] <= report["milliseconds"]["largest"]
    assert 1 <= report["batch"] <= 4
