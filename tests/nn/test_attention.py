from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from bran.errors import ConfigError
from bran.nn.attention import AttentionConfig, SelfAttention


def attention(dim: int = 4, heads: int = 2, **settings: object) -> SelfAttention:
    torch.manual_seed(0)
    return AttentionConfig.model_validate({"heads": heads, **settings}).build(dim).double().eval()


def slowly(module: SelfAttention, x: Tensor, mask: Tensor) -> Tensor:
    """Attention token by token and head by head."""
    windows, tokens, dim = x.shape
    size = dim // module.heads
    query, key, value = module.project(x).split(dim, dim=2)
    result = torch.zeros_like(x)
    for window in range(windows):
        real = [token for token in range(tokens) if mask[window, token]]
        for head in range(module.heads):
            part = slice(head * size, (head + 1) * size)
            for token in range(tokens):
                scores = [(query[window, token, part] @ key[window, other, part]).item() for other in real]
                weights = [math.exp(score / math.sqrt(size)) for score in scores]
                for weight, other in zip(weights, real, strict=True):
                    result[window, token, part] += weight / sum(weights) * value[window, other, part]
    return module.output(result)


@pytest.mark.parametrize("output_projection", [False, True])
def test_attention_equals_the_slow_one(output_projection: bool):
    module = attention(output_projection=output_projection)
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    mask = torch.tensor([[True] * 5, [True, True, True, False, False]])
    with torch.no_grad():
        torch.testing.assert_close(module(x, mask), slowly(module, x, mask))


def test_equal_tokens_attend_evenly():
    module = attention(dim=2, heads=1)
    with torch.no_grad():
        module.project.weight.copy_(torch.cat([torch.zeros(4, 2), torch.eye(2)]))
        module.project.bias.zero_()
    x = torch.tensor([[[1.0, 2.0], [3.0, 6.0]]], dtype=torch.float64)
    assert module(x, torch.ones(1, 2, dtype=torch.bool)).tolist() == [[[2.0, 4.0], [2.0, 4.0]]]


def test_padding_is_not_attended_to():
    module = attention()
    x = torch.randn(1, 6, 4, dtype=torch.float64)
    mask = torch.tensor([[True] * 4 + [False] * 2])
    short = module(x[:, :4], mask[:, :4])
    x[:, 4:] = 1e6
    torch.testing.assert_close(module(x, mask)[:, :4], short)


@pytest.mark.parametrize("output_projection", [False, True])
def test_gradients_in_double_precision(output_projection: bool):
    module = attention(output_projection=output_projection)
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[True] * 3, [True, True, False]])
    names, values = zip(*module.named_parameters(), strict=True)

    def attend(x: Tensor, *weights: Tensor) -> Tensor:
        return torch.func.functional_call(module, dict(zip(names, weights, strict=True)), (x, mask))

    assert gradcheck(attend, (x, *values), fast_mode=True)


def test_training_in_bfloat16_takes_the_same_products():
    module = attention(dim=16).to(torch.bfloat16)
    x = torch.randn(2, 7, 16, dtype=torch.bfloat16)
    mask = torch.tensor([[True] * 7, [True] * 4 + [False] * 3])
    with torch.no_grad():
        fused, plain = module.eval()(x, mask), module.train()(x, mask)
    torch.testing.assert_close(plain.float()[mask], fused.float()[mask], atol=0.02, rtol=0.02)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_of_weights_acts_in_training_only(dtype: torch.dtype):
    module = attention(dropout=0.5).to(dtype)
    x, mask = torch.randn(1, 9, 4, dtype=dtype), torch.ones(1, 9, dtype=torch.bool)
    with torch.no_grad():
        assert torch.equal(module(x, mask), module(x, mask))
        module.train()
        assert not torch.equal(module(x, mask), module(x, mask))


def test_heads_that_do_not_divide_the_size_are_refused():
    with pytest.raises(ConfigError, match=r"encoder\.dim = 6: expected a multiple of the 4 attention heads"):
        AttentionConfig(heads=4).build(6)
