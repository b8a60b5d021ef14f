"""One process of a data-parallel run, started by ``test_distributed.py`` as ``torchrun`` would start it.

Usage: ``python one_process.py FOLDER``; each run that is described in ``FOLDER/runs.json`` leaves the weights
of each process as ``FOLDER/<run>-<rank>.safetensors``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from bran.nn.devices import join_processes
from bran.training.loop import Checkpoints
from tests.builders import network, tiny_trainer


def main(folder: Path) -> None:
    runs = json.loads((folder / "runs.json").read_text(encoding="utf-8"))
    with join_processes(torch.device("cpu")) as processes:
        for name, run in runs.items():
            # Other weights in each process: those of the first are what all start from.
            model = network(*run["model"], seed=processes.rank)
            checkpoints = Checkpoints(folder / name, key="k", steps=1)
            tiny_trainer(*run["training"], model=model, processes=processes, checkpoints=checkpoints).run()
            save_file(dict(model.state_dict()), folder / f"{name}-{processes.rank}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
