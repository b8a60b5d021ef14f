"""``bran model info``: what it shows of a model folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.extraction.trained_model import read_description
from bran.workflows.bundled import model_folder
from tests.builders import tiny_model

SCORES = {
    "fold": {
        "filtered": {
            "precision": [60.04, 1.26],
            "recall": [50.0, 2.0],
            "f1": [54.5, 1.0],
            "splits": {"fold-1": {"f1": 54.5, "signature": "s"}, "fold-2": {"f1": 54.5, "signature": "s"}},
        }
    }
}


def info(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["model", "info", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tiny_model(name="mine [bold]", threshold=0.123456)
    training = {"seed": 3, "documents": {"train": 8, "validation": 2}, "scores": SCORES, "rate": 0.3333333}
    training["machine"] = {"versions": {"torch": "2.13", "numpy": "1.26"}, "threads": 7}
    model.description = model.description.model_copy(update={"training": training})
    model.save(tmp_path / "model")
    return tmp_path / "model"


def test_a_table_of_facts(folder: Path) -> None:
    result = info(folder)
    assert result.exit_code == 0
    rows = dict(
        [cell.strip() for cell in line.strip("│").split("│")] for line in result.stdout.splitlines() if "│" in line
    )
    assert rows["relation types"] == "CID"
    assert rows["entity types"] == "Chemical, Disease"
    assert rows["encoder"] == "1 blocks of 8, windows of 1280 subwords"
    assert rows["threshold"] == "0.1235"
    assert rows["fold x 2, filtered"] == "precision 60.0 ± 1.3  recall 50.0 ± 2.0  f1 54.5 ± 1.0"
    assert (rows["seed"], rows["documents"], rows["rate"]) == ("3", "train 8, validation 2", "0.3333")
    assert "scores" not in rows
    assert (rows["machine, versions"], rows["machine, threads"]) == ("torch 2.13, numpy 1.26", "7")
    assert "machine" not in rows
    assert "mine [bold]" in result.stdout


def test_json_is_the_description(folder: Path) -> None:
    result = info(folder, "--json")
    assert json.loads(result.stdout) == read_description(folder).model_dump(mode="json")


def test_the_one_that_ships() -> None:
    result = info()
    assert result.exit_code == 0, result.output
    assert read_description(model_folder()).name in result.stdout
    assert "filtered" in result.stdout


def test_no_model(tmp_path: Path) -> None:
    result = info(tmp_path)
    assert (result.exit_code, result.stdout) == (5, "")
    assert result.stderr == (
        f"error: {tmp_path / 'model.json'}: not a model folder (No such file or directory); "
        "expected what `bran train` writes\n"
    )
