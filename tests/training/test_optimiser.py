from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.optim import Adam, AdamW

from bran.errors import ConfigError
from bran.training.optimiser import PEAK, OptimiserConfig, ScheduleConfig, WeightAverage, add_noise
from tests.builders import network, tiny_trainer


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


def peaks(config: OptimiserConfig, model: nn.Module) -> dict[str, float]:
    """The highest rate of each parameter."""
    rates = {id(p): group[PEAK] for group in config.build(model).param_groups for p in group["params"]}
    return {name: rates[id(parameter)] for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize(("attention", "size"), [({"heads": 2}, 2), (None, 1)])
def test_rates_fall_from_block_to_block(norm: str, attention: dict[str, int] | None, size: int):
    model = network(f"encoder={{dim: 8, blocks: 3, norm: {norm}, attention: {attention or 'null'}}}")
    config = OptimiserConfig(learning_rate=0.1, encoder_learning_rate=0.08, layer_decay=0.5)
    expected = {"embeddings.types": 0.1, "scorer": 0.1, "tagger": 0.1, "embeddings": 0.01, "encoder.norm": 0.08}
    expected |= {f"encoder.layers.{n}": 0.08 * 0.5 ** (2 - n // size) for n in range(3 * size)}
    for name, rate in peaks(config, model).items():
        assert rate == pytest.approx(next(expected[part] for part in expected if f"{name}.".startswith(f"{part}."))), (
            name
        )


def test_without_a_rate_of_its_own_the_encoder_begins_with_that_of_all():
    rates = peaks(OptimiserConfig(learning_rate=0.1, layer_decay=0.5), network("encoder.blocks=1"))
    assert rates["scorer.head.0.weight"] == rates["encoder.layers.0.layer.project.weight"] == 0.1
    assert rates["embeddings.subwords.weight"] == 0.05


def test_a_step_moves_what_has_a_lower_rate_less():
    model = network("encoder.blocks=1")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    changes = ("optimiser.encoder_learning_rate=1e-9", "optimiser.learning_rate=0.01", "average=0", "epochs=1")
    tiny_trainer(*changes, model=model).run()
    moved = {name: (tensor - before[name]).abs().max().item() for name, tensor in model.state_dict().items()}
    assert all(moved[name] < 1e-6 for name in moved if name.startswith(("encoder", "embeddings.subwords")))
    assert moved["scorer.head.0.weight"] > 1e-3
    assert moved["embeddings.types.weight"] > 1e-3


def test_a_model_without_layers_has_no_rates_of_them():
    with pytest.raises(ConfigError, match=r"optimiser\.layer_decay: the model has no layers to tell"):
        OptimiserConfig(layer_decay=0.9).build(nn.Linear(2, 2))


def test_rates_of_layers_leave_hashes_as_they_were():
    assert OptimiserConfig(
        layer_decay=1, encoder_learning_rate=None
    ).model_dump().keys() == OptimiserConfig.model_fields.keys() - {"layer_decay", "encoder_learning_rate"}


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
