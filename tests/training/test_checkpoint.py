from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from bran.errors import ModelError
from bran.training.checkpoint import (
    CHECKPOINT,
    Progress,
    load_checkpoint,
    optimiser_tensors,
    restore_optimiser,
    save_checkpoint,
)
from bran.training.optimiser import OptimiserConfig
from tests.builders import network

TENSORS = {
    "model": {"a.weight": torch.arange(6.0).view(2, 3), "b/c": torch.tensor(2.0)},
    "optimiser": {"0.exp_avg": torch.full((2,), 1e-30)},
    "best": {},
}
PROGRESS = Progress(
    epoch=2, batch=3, step=17, best=0.1 + 0.2, best_epoch=1, history=[{"score": 1 / 3}, {"score": 0.1 + 0.2}]
)
TOTALS = {"pair_loss": 1e-17 + 1 / 7, "pair_loss_count": 3.0}


def save(folder: Path, key: str = "k") -> Path:
    save_checkpoint(folder, tensors=TENSORS, progress=PROGRESS, totals=TOTALS, key=key)
    return folder / CHECKPOINT


def test_what_was_saved_comes_back(tmp_path: Path):
    save(tmp_path / "deep" / "er")
    restored = load_checkpoint(tmp_path / "deep" / "er", key="k")
    assert restored is not None
    tensors, progress, totals = restored
    assert (progress, totals) == (PROGRESS, TOTALS)
    assert set(tensors) == {"model", "optimiser"}
    for group, named in tensors.items():
        assert named.keys() == TENSORS[group].keys()
        for name, tensor in named.items():
            assert torch.equal(tensor, TENSORS[group][name])


def test_a_run_without_a_validation_comes_back_too(tmp_path: Path):
    save_checkpoint(tmp_path, tensors=TENSORS, progress=Progress(), totals={}, key="k")
    restored = load_checkpoint(tmp_path, key="k")
    assert restored is not None
    assert restored[1] == Progress(best=float("-inf"))


def test_no_folder_or_no_checkpoint_is_a_new_run(tmp_path: Path):
    assert load_checkpoint(tmp_path, key="k") is None
    assert load_checkpoint(tmp_path / "missing", key="k") is None


def test_a_checkpoint_is_one_safetensors_file(tmp_path: Path):
    path = save(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [CHECKPOINT]
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    assert json.loads(header["__metadata__"]["state"])["key"] == "k"
    with safe_open(path, framework="pt") as file:
        assert "model/a.weight" in list(file.keys())
    with pytest.raises(Exception, match=r"."):
        pickle.loads(content)  # noqa: S301 (must fail)


def test_another_run_is_refused(tmp_path: Path):
    path = save(tmp_path, key="aaa")
    with pytest.raises(ModelError, match=rf"{path}: belongs to a run with other settings or data \(aaa, this one is b"):
        load_checkpoint(tmp_path, key="bbb")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def no_safetensors(path: Path) -> None:
    path.write_bytes(b"\x80\x04N." * 20)


def no_state(path: Path) -> None:
    save_file({"model/a": torch.zeros(1)}, path)


def no_json(path: Path) -> None:
    save_file({"model/a": torch.zeros(1)}, path, {"state": "{"})


def other_keys(path: Path) -> None:
    save_file({"model/a": torch.zeros(1)}, path, {"state": "{}"})


def other_progress(path: Path) -> None:
    state = {"key": "k", "totals": {}, "progress": {"epochs": 3}}
    save_file({"model/a": torch.zeros(1)}, path, {"state": json.dumps(state)})


@pytest.mark.parametrize(
    "damage", [truncated, half, empty, no_safetensors, no_state, no_json, other_keys, other_progress]
)
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, damage):
    path = save(tmp_path)
    damage(path)
    with pytest.raises(ModelError, match=r"checkpoint\.safetensors: damaged checkpoint .*delete it to start anew"):
        load_checkpoint(tmp_path, key="k")


def test_a_save_that_is_cut_short_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = save(tmp_path)
    before = path.read_bytes()

    def cut_short(tensors: dict[str, Tensor], target: Path, metadata: dict[str, str]) -> None:
        Path(target).write_bytes(b"half a checkp")
        raise KeyboardInterrupt

    monkeypatch.setattr("bran.training.checkpoint.save_file", cut_short)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path)
    assert path.read_bytes() == before
    assert load_checkpoint(tmp_path, key="k") is not None


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_an_optimiser_goes_on_where_it_was(kind: str):
    models = [network(), network()]
    optimisers = [OptimiserConfig(kind=kind, weight_decay=0.1).build(model) for model in models]

    def step(index: int, seed: int) -> None:
        torch.manual_seed(seed)
        for name, parameter in models[index].named_parameters():
            parameter.grad = None if name.startswith("tagger") and seed < 2 else torch.randn_like(parameter)
        optimisers[index].step()

    step(0, 0)
    models[1].load_state_dict(models[0].state_dict())
    taken = {name: tensor.clone() for name, tensor in optimiser_tensors(optimisers[0]).items()}
    restore_optimiser(optimisers[1], taken)
    for seed in (1, 2):
        step(0, seed)
        step(1, seed)
    for first, second in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(first, second)


def test_an_optimiser_that_took_no_step_has_no_state():
    optimiser = OptimiserConfig().build(network())
    assert optimiser_tensors(optimiser) == {}
    restore_optimiser(optimiser, {})
    assert optimiser.state_dict()["state"] == {}
