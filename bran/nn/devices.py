"""Devices, number formats and processes: where a training runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist

from bran.errors import ConfigError
from bran.nn.precision import Precision

PATIENCE = timedelta(days=1)
"""How long processes wait for each other. The first alone asks teachers, validates and scores, which may take hours,
while half an hour, or ten minutes on GPUs, would be the default. ``torchrun`` ends them all as soon as one has died."""


def choose_device(name: str) -> torch.device:
    """The device called ``name``; ``auto`` is the GPU when there is one.

    Raises:
        ConfigError: when there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"device {name!r}: not usable here ({str(error).splitlines()[0]}); try cpu") from None
    return device


def has_bf16(device: torch.device) -> bool:
    """Whether ``device`` multiplies bfloat16 matrices in hardware."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """A context in which matrix products run in ``precision``; ``auto`` is bf16 where there is hardware for it."""
    if precision == "bf16" or (precision == "auto" and has_bf16(device)):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among those of a data-parallel run."""

    rank: int = 0
    count: int = 1

    def wait(self) -> None:
        """Return when all of them have come here."""
        if self.count > 1:
            dist.barrier()


@contextmanager
def join_processes(device: torch.device) -> Iterator[Processes]:
    """Join the processes that ``torchrun`` started; alone, when it did not start this one."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes()
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Processes(dist.get_rank(), count)
    finally:
        dist.destroy_process_group()
