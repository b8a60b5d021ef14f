from __future__ import annotations

import math

import pytest
import torch
from torch.autograd import gradcheck

from bran.config import parse_config
from bran.errors import ConfigError
from bran.nn.pooling import AttentionWeighted, LogSumExp, Max, Mean, Mixture, PoolingConfig, segment_max

KINDS = ["logsumexp", "max", "mean", "attention", "mixture"]
VALUES = torch.tensor([[0.0, 1.0], [math.log(3), 2.0], [5.0, -1.0]], dtype=torch.float64)
SEGMENTS = torch.tensor([0, 0, 2])


def test_logsumexp_by_hand():
    pooled = LogSumExp()(VALUES, SEGMENTS, 3)
    # log(1 + 3), log(e + e^2), and of one value the value itself
    expected = [[math.log(4), math.log(math.e + math.e**2)], [5.0, -1.0]]
    torch.testing.assert_close(pooled[[0, 2]], torch.tensor(expected, dtype=torch.float64))


def test_temperatures_by_hand():
    values = torch.tensor([[0.0], [math.log(4)]], dtype=torch.float64)
    segments = torch.zeros(2, dtype=torch.long)
    # 2 log(1 + sqrt 4), and half of log(1 + 4^2)
    assert LogSumExp(2.0)(values, segments, 1).item() == pytest.approx(2 * math.log(3))
    assert LogSumExp(0.5)(values, segments, 1).item() == pytest.approx(math.log(17) / 2)
    assert LogSumExp(1e-6)(values, segments, 1).item() == pytest.approx(math.log(4))


def test_a_temperature_of_one_changes_no_bit():
    torch.manual_seed(0)
    values, segments = torch.randn(50, 3) * 10, torch.randint(0, 6, (50,))
    highest = segment_max(values, segments, 6)
    total = torch.zeros(6, 3).index_add(0, segments, (values - highest[segments]).exp())
    assert torch.equal(LogSumExp()(values, segments, 6), total.log() + highest)
    assert PoolingConfig(temperature=1.0).model_dump() == {"kind": "logsumexp"}


@pytest.mark.parametrize("temperature", [0.25, 4.0])
def test_an_empty_segment_stays_finite_at_any_temperature(temperature: float):
    assert LogSumExp(temperature)(VALUES, SEGMENTS, 3)[1].tolist() == [torch.finfo(torch.float64).min] * 2


def test_a_temperature_without_a_logsumexp_is_refused():
    with pytest.raises(ConfigError, match=r"temperature = 2\.0: is that of a LogSumExp; expected 1 with kind mean"):
        parse_config(PoolingConfig, {"kind": "mean", "temperature": 2.0}, source="test")


def test_mixture_by_hand():
    pool = Mixture().double()
    scores = torch.tensor([[0.0], [math.log(3)], [7.0]], dtype=torch.float64)
    values = torch.cat([VALUES, scores], dim=1)
    # Halves of log(1 + 3) and 3/4 log 3, of log(e + e^2) and 1/4 + 3/4 * 2; of one value the value itself.
    first = [(math.log(4) + 0.75 * math.log(3)) / 2, (math.log(math.e + math.e**2) + 1.75) / 2]
    expected = torch.tensor([first, [5.0, -1.0]], dtype=torch.float64)
    torch.testing.assert_close(pool(values, SEGMENTS, 3)[[0, 2]], expected)
    with torch.no_grad():
        pool.gate.fill_(math.log(3))
    mixed = 0.75 * LogSumExp()(VALUES, SEGMENTS, 3) + 0.25 * AttentionWeighted()(values, SEGMENTS, 3)
    torch.testing.assert_close(pool(values, SEGMENTS, 3)[[0, 2]], mixed[[0, 2]])


def test_gradients_of_the_share_in_double_precision():
    pool, segments = Mixture(2.0).double(), torch.tensor([0, 1, 1, 0, 1])
    values = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    assert gradcheck(
        lambda v, gate: torch.func.functional_call(pool, {"gate": gate}, (v, segments, 2)), (values, pool.gate)
    )


def test_max_and_mean_by_hand():
    assert Max()(VALUES, SEGMENTS, 3)[[0, 2]].tolist() == [[math.log(3), 2.0], [5.0, -1.0]]
    assert Mean()(VALUES, SEGMENTS, 3).tolist() == [[math.log(3) / 2, 1.5], [0.0, 0.0], [5.0, -1.0]]


