"""A model that is told what other documents state: trained, saved, loaded; and its knowledge names the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bran.corpus.statements import Statement
from bran.encoding.knowledge import KNOWLEDGE, Knowledge
from bran.errors import ConfigError, ModelError
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel
from bran.workflows.run_config import RunConfig
from bran.workflows.run_files import MODEL
from tests.runs import abstracts, run_config, start


def knowledge(folder: Path, *documents: str, kinds: tuple[str, ...] = ("causes",)) -> Path:
    """That velorin causes tremor, as ``documents`` state."""
    folder.mkdir(exist_ok=True)
    statements = [Statement(document, "causes", "MESH:C1", "MESH:D1") for document in documents]
    Knowledge.of(statements, kinds=kinds).save(folder / KNOWLEDGE)
    return folder


def config(folder: Path) -> RunConfig:
    changes = ("model.scorer.structure=4", "model.scorer.knowledge=[causes]", "training.features_first={epochs: 2}")
    return run_config(*changes, knowledge=str(folder))


def scores(folder: Path) -> list[float]:
    documents = Predictor.load(folder / "fold-1" / MODEL, precision="fp32").predict(abstracts(), threshold=0)
    return [relation.score or 0.0 for document in documents for relation in document.relations]


def test_a_model_keeps_what_it_is_told(tmp_path):
    base = knowledge(tmp_path / "kb", "7", "8")
    start(tmp_path / "run", config(base), only=["fold-1"])
    folder = tmp_path / "run" / "fold-1" / MODEL
    before = scores(tmp_path / "run")
    (base / KNOWLEDGE).unlink()
    assert scores(tmp_path / "run") == before
    model = TrainedModel.load(folder)
    assert model.knowledge.documents("causes", "MESH:C1", "MESH:D1") == ["7", "8"]
    Knowledge.of([], kinds=("causes",)).save(folder / KNOWLEDGE)
    assert scores(tmp_path / "run") != before


def test_other_kinds_or_no_file_are_refused(tmp_path):
    start(tmp_path / "run", config(knowledge(tmp_path / "kb", "7")), only=["fold-1"])
    folder = tmp_path / "run" / "fold-1" / MODEL
    knowledge(folder, "7", kinds=("treats",))
    with pytest.raises(ModelError, match=r"holds statements of treats; expected causes, as scorer.knowledge has it"):
        TrainedModel.load(folder)
    (folder / KNOWLEDGE).unlink()
    with pytest.raises(ModelError, match=r"knowledge.safetensors: cannot be read"):
        TrainedModel.load(folder)


def test_a_run_is_named_by_its_knowledge(tmp_path):
    base = tmp_path / "kb"
    start(tmp_path / "run", config(knowledge(base, "7")), only=["fold-1"])
    first = json.loads((tmp_path / "run" / "run.json").read_text())["knowledge"]
    knowledge(base, "7", "9")
    with pytest.raises(ConfigError, match=rf"holds results of knowledge {first}, this run has "):
        start(tmp_path / "run", config(base), only=["fold-2"])
