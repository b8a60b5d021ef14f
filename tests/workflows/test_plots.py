"""The numbers in a plot are those of the tables that it is drawn from."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from bran.corpus.load import Corpus
from bran.errors import ConfigError, DataError
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.export.reading import read_table
from bran.extraction.trained_model import read_description
from bran.workflows.plots import (
    SLICINGS,
    plot_judged_scores,
    plot_learning,
    plot_network,
    plot_precision_recall,
    plot_reliability,
    plot_scores,
    plot_strata,
)
from bran.workflows.run_figures import RunFigures
from bran.workflows.tracking import NullTracker
from tests.runs import Ears, abstracts, fitter, run_config, training_run

CONFIG = run_config("training.batches.max_tokens=200", refit=True)
PAIRS = "document\ttype\thead\ttail\tscore\n" + "".join(
    f"{document}\tCID\tC{head}\tD{tail}\t0.{score}\n"
    for document, head, tail, score in [(1, 1, 1, 9), (1, 1, 2, 3), (2, 1, 1, 8), (3, 2, 2, 7)]
)


class Logged(NullTracker):
    """A run that remembers the names of files."""

    def __init__(self) -> None:
        self.files: list[str] = []

    def log_file(self, path: Path, folder: str = "") -> None:
        self.files.append(f"{folder}/{path.name}")


@pytest.fixture(scope="module")
def ears() -> Ears:
    return Ears()


@pytest.fixture(scope="module")
def tracker() -> Logged:
    return Logged()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, ears: Ears, tracker: Logged) -> Path:
    """The folder of a run that drew itself."""
    folder = tmp_path_factory.mktemp("run")
    training = training_run(folder, CONFIG, ears=ears, tracker=tracker)
    training.figures = RunFigures(CONFIG.protocol)
    training.run(source=Path("invented.txt"))
    return folder


@pytest.fixture(scope="module")
def gold(run: Path) -> GoldStandard:
    test = json.loads((run / "splits.json").read_text())["splits"]["fold-1"]["test"]
    return fitter(CONFIG).gold(Corpus(tuple(abstracts())).select(test))


@pytest.fixture(scope="module")
def candidates(run: Path) -> Predictions:
    return Predictions.of(read_table(run / "fold-1" / "candidates.parquet"), system="fold-1")


def scores(run: Path) -> dict[str, Any]:
    return json.loads((run / "fold-1" / "scores.json").read_text())["protocols"]["filtered"]["slices"]["micro"]


def numbers(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.reader(stream, delimiter="\t"))


def test_a_run_draws_itself(run: Path, tracker: Logged) -> None:
    of_splits = ["distance", "document-mentions", "learning", "pair-mentions", "precision-recall", "scores"]
    for split in ("fold-1", "fold-2"):
        assert sorted(path.stem for path in (run / split / "figures").glob("*.svg")) == of_splits
        assert sorted(path.stem for path in (run / split / "figures").glob("*.png")) == of_splits
    assert sorted(path.name for path in (run / "figures").iterdir()) == ["learning.png", "learning.svg", "learning.tsv"]
    for name in of_splits:
        assert f"figures/{name}.svg" in tracker.files
        assert f"figures/{name}.png" in tracker.files


def test_learning_curves_are_the_epochs(run: Path, ears: Ears) -> None:
    plot = plot_learning([run])
    assert [row[:2] for row in plot.rows] == sorted(ears.epochs)
    told = dict(zip(ears.epochs, ears.metrics, strict=True))
    for fit, epoch, loss, score, _ in plot.rows:
        assert (loss, score) == (told[fit, epoch]["pair_loss"], told[fit, epoch].get("score"))
    for fit in ("fold-1", "fold-2", "refit"):
        kept = read_description(run / fit / "model").training["kept_epoch"]
        assert [row[1] for row in plot.rows if row[0] == fit and row[4]] == [kept]


def test_precision_and_recall_at_the_threshold_are_those_of_the_scores(
    run: Path, gold: GoldStandard, candidates: Predictions
) -> None:
    threshold = read_description(run / "fold-1" / "model").threshold
    plot = plot_precision_recall(gold, {"fold-1": (candidates, threshold)})
    kept = [row for row in plot.rows if row[1] >= threshold]
    expected = scores(run)
    assert list(kept[-1][2:]) == pytest.approx([expected["precision"], expected["recall"], expected["f1"]])
    marked = plot.figure.axes[0].lines[-1].get_xydata().tolist()
    assert marked == [pytest.approx([expected["recall"], expected["precision"]])]
    assert numbers(run / "fold-1" / "figures" / "precision-recall.tsv")[1:] == [
        [str(value) for value in row] for row in plot.rows
    ]


@pytest.mark.parametrize("name", SLICINGS)
def test_groups_add_up_to_the_scores(run: Path, gold: GoldStandard, candidates: Predictions, name: str) -> None:
    kept = candidates.keep(read_description(run / "fold-1" / "model").threshold, gold.schema)
    plot = plot_strata(gold, kept, name, resamples=10)
    expected = scores(run)
    assert [sum(row[place] for row in plot.rows) for place in (1, 2, 3)] == [
        expected[key] for key in ("tp", "fp", "fn")
    ]
    assert plot.figure.axes[0].lines[0].get_ydata()[0] == pytest.approx(100 * expected["f1"])


def test_scores_of_right_and_wrong_candidates(gold: GoldStandard, candidates: Predictions) -> None:
    plot = plot_judged_scores(gold, candidates)
    right = sorted(score for what, score in plot.rows if what == "right")
    found = (r.score for relations in candidates.relations.values() for r in relations if r.tail == "MESH:D1")
    assert right == sorted(found)
    assert plot_reliability(gold, {"a": candidates}).rows[0][3] > 0


def test_what_has_no_score_cannot_be_drawn(gold: GoldStandard) -> None:
    with pytest.raises(DataError, match="no relation has a score"):
        plot_scores(abstracts())
    with pytest.raises(DataError, match="nothing: no scored relation"):
        plot_reliability(gold, {"nothing": Predictions("nothing", {})})


def test_a_network_has_the_pairs_that_most_documents_relate(tmp_path: Path) -> None:
    (tmp_path / "table.tsv").write_text(PAIRS, encoding="utf-8")
    plot = plot_network([tmp_path / "table.tsv"], top=2, min_score=0.5)
    columns = [plot.header.index(name) for name in ("head", "tail", "documents")]
    assert [tuple(row[place] for place in columns) for row in plot.rows] == [("C1", "D1", 2), ("C2", "D2", 1)]
    assert len(plot.figure.axes[0].lines) == 2
    assert len(plot_network([tmp_path / "table.tsv"]).rows) == 3


def test_a_folder_without_epochs(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no epochs\.jsonl; expected the folder of a `bran train` run"):
        plot_learning([tmp_path])


def test_a_damaged_model_beside_the_epochs(tmp_path: Path, run: Path) -> None:
    (tmp_path / "epochs.jsonl").write_text((run / "fold-1" / "epochs.jsonl").read_text())
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text("{")
    with pytest.raises(ConfigError, match="damaged; expected what `bran train` wrote"):
        plot_learning([tmp_path])
