"""Means of whole runs: what they are of, what is written of them, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bran.corpus.document import Document, Relation
from bran.corpus.load import Corpus
from bran.errors import ConfigError
from bran.evaluation.averaging import Mean
from bran.evaluation.predictions import Predictions
from bran.export.reading import read_table
from bran.extraction.model_hash import model_hash
from bran.extraction.trained_model import TrainedModel
from bran.workflows.ensemble import EnsembleRun
from bran.workflows.summary import Summary
from bran.workflows.tracking import NullTracker
from bran.workflows.trained_run import TrainedRun
from tests.runs import KFOLD, abstracts, fitter, run_config, start

FOLDS = ("fold-1", "fold-2")


def average(
    runs: Sequence[Path],
    folder: Path,
    *,
    only: Sequence[str] = (),
    mean: Mean = "probabilities",
    documents: Sequence[Document] | None = None,
) -> Summary:
    members = [TrainedRun.read(run) for run in runs]
    made = fitter(members[0].config)
    corpus = Corpus(tuple(documents or abstracts()))
    run = EnsembleRun(members, corpus, folder, fitter=made, tracker=NullTracker(), name="both", mean=mean)
    return run.run(only=only)


@pytest.fixture(scope="module")
def finished(seeds: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mean of two seeds. Only to be read."""
    folder = tmp_path_factory.mktemp("ensemble")
    average(seeds, folder)
    return folder


@pytest.fixture
def changed(seeds: list[Path], tmp_path: Path) -> Callable[..., Path]:
    """A copy of the second seed, its ``run.json`` or ``splits.json`` changed."""

    def change(file: str, change: Callable[[dict[str, Any]], Any]) -> Path:
        folder = shutil.copytree(seeds[1], tmp_path / "changed")
        record = read(folder / file)
        change(record)
        (folder / file).write_text(json.dumps(record))
        return folder

    return change


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def scores(path: Path) -> dict[tuple[str, str], float]:
    return {(d.id, r.tail): r.score for d in read_table(path / "candidates.parquet") for r in d.relations}


def test_the_folder_is_that_of_a_run_without_models(finished: Path) -> None:
    written = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    of_splits = {
        f"{split}/{name}" for split in FOLDS for name in ("candidates.parquet", "scores.json", "ensemble.json")
    }
    assert written == {"run.json", "splits.json", "summary.json", "summary.md", *of_splits}


def test_candidates_have_the_mean_of_the_scores_of_the_runs(finished: Path, seeds: list[Path]) -> None:
    for split in FOLDS:
        one, two = (scores(seed / split) for seed in seeds)
        mean = scores(finished / split)
        assert mean.keys() == one.keys() == two.keys()
        assert one != two
        for key, value in mean.items():
            assert value == pytest.approx((one[key] + two[key]) / 2, abs=1e-6)


def test_the_threshold_is_that_of_the_mean_on_validation_documents(finished: Path, seeds: list[Path]) -> None:
    runs = [TrainedRun.read(seed) for seed in seeds]
    made, corpus = fitter(runs[0].config), Corpus(tuple(abstracts()))
    for split in FOLDS:
        documents = corpus.select(runs[0].split(split).validation)
        members = [made.predictions(TrainedModel.load(run.model(split)), documents) for run in runs]
        relations = {
            document.id: tuple(
                type(one)(one.type, one.head, one.tail, score=((one.score or 0) + (two.score or 0)) / 2)
                for one, two in zip(*(member.relations[document.id] for member in members), strict=True)
            )
            for document in documents
        }
        expected = made.threshold(documents, Predictions("mean", relations))
        assert read(finished / split / "ensemble.json")["threshold"]["value"] == pytest.approx(expected.value, abs=1e-6)


def test_scores_are_those_of_the_mean_at_its_threshold(finished: Path) -> None:
    for split in FOLDS:
        threshold = read(finished / split / "ensemble.json")["threshold"]["value"]
        found = {key for key, score in scores(finished / split).items() if score >= threshold}
        tested = read(finished / "splits.json")["splits"][split]["test"]
        right = {(id_, "MESH:D1") for id_ in tested}
        record = read(finished / split / "scores.json")["protocols"]["raw"]
        counts = record["slices"]["micro"]
        assert (counts["tp"], counts["fp"], counts["fn"]) == (
            len(found & right), len(found - right), len(right - found)
        )  # fmt: skip
        signature = dict(part.split(":", 1) for part in record["signature"].split("|"))
        assert (signature["split"], signature["config"]) == (split, read(finished / "run.json")["config"])
        assert "seed" not in signature


def test_members_are_named_with_their_hashes(finished: Path, seeds: list[Path]) -> None:
    settings = read(finished / "run.json")["settings"]
    assert (settings["name"], settings["mean"]) == ("both", "probabilities")
    assert [(member["run"], member["seed"]) for member in settings["members"]] == [
        (str(seed), number) for number, seed in enumerate(seeds)
    ]
    assert [member["config"] for member in settings["members"]] == [read(seed / "run.json")["config"] for seed in seeds]
    models = read(finished / "fold-2" / "ensemble.json")["models"]
    assert models == {str(seed): model_hash(seed / "fold-2" / "model") for seed in seeds}


def test_the_summary_has_every_split(finished: Path) -> None:
    summary = read(finished / "summary.json")
    assert list(summary["fold"]["filtered"]["splits"]) == list(FOLDS)


def test_the_order_of_members_says_nothing(finished: Path, seeds: list[Path], tmp_path: Path) -> None:
    average(seeds[::-1], tmp_path)
    assert read(tmp_path / "run.json")["config"] == read(finished / "run.json")["config"]
    assert scores(tmp_path / "fold-1") == pytest.approx(scores(finished / "fold-1"), abs=1e-9)


