"""``bran ensemble`` and ``bran distil``: from two runs to their mean and to one student, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.corpus.document import Document
from bran.corpus.load import load_corpus
from bran.corpus.schema import load_schema
from bran.export.reading import read_table
from bran.extraction.trained_model import read_description
from tests.builders import document
from tests.runs import TREE, abstracts, run_config, start, write_config, write_corpus


def further() -> list[Document]:
    """One of the corpus by its title, one without a pair, two to learn from."""
    first = abstracts(1)[0]
    return [
        type(first)("3000", first.passages, first.mentions),
        document("3001", "{Velorin|Chemical|MESH:C1} in healthy volunteers only."),
        document("3002", "{Velorin|Chemical|MESH:C1} against {pain|Disease|MESH:D2} of eleven women."),
        document("3003", "{Tremor|Disease|MESH:D1} in users of {velorin|Chemical|MESH:C1} and others."),
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, the tree of diseases, documents without labels, and two runs of one split."""
    folder = tmp_path_factory.mktemp("runs")
    write_corpus(folder / "corpus.txt", abstracts())
    write_corpus(folder / "further.pubtator", further())
    write_config(folder / "student.yaml", "name=student", "distillation.gold_share=0.3")
    TREE.write(folder / "tree.tsv")
    documents = load_corpus(folder / "corpus.txt", load_schema("cdr")).documents
    for seed in (0, 1):
        start(folder / f"seed-{seed}", run_config(f"training.seed={seed}"), documents=documents, only=["fold-1"])
    return folder


@pytest.fixture
def here(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


def bran(*arguments: str) -> Result:
    shared = ["--corpus", "corpus.txt", "--mesh", "tree.tsv", "--threads", "1", "--device", "cpu", "--no-track"]
    return CliRunner().invoke(app, [*arguments, *shared])


def scores(folder: Path) -> dict[tuple[str, str], float]:
    return {(d.id, r.tail): r.score for d in read_table(folder / "candidates.parquet") for r in d.relations}


def test_the_mean_of_two_runs(here: Path) -> None:
    result = bran("ensemble", "seed-0", "seed-1", "-o", "mean", "--only", "fold-1", "--name", "pair")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("scores with signatures: mean/summary.md\n")
    assert "fold x 1" in result.stdout
    one, two, mean = (scores(here / run / "fold-1") for run in ("seed-0", "seed-1", "mean"))
    assert mean == pytest.approx({key: (one[key] + two[key]) / 2 for key in one}, abs=1e-6)
    settings = json.loads((here / "mean" / "run.json").read_text())["settings"]
    assert (settings["name"], [member["run"] for member in settings["members"]]) == ("pair", ["seed-0", "seed-1"])


def test_one_student_of_two_teachers(here: Path) -> None:
    result = bran(
        "distil", "student.yaml", "--teachers", "seed-0", "--teachers", "seed-1",
        "--unlabelled", "further.pubtator", "-o", "student", "--only", "fold-1",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    left_out = "1 without a candidate pair, 1 excluded by title"
    assert result.stderr == f"unlabelled: 2 documents; left out: {left_out}\n"
    assert "fold-1  epoch 2  " in result.stdout
    description = read_description(here / "student" / "fold-1" / "model")
    record = description.training["distillation"]
    assert (description.name, record["gold_share"], record["unlabelled documents"]) == ("student", 0.3, 2)
    assert [teacher["run"] for teacher in record["teachers"]] == ["seed-0", "seed-1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ensemble", "seed-0", "-o", "x"], "1 run to average; expected at least two"),
        (["ensemble", "seed-0", "absent", "-o", "x"], "absent/run.json: cannot be read (No such file or directory)"),
        (["ensemble", "seed-0", "seed-1", "-o", "x"], "seed-0/fold-2: there is no scores.json; expected a split"),
        (["ensemble", "seed-0", "seed-1", "-o", "x", "--only", "cut-1"], "seed-0: has no split 'cut-1'; it has fold-1"),
        (["distil", "student.yaml", "--teachers", "seed-0", "-o", "x"], "seed-0/fold-2/model: there is no model"),
        (["distil", "student.yaml", "--teachers", "further.pubtator", "-o", "x"], "further.pubtator/run.json: cannot"),
    ],
)
def test_what_cannot_be_done_is_one_line(here: Path, arguments: list[str], message: str) -> None:
    result = bran(*arguments)
    assert result.exit_code == 3
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1
    assert not list(here.glob("x/*/*"))
