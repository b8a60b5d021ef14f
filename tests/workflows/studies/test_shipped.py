"""The studies that ship: each holds, and the smoke study runs in less than a minute."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bran.cli.main import app
from bran.config import load_config
from bran.corpus.load import load_corpus
from bran.corpus.mesh import MeshTree
from bran.corpus.schema import load_schema
from bran.encoding.subwords import Subwords
from bran.encoding.vectors import SUBWORDS
from bran.extraction.trained_model import TrainedModel
from bran.workflows.bundled import vectors_folder
from bran.workflows.run_config import RunConfig
from bran.workflows.starts import describe
from bran.workflows.studies.config import load_study
from bran.workflows.studies.plan import plan_study
from tests.builders import tiny_model
from tests.runs import KFOLD, TREE, write_corpus
from tests.studies import small_corpus

NAMES = ("paper", "architecture", "inputs", "model", "smoke")
WEAK = "weak"
"""Needs what other commands leave in ``runs``."""


def place(root: Path, name: str) -> Path:
    return root / "pipelines" / "cdr" / "studies" / f"{name}.yaml"


def test_these_ship(root: Path) -> None:
    assert {path.stem for path in (root / "pipelines" / "cdr" / "studies").iterdir()} == {*NAMES, WEAK}


def test_weak_rows_hold_beside_what_other_runs_leave(
    root: Path, fixtures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    schema = load_schema("cdr")
    for fold in ("fold-1", "fold-2"):
        tiny_model().save(Path("runs", "bran", fold, "model"))
    write_corpus(
        Path("runs", "weak.PubTator.txt.gz"), load_corpus(fixtures / "corpus" / "cdr.pubtator", schema).documents
    )
    first = load_config(RunConfig, root / "pipelines" / "cdr" / "configs" / "weak-first.yaml")
    subwords = Subwords.load(vectors_folder("pubmed") / SUBWORDS)
    network = first.model.build(schema=schema, vocabulary=len(subwords), window=first.encoding.window)
    TrainedModel(describe(first, schema), subwords, network).save(Path("runs", "weak-first", "refit", "model"))
    test_every_row_holds_and_can_be_built(root, WEAK)


@pytest.mark.parametrize("name", NAMES)
def test_every_row_holds_and_can_be_built(root: Path, name: str) -> None:
    study = load_study(place(root, name))
    assert study.config.name == name
    small = study.config.model_copy(update={"splits": (type(study.config.splits[0]).model_validate(KFOLD),)})
    plan = plan_study(small.resolve(place(root, name)), small_corpus(), mesh=MeshTree({}))
    assert len(plan.runs) == 2 * len(study.rows) * len(study.config.seeds)


def test_the_paper_has_four_rows_five_folds_and_three_seeds(root: Path) -> None:
    study = load_study(place(root, "paper"))
    assert list(study.rows) == ["bran", "cnn-only", "no-width-5", "no-ner"]
    assert len(study.config.seeds) == 3
    (split,) = study.config.splits
    assert (split.kind, split.folds) == ("kfold", 5)


def test_smoke(root: Path, fixtures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    corpus = load_corpus(fixtures / "corpus" / "cdr.pubtator", load_schema("cdr"))
    write_corpus(Path("corpus.txt"), corpus.documents)
    TREE.write("tree.tsv")
    options = ["--corpus", "corpus.txt", "--mesh", "tree.tsv", "--threads", "1", "--no-track", "--bootstrap", "50"]
    started = time.monotonic()
    result = CliRunner().invoke(app, ["study", "run", str(place(root, "smoke")), "-o", "out", *options])
    assert time.monotonic() - started < 60
    assert result.exit_code == 0, result.output
    assert "[16/16]" in result.stdout
    assert Path("out/report/report.html").is_file()