def test_weights_of_attention_by_hand():
    scores = torch.tensor([[0.0], [math.log(3)], [7.0]], dtype=torch.float64)
    pooled = AttentionWeighted()(torch.cat([VALUES, scores], dim=1), SEGMENTS, 3)
    # Weights 1/4 and 3/4 in the first segment, 1 in the last; the one between them is empty.
    expected = [[0.75 * math.log(3), 0.25 + 0.75 * 2], [0.0, 0.0], [5.0, -1.0]]
    torch.testing.assert_close(pooled, torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("shift", [-1e30, -1000.0, 1000.0, 1e30])
def test_weights_of_attention_are_stable_for_any_size_of_scores(shift: float):
    values = torch.tensor([[1.0, shift], [4.0, shift]], requires_grad=True)
    pooled = AttentionWeighted()(values, torch.zeros(2, dtype=torch.long), 1)
    assert pooled.tolist() == [[2.5]]
    pooled.sum().backward()
    # Of the score: a_i (v_i - mean)
    assert values.grad is not None
    assert values.grad.tolist() == [[0.5, -0.75], [0.5, 0.75]]


@pytest.mark.parametrize("pool", [LogSumExp(), Max()])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_empty_segment_is_as_low_as_the_type_goes(pool: torch.nn.Module, dtype: torch.dtype):
    pooled = pool(VALUES.to(dtype), SEGMENTS, 3)
    assert pooled.dtype == dtype
    assert pooled[1].tolist() == [torch.finfo(dtype).min] * 2


@pytest.mark.parametrize("shift", [-1e30, -1000.0, -87.0, 0.0, 87.0, 1000.0, 1e30])
def test_logsumexp_is_stable_for_any_size_of_values(shift: float):
    values = torch.tensor([[shift], [shift], [shift]], requires_grad=True)
    pooled = LogSumExp()(values, torch.zeros(3, dtype=torch.long), 1)
    torch.testing.assert_close(pooled, torch.tensor([[shift + math.log(3)]]))
    pooled.sum().backward()
    torch.testing.assert_close(values.grad, torch.full((3, 1), 1 / 3))


def test_logsumexp_of_a_wide_range_is_the_highest():
    values = torch.tensor([[-1e4], [1e4], [0.0]], requires_grad=True)
    pooled = LogSumExp()(values, torch.zeros(3, dtype=torch.long), 1)
    assert pooled.item() == 1e4
    pooled.sum().backward()
    assert values.grad is not None
    assert values.grad.flatten().tolist() == [0.0, 1.0, 0.0]


def test_logsumexp_equals_that_of_torch():
    torch.manual_seed(0)
    values, segments = torch.randn(50, 3, dtype=torch.float64) * 10, torch.randint(0, 6, (50,))
    expected = torch.stack([values[segments == index].logsumexp(0) for index in range(6)])
    torch.testing.assert_close(LogSumExp()(values, segments, 6), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_values_changes_nothing(kind: str):
    torch.manual_seed(0)
    values, segments = torch.randn(30, 2), torch.randint(0, 4, (30,))
    order = torch.randperm(30)
    pool = PoolingConfig(kind=kind).build()
    torch.testing.assert_close(pool(values[order], segments[order], 4), pool(values, segments, 4))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_in_double_precision(kind: str):
    torch.manual_seed(0)
    values = torch.randn(9, 3, dtype=torch.float64, requires_grad=True)
    segments = torch.tensor([0, 1, 1, 3, 0, 3, 3, 1, 0])
    pool = PoolingConfig(kind=kind).build()
    assert gradcheck(lambda v: pool(v, segments, 5)[[0, 1, 3]], (values,))


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_segment_passes_no_gradient_on(kind: str):
    values = VALUES.clone().requires_grad_()
    PoolingConfig(kind=kind).build()(values, SEGMENTS, 4)[[1, 3]].sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [[0.0, 0.0]] * 3


def test_segment_max_of_nothing():
    assert segment_max(torch.zeros(0, 2), torch.zeros(0, dtype=torch.long), 2).shape == (2, 2)