def test_logits_make_another_ensemble(finished: Path, seeds: list[Path], tmp_path: Path) -> None:
    average(seeds, tmp_path, mean="logits")
    assert read(tmp_path / "run.json")["config"] != read(finished / "run.json")["config"]
    assert scores(tmp_path / "fold-1") != scores(finished / "fold-1")


def test_only_some_splits(seeds: list[Path], tmp_path: Path) -> None:
    summary = average(seeds, tmp_path, only=["fold-2"])
    assert list(summary.groups["fold"].reports) == ["fold-2"]
    assert not (tmp_path / "fold-1").exists()


def test_splits_that_are_done_stay_in_the_summary(finished: Path, seeds: list[Path], tmp_path: Path) -> None:
    average(seeds, tmp_path, only=["fold-2"])
    candidates = tmp_path / "fold-2" / "candidates.parquet"
    written = candidates.stat().st_mtime_ns
    summary = average(seeds, tmp_path, only=["fold-1"])
    assert candidates.stat().st_mtime_ns == written
    assert list(summary.groups["fold"].reports) == list(FOLDS)
    for name in ("summary.json", "summary.md"):
        assert (tmp_path / name).read_bytes() == (finished / name).read_bytes()


def test_splits_of_other_members_are_not_summed_up(seeds: list[Path], tmp_path: Path) -> None:
    average(seeds, tmp_path, only=["fold-1"])
    before = (tmp_path / "summary.json").read_bytes()
    with pytest.raises(ConfigError, match=r"holds results of config \w+, this run has \w+; expected another") as caught:
        average(seeds, tmp_path, only=["fold-2"], mean="logits")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "summary.json").read_bytes() == before


def test_members_may_be_validated_on_other_documents(seeds: list[Path], tmp_path: Path) -> None:
    """Then each one is scored by those members that were not trained on it."""
    other = tmp_path / "other"
    start(other, run_config(splits=[{**KFOLD, "validation_part": 1}]), only=["fold-1"])
    average([seeds[0], other], tmp_path / "mean", only=["fold-1"])
    runs = [TrainedRun.read(folder) for folder in (seeds[0], other)]
    parts = [set(run.split("fold-1").validation) for run in runs]
    assert not parts[0] & parts[1]
    written = read(tmp_path / "mean" / "splits.json")["splits"]["fold-1"]
    assert set(written["train"]) >= parts[0] | parts[1]
    made, corpus = fitter(runs[0].config), Corpus(tuple(abstracts()))
    relations: dict[str, tuple[Relation, ...]] = {}
    for run, part in zip(runs, parts, strict=True):
        model = TrainedModel.load(run.model("fold-1"))
        relations |= made.predictions(model, corpus.select(sorted(part))).relations
    expected = made.threshold(corpus.select(sorted(relations)), Predictions("each alone", relations))
    found = read(tmp_path / "mean" / "fold-1" / "ensemble.json")["threshold"]
    assert found["value"] == pytest.approx(expected.value, abs=1e-6)


def test_one_run_is_no_ensemble(seeds: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^1 run to average; expected at least two$"):
        average(seeds[:1], tmp_path)


def test_a_run_does_not_count_twice(seeds: list[Path], tmp_path: Path) -> None:
    twin = shutil.copytree(seeds[0], tmp_path / "twin")
    with pytest.raises(ConfigError, match=r"twin: has config \w+, as .* has; expected another seed or config$"):
        average([*seeds, twin], tmp_path / "mean")


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("run.json", lambda record: record.update(corpus="0"), r"changed: has corpus 0; the one given is \w{12}$"),
        (
            "run.json",
            lambda record: record["settings"].update(protocol="raw"),
            "changed: has protocol raw; expected filtered, as ",
        ),
        (
            "run.json",
            lambda record: record["settings"].update(schema="biored"),
            "changed: has relation_schema biored; expected cdr, as ",
        ),
        (
            "splits.json",
            lambda record: record["splits"].pop("fold-2"),
            "changed: has splits fold-1; expected fold-1, fold-2, as ",
        ),
        (
            "splits.json",
            lambda record: record["splits"]["fold-2"]["test"].pop(),
            "changed: fold-2 is tested on other documents than that of ",
        ),
    ],
)
def test_runs_that_do_not_go_together(
    seeds: list[Path], changed: Callable[..., Path], tmp_path: Path, file: str, change: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        average([seeds[0], changed(file, change)], tmp_path / "mean")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "mean").exists()


def test_another_corpus_than_that_of_the_members(seeds: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has corpus \w+; the one given is "):
        average(seeds, tmp_path, documents=abstracts(11))


def test_a_member_that_is_not_done(seeds: list[Path], tmp_path: Path) -> None:
    copy = shutil.copytree(seeds[1], tmp_path / "copy")
    (copy / "fold-2" / "scores.json").unlink()
    with pytest.raises(ConfigError, match=r"copy/fold-2: there is no scores\.json; expected a split that is done"):
        average([seeds[0], copy], tmp_path / "mean")
    assert average([seeds[0], copy], tmp_path / "part", only=["fold-1"]).groups


def test_the_folder_of_a_run_is_not_written_over(seeds: list[Path], tmp_path: Path) -> None:
    copy = shutil.copytree(seeds[1], tmp_path / "copy")
    with pytest.raises(ConfigError, match=r"copy: holds results of config \w+, this run has \w+; expected another"):
        average(seeds, copy)
