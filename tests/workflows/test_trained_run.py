from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bran.config import config_hash
from bran.corpus.load import Corpus
from bran.errors import ConfigError
from bran.workflows.run_files import write_settings
from bran.workflows.trained_run import TrainedRun
from tests.runs import abstracts, run_config


@pytest.fixture
def copied(seeds: list[Path], tmp_path: Path) -> Path:
    """A copy of a finished run."""
    return shutil.copytree(seeds[0], tmp_path / "copy")


def test_what_a_run_is(seeds: list[Path]) -> None:
    run = TrainedRun.read(seeds[1])
    config = run_config("training.seed=1", refit=True)
    assert run.config == config
    assert run.identity == {"config": config_hash(config), "corpus": Corpus(tuple(abstracts())).hash}
    assert run.record == {"run": str(seeds[1]), "name": "tiny", "seed": 1, **run.identity}
    assert run.splits == {split.name: split for split in config.splits[0].build(Corpus(tuple(abstracts())))}
    assert run.split("fold-2") == run.splits["fold-2"]


def test_its_models_and_scores(seeds: list[Path]) -> None:
    run = TrainedRun.read(seeds[0])
    assert run.model("refit") == seeds[0] / "refit" / "model"
    assert run.is_scored("fold-1")
    assert not run.is_scored("refit")
    assert set(run.candidates("fold-1").relations) == set(run.split("fold-1").test)


def test_what_is_not_there(copied: Path) -> None:
    run = TrainedRun.read(copied)
    with pytest.raises(ConfigError, match=r"has no split 'cut-1'; it has fold-1, fold-2$"):
        run.split("cut-1")
    shutil.rmtree(copied / "refit")
    with pytest.raises(ConfigError, match=r"refit/model: there is no model; expected refit: true in its config"):
        run.model("refit")
    (copied / "fold-1" / "scores.json").unlink()
    with pytest.raises(ConfigError, match=r"fold-1: there is no scores\.json; expected a split that is done"):
        run.candidates("fold-1")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("run.json", "{", r"run\.json: damaged"),
        ("run.json", "[]", r"run\.json: holds a list; expected"),
        ("run.json", '{"config": "1"}', r"run\.json: has no settings; expected a run of `bran train`"),
        ("run.json", '{"settings": {"members": []}}', "an ensemble, which has no model"),
        ("run.json", '{"settings": {"nme": "x"}}', r"run\.json: unknown key 'nme'"),
        ("splits.json", '{"splits": {"fold-1": {"train": ["1"]}}}', r"splits\.json: damaged \(KeyError"),
        ("splits.json", '{"splits": {}, "documents": 1}', r"splits\.json: damaged \(TypeError"),
        ("splits.json", '{"splits": 1}', r"splits\.json: damaged \(AttributeError"),
    ],
)
def test_files_that_are_damaged(copied: Path, file: str, content: str, message: str) -> None:
    (copied / file).write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        TrainedRun.read(copied)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"run\.json: cannot be read \(No such file or directory\); expected the"):
        TrainedRun.read(tmp_path / "absent")


@pytest.fixture
def refit_alone(tmp_path: Path) -> Path:
    """The settings of a run that has a refit and no split."""
    config, corpus = run_config(splits=[], refit=True), Corpus(tuple(abstracts()))
    identity, settings = {"config": config_hash(config)}, config.model_dump(mode="json", by_alias=True)
    write_settings(tmp_path / "alone", identity, settings, corpus=corpus, splits=[])
    return tmp_path / "alone"


def test_a_refit_has_learned_from_every_document_of_the_corpus(refit_alone: Path, seeds: list[Path]) -> None:
    everything = {document.id for document in abstracts()}
    assert TrainedRun.read(refit_alone).trained_on("refit") == everything
    assert TrainedRun.read(seeds[0]).trained_on("refit") == everything
    assert TrainedRun.read(seeds[0]).trained_on("fold-1") < everything


def without_documents(folder: Path) -> Path:
    """The run in ``folder`` as earlier versions wrote it."""
    record = json.loads((folder / "splits.json").read_text())
    del record["documents"]
    (folder / "splits.json").write_text(json.dumps(record))
    return folder


def test_of_a_refit_of_an_earlier_version_the_splits_tell_what_it_has_learned_from(
    copied: Path, refit_alone: Path
) -> None:
    assert TrainedRun.read(without_documents(copied)).trained_on("refit") == {one.id for one in abstracts()}
    run = TrainedRun.read(without_documents(refit_alone))
    with pytest.raises(ConfigError, match=r"alone/splits\.json: names no document; expected those of the corpus"):
        run.trained_on("refit")


def test_a_later_key_of_the_identity_is_kept(copied: Path) -> None:
    record = json.loads((copied / "run.json").read_text())
    (copied / "run.json").write_text(json.dumps({**record, "init": "123456789abc"}))
    assert TrainedRun.read(copied).identity["init"] == "123456789abc"
