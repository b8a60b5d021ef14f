from __future__ import annotations

import math

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor
from torch.autograd import gradcheck

from bran.nn.feed_forward import (
    Convolution,
    ConvolutionConfig,
    GatedConvolutionConfig,
    LstmConfig,
    NoFeedForwardConfig,
)

OTHERS = [GatedConvolutionConfig(), GatedConvolutionConfig(width=1), LstmConfig()]


def layer(config: GatedConvolutionConfig | LstmConfig, dim: int = 3) -> torch.nn.Module:
    torch.manual_seed(0)
    return config.build(dim).double().eval()


def convolution(*widths: int, dim: int = 3, dropout: float = 0.0) -> Convolution:
    torch.manual_seed(0)
    return ConvolutionConfig(widths=widths, expansion=2, dropout=dropout).build(dim).double().eval()


def slowly(module: Convolution, x: Tensor) -> Tensor:
    """The stack, position by position, on one window without padding: (tokens, dim)."""
    for index, layer in enumerate(module.layers):
        x = x.relu() if index else x
        width = layer.kernel_size[0]
        rows = []
        for token in range(len(x)):
            row = layer.bias
            for offset in range(width):
                source = token + offset - width // 2
                if 0 <= source < len(x):
                    row = row + layer.weight[:, :, offset] @ x[source]
            rows.append(row)
        x = torch.stack(rows)
    return x


def test_a_single_convolution_by_hand():
    module = convolution(3, dim=1)
    with torch.no_grad():
        module.layers[0].weight.copy_(torch.tensor([[[1.0, 10.0, 100.0]]]))
        module.layers[0].bias.fill_(0.5)
    x = torch.tensor([[[1.0], [2.0], [3.0]]], dtype=torch.float64)
    # 10*1 + 100*2, 1*1 + 10*2 + 100*3, 1*2 + 10*3
    assert module(x, torch.ones(1, 3, dtype=torch.bool)).flatten().tolist() == [210.5, 321.5, 32.5]


@pytest.mark.parametrize("widths", [(1, 5, 1), (1, 1), (3,), (5, 3), (1, 1, 1)])
def test_the_stack_equals_the_slow_one(widths: tuple[int, ...]):
    module = convolution(*widths)
    x = torch.randn(2, 7, 3, dtype=torch.float64)
    with torch.no_grad():
        result = module(x, torch.ones(2, 7, dtype=torch.bool))
        for window in range(2):
            torch.testing.assert_close(result[window], slowly(module, x[window]))


@pytest.mark.parametrize("widths", [(1, 5, 1), (3,), (5, 3), (1, 3, 3)])
def test_padding_does_not_leak(widths: tuple[int, ...]):
    module = convolution(*widths)
    x = torch.randn(1, 8, 3, dtype=torch.float64)
    x[:, 5:] = 1e6
    mask = torch.tensor([[True] * 5 + [False] * 3])
    with torch.no_grad():
        torch.testing.assert_close(module(x, mask)[0, :5], slowly(module, x[0, :5]))


@pytest.mark.parametrize("widths", [(1, 5, 1), (3, 3)])
def test_gradients_in_double_precision(widths: tuple[int, ...]):
    module = convolution(*widths)
    x = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    names, values = zip(*module.named_parameters(), strict=True)

    def convolve(x: Tensor, *weights: Tensor) -> Tensor:
        return torch.func.functional_call(module, dict(zip(names, weights, strict=True)), (x, mask))

    assert gradcheck(convolve, (x, *values), fast_mode=True)


def test_dropout_acts_in_training_only():
    module = convolution(1, 5, 1, dropout=0.5)
    x, mask = torch.randn(1, 6, 3, dtype=torch.float64), torch.ones(1, 6, dtype=torch.bool)
    assert torch.equal(module(x, mask), module(x, mask))
    module.train()
    assert not torch.equal(module(x, mask), module(x, mask))


def test_a_gated_convolution_by_hand():
    module = layer(GatedConvolutionConfig(width=3), dim=1)
    with torch.no_grad():
        module.convolution.weight.copy_(torch.tensor([[[1.0, 10.0, 100.0]], [[0.0, 1.0, 0.0]]]))
        module.convolution.bias.copy_(torch.tensor([0.5, 0.0]))
    x = torch.tensor([[[1.0], [2.0], [3.0]]], dtype=torch.float64)
    gates = [1 / (1 + math.exp(-value)) for value in (1.0, 2.0, 3.0)]
    expected = [210.5 * gates[0], 321.5 * gates[1], 32.5 * gates[2]]
    assert module(x, torch.ones(1, 3, dtype=torch.bool)).flatten().tolist() == pytest.approx(expected)


def test_an_lstm_reads_on_and_back():
    module, x = layer(LstmConfig()), torch.randn(1, 5, 3, dtype=torch.float64)
    expected = module.forwards(x)[0] + module.backwards(x.flip(1))[0].flip(1)
    torch.testing.assert_close(module(x, torch.ones(1, 5, dtype=torch.bool)), expected)
    changed = x.clone()
    changed[0, 4] += 1
    assert (module(changed, torch.ones(1, 5, dtype=torch.bool)) != expected).any(2).all()


@pytest.mark.parametrize("config", OTHERS)
def test_padding_does_not_leak_into_other_layers(config: GatedConvolutionConfig | LstmConfig):
    module = layer(config)
    x = torch.randn(3, 8, 3, dtype=torch.float64)
    x[0, 5:], x[1] = 1e6, 1e6
    mask = torch.tensor([[True] * 5 + [False] * 3, [False] * 8, [True] * 8])
    with torch.no_grad():
        result = module(x, mask)
        torch.testing.assert_close(result[0, :5], module(x[:1, :5], mask[:1, :5])[0])
        torch.testing.assert_close(result[2], module(x[2:], mask[2:])[0])
    assert torch.isfinite(result).all()


@pytest.mark.parametrize("config", OTHERS)
def test_gradients_of_other_layers_in_double_precision(config: GatedConvolutionConfig | LstmConfig):
    module = layer(config)
    x = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    names, values = zip(*module.named_parameters(), strict=True)

    def change(x: Tensor, *weights: Tensor) -> Tensor:
        return torch.func.functional_call(module, dict(zip(names, weights, strict=True)), (x, mask))

    assert gradcheck(change, (x, *values), fast_mode=True)


def test_no_feed_forward_adds_nothing():
    x = torch.randn(2, 3, 4)
    zeros = NoFeedForwardConfig().build(4)(x, torch.ones(2, 3, dtype=torch.bool))
    assert torch.equal(zeros, torch.zeros(2, 3, 4))


@pytest.mark.parametrize("widths", [(), (2,), (1, 4, 1), (-1,), (0,)])
def test_widths_that_have_no_middle_are_refused(widths: tuple[int, ...]):
    with pytest.raises(ValidationError, match="expected one or more odd widths"):
        ConvolutionConfig(widths=widths)


@pytest.mark.parametrize("width", [0, 2, -1])
def test_a_gated_width_that_has_no_middle_is_refused(width: int):
    with pytest.raises(ValidationError, match=r"odd width|greater than or equal to 1"):
        GatedConvolutionConfig(width=width)
