from __future__ import annotations

from datetime import timedelta

import pytest
import torch

from bran.errors import ConfigError
from bran.nn.devices import Processes, autocast, choose_device, has_bf16, join_processes

CPU = torch.device("cpu")


def product_type(precision: str) -> torch.dtype:
    with autocast(CPU, precision):
        return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


def test_the_precision_decides_the_type_of_products():
    assert product_type("fp32") == torch.float32
    assert product_type("bf16") == torch.bfloat16
    assert product_type("auto") == (torch.bfloat16 if has_bf16(CPU) else torch.float32)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx512_bf16": False}, False), ({}, False)],
)
def test_bf16_is_for_hardware_that_has_it(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], expected: bool
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert has_bf16(CPU) is expected


def test_auto_takes_the_gpu_where_there_is_one():
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == CPU


@pytest.mark.parametrize("name", ["", "gpu", "cuda:99", "cpu:x"])
def test_a_device_that_is_not_there_is_refused(name: str):
    with pytest.raises(ConfigError, match=f"device '{name}': not usable here"):
        choose_device(name)


def test_one_process_needs_no_group(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with join_processes(CPU) as processes:
        assert processes == Processes(rank=0, count=1)
    assert not torch.distributed.is_initialized()


def test_processes_wait_for_what_the_first_does_alone(monkeypatch: pytest.MonkeyPatch):
    """A corpus that teachers are asked of takes hours: longer than processes wait for each other by default."""
    begun: dict[str, timedelta] = {}
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda backend, **how: begun.update(how))
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    monkeypatch.setattr(torch.distributed, "destroy_process_group", lambda: None)
    with join_processes(CPU) as processes:
        assert processes == Processes(rank=1, count=2)
    assert begun["timeout"] >= timedelta(days=1)
