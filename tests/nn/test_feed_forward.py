from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor
from torch.autograd import gradcheck

from bran.nn.feed_forward import Convolution, ConvolutionConfig, NoFeedForwardConfig


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


def test_no_feed_forward_adds_nothing():
    x = torch.randn(2, 3, 4)
    zeros = NoFeedForwardConfig().build(4)(x, torch.ones(2, 3, dtype=torch.bool))
    assert torch.equal(zeros, torch.zeros(2, 3, 4))


@pytest.mark.parametrize("widths", [(), (2,), (1, 4, 1), (-1,), (0,)])
def test_widths_that_have_no_middle_are_refused(widths: tuple[int, ...]):
    with pytest.raises(ValidationError, match="expected one or more odd widths"):
        ConvolutionConfig(widths=widths)
