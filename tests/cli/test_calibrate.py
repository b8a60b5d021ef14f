"""``bran calibrate``, and the thresholds by name that it gives to other commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel, read_description
from tests.builders import tiny_model
from tests.runs import abstracts, write_corpus


def bran(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a model, gold documents, and all of its candidates on them."""
    monkeypatch.chdir(tmp_path)
    tiny_model(name="mine", threshold=0.4).save(Path("model"))
    write_corpus(Path("gold.txt"), abstracts())
    relations = [
        (document.id, relation)
        for document in Predictor.load(Path("model")).predict(abstracts(), threshold=0.0)
        for relation in document.relations
    ]
    rows = [f"{id_}\t{found.type}\t{found.head}\t{found.tail}\t{found.score}\n" for id_, found in relations]
    Path("found.tsv").write_text("document\ttype\thead\ttail\tscore\n" + "".join(rows), encoding="utf-8")
    return tmp_path


CALIBRATE = ["calibrate", "model", "--predictions", "found.tsv", "--corpus", "gold.txt"]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_model_is_calibrated(here: Path) -> None:
    before = contents(here / "model")
    result = bran(*CALIBRATE, "-o", "report")
    assert result.exit_code == 0, result.output
    after = contents(here / "model")
    assert {name for name in after if after[name] != before[name]} == {"model.json", "README.md"}
    assert set(after) == set(before)
    description = read_description(here / "model")
    assert description.calibration is not None
    report = json.loads((here / "report" / "calibration.json").read_text(encoding="utf-8"))
    assert description.calibration.model_dump(mode="json") == report["calibration"]
    for text in (
        "log loss (nats)",
        f"{report['before']['log_loss']:.4f}",
        f"{report['after']['brier']:.4f}",
        "best-f1",
    ):
        assert text in result.stdout
    assert report["signature"] in result.stdout
    assert "## Probabilities" in (here / "model" / "README.md").read_text(encoding="utf-8")
    probabilities = [
        relation.probability
        for document in Predictor(TrainedModel.load(here / "model")).predict(abstracts(), threshold=0)
        for relation in document.relations
    ]
    assert all(probability and 0 < probability < 1 for probability in probabilities)


def test_a_check_leaves_the_model_as_it_is(here: Path) -> None:
    before = contents(here / "model")
    result = bran(*CALIBRATE, "--check")
    assert result.exit_code == 0
    assert "not written (--check)" in result.stdout
    assert contents(here / "model") == before
    assert {path.name for path in here.iterdir()} == {"model", "gold.txt", "found.tsv"}


@pytest.mark.parametrize("method", ["temperature", "platt", "isotonic"])
def test_the_method_that_is_asked_for(here: Path, method: str) -> None:
    assert bran(*CALIBRATE, "--method", method).exit_code == 0
    calibration = read_description(here / "model").calibration
    assert calibration is not None
    assert calibration.default.kind == method


def test_the_candidates_that_count_are_told(here: Path) -> None:
    (here / "mesh.tsv").write_text("D8\tmovement disorders\tC01\nD1\ttremor\tC01.100\n", encoding="utf-8")
    every = bran(*CALIBRATE, "--mesh", "mesh.tsv", "--protocol", "raw", "--check")
    some = bran(*CALIBRATE, "--mesh", "mesh.tsv", "--check")
    assert "36 candidates, 12 right" in every.stdout
    assert "24 candidates, 12 right" in some.stdout
    assert "protocol:filtered|mesh:mesh.tsv" in some.stdout


def test_thresholds_by_name_in_other_commands(here: Path) -> None:
    refused = bran("evaluate", "model", "gold.txt", "--threshold", "best-f1")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "threshold 'best-f1': expected a number from 0 to 1 (no thresholds have names here)" in refused.stderr
    assert bran(*CALIBRATE).exit_code == 0
    best = read_description(here / "model").thresholds["best-f1"].value
    named = bran("evaluate", "model", "gold.txt", "--threshold", "best-f1", "--bootstrap", "0", "--json")
    number = bran("evaluate", "model", "gold.txt", "--threshold", str(best), "--bootstrap", "0", "--json")
    assert named.exit_code == 0, named.stderr
    assert json.loads(named.stdout) == json.loads(number.stdout)
    unknown = bran("evaluate", "model", "gold.txt", "--threshold", "p99")
    assert unknown.exit_code == 3
    assert f"threshold 'p99': expected a number from 0 to 1 or one of best-f1 ({best:.4g})" in unknown.stderr
    assert f"{best:.4f}" in bran("model", "info", "model").stdout


def test_a_table_has_no_thresholds_by_name(here: Path) -> None:
    assert bran(*CALIBRATE).exit_code == 0
    result = bran("evaluate", "found.tsv", "gold.txt", "--threshold", "best-f1")
    assert (result.exit_code, result.stdout) == (3, "")


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (lambda text: text.replace("\tscore", "\tscores", 1), 4, "found.tsv (document 1000): relation CID MESH:C1"),
        (lambda text: text.replace("\n1000\t", "\nPMC1\t"), 4, "1 of 12 predicted documents are not in gold.txt"),
        (lambda text: text.replace("\t0.", "\t7.", 1), 4, "found.tsv (document 1000): relation CID MESH:C1"),
        (lambda text: text.splitlines(keepends=True)[0], 4, "found.tsv: no prediction; expected the candidates"),
        (lambda text: "pmid\tscore\n1\t0.5\n", 4, "found.tsv: columns pmid, score; expected a relation table"),
    ],
)
def test_predictions_that_do_not_do_are_one_line(here: Path, change, code: int, message: str) -> None:
    before = contents(here / "model")
    table = here / "found.tsv"
    table.write_text(change(table.read_text(encoding="utf-8")), encoding="utf-8")
    result = bran(*CALIBRATE)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    assert result.stderr.startswith(f"error: {message}"), result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert contents(here / "model") == before


@pytest.mark.parametrize("missing", ["--predictions", "--corpus"])
def test_what_must_be_given(missing: str) -> None:
    place = CALIBRATE.index(missing)
    result = bran(*CALIBRATE[:place], *CALIBRATE[place + 2 :])
    assert result.exit_code == 2
