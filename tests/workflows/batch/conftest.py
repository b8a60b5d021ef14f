"""What tests of whole runs share: a tiny model, and a shard for each file however small it is."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bran.workflows.batch import run
from bran.workflows.batch.planning import plan
from bran.workflows.batch.settings import BatchSettings
from tests.batches import write_model


@pytest.fixture
def a_shard_for_each_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are not taken together."""
    monkeypatch.setattr(run, "plan", partial(plan, small=0))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> BatchSettings:
    """A model with random weights, which finds every relation that it can."""
    return BatchSettings(model=write_model(tmp_path_factory.mktemp("model")), threshold=0.0)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """The folder of a run, which is not there yet."""
    return tmp_path / "run"
