"""``bran plot`` and ``bran evaluate --figures`` on invented PubTator and tables."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from tests.builders import tiny_model
from tests.cli.test_evaluate import GOLD, TABLE, run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with ``gold.txt`` and ``found.tsv``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gold.txt").write_text(GOLD, encoding="utf-8")
    (tmp_path / "found.tsv").write_text(TABLE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        "precision-recall found.tsv --gold gold.txt --threshold 0.5 --protocol raw",
        "reliability found.tsv --gold gold.txt",
        "distance found.tsv --gold gold.txt --threshold 0.5",
        "mentions found.tsv --gold gold.txt --of document",
        "scores found.tsv",
        "scores found.tsv --gold gold.txt --threshold 0.5",
        "network found.tsv --top 2",
        "lengths gold.txt",
    ],
)
def test_every_kind_is_drawn(folder: Path, arguments: str) -> None:
    for output in ("figure.svg", "sub/figure.png"):
        result = run("plot", *arguments.split(), "-o", output, "--numbers", "numbers.tsv")
        assert (result.exit_code, result.output) == (0, "")
    assert (folder / "figure.svg").read_text().startswith("<svg")
    assert (folder / "sub" / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert len((folder / "numbers.tsv").read_text().splitlines()) > 1


def test_the_threshold_of_the_model_beside_a_table_counts(folder: Path) -> None:
    tiny_model(threshold=0.5).save(folder / "model")
    assert (
        run("plot", "distance", "found.tsv", "--gold", "gold.txt", "-o", "a.svg", "--numbers", "a.tsv").exit_code == 0
    )
    cells = (folder / "a.tsv").read_text().splitlines()[1].split("\t")
    assert cells[:4] == ["0", "2", "0", "0"]  # tremor, with a score of 0.3, was not kept


def test_a_suffix_that_is_none_is_refused_before_anything_is_read(folder: Path) -> None:
    result = run("plot", "scores", "missing.tsv", "-o", "figure.pdf")
    assert result.exit_code == 3
    assert result.output == "error: figure.pdf: the suffix tells the format; expected one of .svg, .png\n"


def test_an_evaluation_draws_and_tracks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    result = run("evaluate", "found.tsv", "gold.txt", "--bootstrap", "0", "--figures", "figures", "--track")
    assert result.exit_code == 0
    names = {path.name for path in (folder / "figures").iterdir()}
    assert {f"{name}.{suffix}" for name in ("distance", "pair-mentions") for suffix in ("svg", "png", "tsv")} <= names
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    (stored,) = client.search_runs([client.get_experiment_by_name("bran").experiment_id])
    assert stored.data.metrics["raw_micro_f1"] == pytest.approx(0.8)
    assert stored.data.tags["signature_raw"] in result.output
    assert {f"figures/{name}" for name in names} == {
        item.path for item in client.list_artifacts(stored.info.run_id, "figures")
    }
    assert mlflow.active_run() is None
