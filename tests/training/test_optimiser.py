from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.optim import Adam, AdamW

from bran.training.optimiser import OptimiserConfig, ScheduleConfig, WeightAverage, add_noise
from tests.builders import network


@pytest.mark.parametrize(
    ("kind", "warmup", "progress", "expected"),
    [
        ("linear", 0.2, 0.0, 0.0),
        ("linear", 0.2, 0.05, 0.25),
        ("linear", 0.2, 0.2, 1.0),
        ("linear", 0.2, 0.4, 0.75),
        ("linear", 0.2, 1.0, 0.0),
        ("linear", 0.0, 0.25, 0.75),
        ("linear", 0.2, 1.01, 0.0),
        ("cosine", 0.2, 0.1, 0.5),
        ("cosine", 0.2, 0.2, 1.0),
        ("cosine", 0.2, 0.6, 0.5),
        ("cosine", 0.0, 1 / 3, 0.75),
        ("cosine", 0.0, 1.0, 0.0),
        ("constant", 0.2, 0.1, 0.5),
        ("constant", 0.2, 0.2, 1.0),
        ("constant", 0.0, 1.0, 1.0),
    ],
)
def test_schedule_by_hand(kind: str, warmup: float, progress: float, expected: float):
    assert ScheduleConfig(kind=kind, warmup=warmup).factor(progress) == pytest.approx(expected)


@pytest.mark.parametrize(("kind", "cls"), [("adam", Adam), ("adamw", AdamW)])
def test_the_config_builds_its_optimiser(kind: str, cls: type):
    config = OptimiserConfig(kind=kind, learning_rate=0.2, betas=(0.5, 0.6), epsilon=1e-3, weight_decay=0.3)
    optimiser = config.build(network())
    assert type(optimiser) is cls
    for group in optimiser.param_groups:
        assert (group["lr"], group["betas"], group["eps"]) == (0.2, (0.5, 0.6), 1e-3)


def test_every_weight_is_optimised_once_and_vectors_do_not_decay():
    model = network("encoder.blocks=2")
    decayed, others = OptimiserConfig(weight_decay=0.3).build(model).param_groups
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.3, 0.0)
    assert {id(p) for p in decayed["params"] + others["params"]} == {id(p) for p in model.parameters()}
    assert len(decayed["params"]) + len(others["params"]) == len(list(model.parameters()))
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert all(names[id(p)].endswith("bias") or "norm" in names[id(p)] for p in others["params"])


@pytest.mark.parametrize(("eta", "step", "variance"), [(1.0, 0, 1.0), (0.1, 0, 0.1), (0.1, 4, 0.02), (0.5, 99, 0.005)])
def test_noise_has_the_variance_that_is_asked(eta: float, step: int, variance: float):
    torch.manual_seed(0)
    parameter = nn.Parameter(torch.zeros(400, 500))
    parameter.grad = torch.full_like(parameter, 3.0)
    add_noise([parameter], eta=eta, step=step)
    assert parameter.grad.mean().item() == pytest.approx(3.0, abs=0.01)
    assert parameter.grad.var().item() == pytest.approx(variance, rel=0.02)


def test_noise_leaves_weights_without_a_gradient_alone():
    parameter = nn.Parameter(torch.zeros(3))
    add_noise([parameter], eta=1.0, step=0)
    assert parameter.grad is None


def test_the_average_by_hand():
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 1.0)
    average = WeightAverage(model, 0.5)
    nn.init.constant_(model.weight, 11.0)
    average.update(model, 0)  # decay min(0.5, 1 / 10): 0.1 * 1 + 0.9 * 11
    assert average.weights["weight"].item() == pytest.approx(10.0)
    nn.init.constant_(model.weight, 20.0)
    average.update(model, 8)  # decay min(0.5, 9 / 18)
    assert average.weights["weight"].item() == pytest.approx(15.0)
    average.update(model, 1000)
    assert average.weights["weight"].item() == pytest.approx(17.5)


def test_no_average_follows_the_weights():
    model = nn.Linear(3, 3)
    average = WeightAverage(model, 0.0)
    nn.init.normal_(model.weight)
    average.update(model, 500)
    assert torch.equal(average.weights["weight"], model.weight)


def test_the_average_keeps_copies():
    model = nn.Linear(1, 1)
    average = WeightAverage(model, 0.5)
    saved = {name: torch.full_like(tensor, math.pi) for name, tensor in model.state_dict().items()}
    average.load(saved)
    average.update(model, 500)
    assert saved["weight"].item() == pytest.approx(math.pi)
    assert average.weights["weight"].item() != pytest.approx(math.pi)
