"""Checkpoints: all that a killed run needs to go on as if nothing had happened, in one safetensors file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Optimizer

from bran.errors import ModelError

CHECKPOINT = "checkpoint.safetensors"


@dataclass(slots=True)
class Progress:
    """Where a run stands.

    Attributes:
        epoch: epochs finished.
        batch: batches finished in the epoch under way.
        step: optimiser steps taken.
        best: highest validation score so far.
        best_epoch: the epoch that had it, counted from 1; 0 before the first validation.
        history: metrics of each finished epoch.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best: float = float("-inf")
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


def save_checkpoint(
    folder: Path, *, tensors: dict[str, dict[str, Tensor]], progress: Progress, totals: dict[str, float], key: str
) -> None:
    """Write a checkpoint; it replaces the one before by rename, so there is always a whole one.

    Args:
        folder: where to.
        tensors: named groups of tensors (model, average, best, optimiser).
        progress: where the run stands.
        totals: running sums of the epoch under way.
        key: hash of what the run is made of; another run does not continue from here.
    """
    flat = {f"{group}/{name}": tensor for group, named in tensors.items() for name, tensor in named.items()}
    state = json.dumps({"progress": asdict(progress), "totals": totals, "key": key})
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{CHECKPOINT}.partial"
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in flat.items()}, partial, {"state": state})
    partial.replace(folder / CHECKPOINT)


def load_checkpoint(
    folder: Path, *, key: str
) -> tuple[dict[str, dict[str, Tensor]], Progress, dict[str, float]] | None:
    """The checkpoint in ``folder``, or ``None`` when there is none.

    Raises:
        ModelError: when it is damaged, or belongs to another run.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            state = json.loads(file.metadata()["state"])
            flat = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        found, progress, totals = state["key"], Progress(**state["progress"]), state["totals"]
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: damaged checkpoint ({error}); delete it to start anew") from None
    if found != key:
        raise ModelError(
            f"{path}: belongs to a run with other settings or data ({found}, this one is {key}); "
            "choose another output folder or delete it"
        )
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in flat.items():
        group, _, rest = name.partition("/")
        groups.setdefault(group, {})[rest] = tensor
    return groups, progress, totals


def optimiser_tensors(optimiser: Optimizer) -> dict[str, Tensor]:
    """The optimiser's state as named tensors: ``<parameter>.<name>``."""
    state = optimiser.state_dict()["state"]
    return {f"{index}.{name}": torch.as_tensor(value) for index, item in state.items() for name, value in item.items()}


def restore_optimiser(optimiser: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what :func:`optimiser_tensors` took."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
