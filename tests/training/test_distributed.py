from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from bran.training.checkpoint import load_checkpoint
from tests.builders import network, tiny_trainer

pytestmark = pytest.mark.slow

DROPOUT = ["embeddings.word_dropout=0.2", "scorer.dropout=0.3"]
# Four documents: three batches of one length each, so the second process has none in every second step.
BATCHES = ["batches.max_tokens=40", "epochs=3"]
RUNS = {
    "plain": {"model": [], "training": ["batches.max_tokens=1", "tagging.probability=0"]},
    "dropout": {"model": DROPOUT, "training": ["batches.max_tokens=1", "tagging.probability=0.5", "epochs=4"]},
    "idle": {"model": DROPOUT, "training": [*BATCHES, "tagging.probability=1"]},
    "accumulated": {"model": DROPOUT, "training": ["batches.max_tokens=1", "accumulate=2", "tagging.probability=0.5"]},
    "noise": {"model": DROPOUT, "training": ["batches.max_tokens=1", "optimiser.gradient_noise=0.01"]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """The weights that two processes end with."""
    folder = tmp_path_factory.mktemp("distributed")
    (folder / "runs.json").write_text(json.dumps(RUNS), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "PYTHONPATH": str(root)}
    processes = [
        subprocess.Popen(
            [sys.executable, str(root / "tests" / "training" / "one_process.py"), str(folder)],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    return folder


@pytest.mark.parametrize("run", RUNS)
def test_both_processes_end_with_the_same_weights(folder: Path, run: str):
    first, second = (load_file(folder / f"{run}-{rank}.safetensors") for rank in range(2))
    for name, weight in first.items():
        assert torch.equal(weight, second[name]), name


@pytest.mark.parametrize("run", RUNS)
def test_two_processes_take_the_steps_of_one_that_accumulates(folder: Path, run: str):
    model = network(*RUNS[run]["model"])
    accumulate = 4 if run == "accumulated" else 2
    tiny_trainer(*RUNS[run]["training"], f"accumulate={accumulate}", model=model).run()
    distributed = load_file(folder / f"{run}-0.safetensors")
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(distributed[name], weight, atol=1e-5, rtol=1e-4)


def test_the_first_process_saves(folder: Path):
    saved = load_checkpoint(folder / "plain", key="k")
    assert saved is not None
    assert saved[1].epoch == 2
