"""A model that is told what words say: learned in its fit, saved, loaded, and part of what names it."""

from __future__ import annotations

import pytest

from bran.encoding.cue_scores import CUES, CueScores
from bran.errors import ConfigError, ModelError
from bran.extraction.model_hash import model_hash
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel
from bran.workflows.run_config import RunConfig
from bran.workflows.run_files import MODEL
from tests.runs import abstracts, run_config, start

CUES_OF_CID = {"buckets": 2**12, "folds": 2, "strength": 1.0}


def config(*changes: str) -> RunConfig:
    told = ("model.scorer.structure=4", "model.scorer.cues=[CID]", "training.features_first={epochs: 2}")
    return run_config(*told, *changes, cues=CUES_OF_CID)


def scores(folder) -> list[float]:
    documents = Predictor.load(folder, precision="fp32").predict(abstracts(), threshold=0)
    return [relation.score or 0.0 for document in documents for relation in document.relations]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    run = tmp_path_factory.mktemp("cues") / "run"
    start(run, config(), only=["fold-1"])
    return run / "fold-1" / MODEL


def test_a_model_keeps_the_cues_that_its_fit_has_learned(trained):
    cues = TrainedModel.load(trained).cues
    assert cues is not None
    assert cues.types == ("CID",)
    assert cues.weights.any()


def test_scores_and_hash_rest_on_them(trained, tmp_path):
    before, name, kept = scores(trained), model_hash(trained), (trained / CUES).read_bytes()
    cues = CueScores.load(trained / CUES)
    CueScores(cues.config, cues.types, -cues.weights, -cues.bias).save(trained / CUES)
    assert scores(trained) != before
    assert model_hash(trained) != name
    (trained / CUES).write_bytes(kept)
    assert scores(trained) == before


def test_other_types_or_no_file_are_refused(trained):
    kept = (trained / CUES).read_bytes()
    cues = CueScores.load(trained / CUES)
    CueScores(cues.config, ("causes",), cues.weights, cues.bias).save(trained / CUES)
    with pytest.raises(ModelError, match=r"holds scores of causes; expected CID, as scorer.cues has it"):
        TrainedModel.load(trained)
    (trained / CUES).unlink()
    with pytest.raises(ModelError, match=r"cues.safetensors: cannot be read"):
        TrainedModel.load(trained)
    (trained / CUES).write_bytes(kept)


def test_a_start_from_a_model_learns_its_own_cues(trained, tmp_path):
    start(tmp_path / "run", config(f"init={trained}"), only=["fold-2"])
    first, second = TrainedModel.load(trained).cues, TrainedModel.load(tmp_path / "run" / "fold-2" / MODEL).cues
    assert first.hash != second.hash


def test_soft_labels_are_of_pairs_that_are_labelled_whole():
    unstated = {"kind": "positive_unlabelled", "recall": 0.5}
    with pytest.raises(ConfigError, match=r"distillation = given, unstated.kind = positive_unlabelled: expected one"):
        run_config(unstated=unstated, distillation={})


def test_both_or_neither():
    with pytest.raises(ConfigError, match=r"cues = given, model.scorer.cues = none: expected both or neither"):
        config("model.scorer.cues=[]")
    with pytest.raises(ConfigError, match=r"cues = null, model.scorer.cues = CID: expected both or neither"):
        config("cues=null")
    with pytest.raises(ConfigError, match=r"cues = CID: expected structure > 0, the units that hear of it"):
        config("model.scorer.structure=0")
