from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck

from bran.errors import ConfigError
from bran.nn.attention import AdditiveAttention, AttentionConfig, GeneralAttention, SelfAttention, Sight
from bran.nn.positions import NoPositionsConfig, PositionsConfig, RelativePositionsConfig, RotaryPositionsConfig


def attention(dim: int = 4, heads: int = 2, **settings: object) -> SelfAttention:
    torch.manual_seed(0)
    return AttentionConfig.model_validate({"heads": heads, **settings}).build(dim).double().eval()


def score(module: SelfAttention, head: int, query: Tensor, key: Tensor) -> float:
    """What ``query`` and ``key``, vectors of the input, score by one head."""
    dim = len(query)
    size = dim // module.heads
    part = slice(head * size, (head + 1) * size)
    if isinstance(module, GeneralAttention):
        return (module.project(query)[head * dim : (head + 1) * dim] @ key).item() / math.sqrt(dim)
    left, right = module.project(query)[:dim][part], module.project(key)[dim : 2 * dim][part]
    if isinstance(module, AdditiveAttention):
        return (module.weight[head] @ (left + right).tanh()).item()
    return (left @ right).item() / math.sqrt(size)


def slowly(module: SelfAttention, x: Tensor, mask: Tensor) -> Tensor:
    """Attention token by token and head by head; ``mask`` says which tokens each sees."""
    windows, tokens, dim = x.shape
    size = dim // module.heads
    values = module.project(x)[:, :, -dim:]
    result = torch.zeros_like(x)
    for window, head, token in itertools.product(range(windows), range(module.heads), range(tokens)):
        part = slice(head * size, (head + 1) * size)
        seen = [other for other in range(tokens) if mask[window, token, other]]
        weights = [math.exp(score(module, head, x[window, token], x[window, other])) for other in seen]
        for weight, other in zip(weights, seen, strict=True):
            result[window, token, part] += weight / sum(weights) * values[window, other, part]
    return module.output(result)


MASK = torch.tensor([[True] * 5, [True, True, True, False, False]])
SENTENCES = torch.tensor([[0, 0, 1, 1, 1], [4, 5, 5, 0, 0]])
SCORES = ["dot", "additive", "general"]
RESTRICTIONS = [{}, {"reach": 1}, {"reach": 0}, {"within_sentences": True}, {"reach": 1, "within_sentences": True}]


@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize("restriction", RESTRICTIONS)
def test_every_score_and_restriction_equals_the_slow_one(kind: str, restriction: dict[str, object]):
    module = attention(score=kind, **restriction)
    seen = Sight(AttentionConfig.model_validate(restriction))(MASK, SENTENCES)
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    with torch.no_grad():
        every = seen if seen.dim() == 3 else seen[:, None, :].expand(-1, 5, -1)
        torch.testing.assert_close(module(x, seen)[MASK], slowly(module, x, every)[MASK])


@settings(max_examples=50)
@given(
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=3),
    reach=st.none() | st.integers(0, 4),
    within_sentences=st.booleans(),
    seed=st.integers(0, 99),
)
def test_sight_by_its_definition(lengths: list[int], reach: int | None, within_sentences: bool, seed: int):
    tokens = max(lengths)
    mask = torch.arange(tokens) < torch.tensor(lengths)[:, None]
    sentences = torch.randint(0, 2, mask.shape, generator=torch.Generator().manual_seed(seed)).cumsum(1)
    seen = Sight(AttentionConfig(reach=reach, within_sentences=within_sentences))(mask, sentences)
    if reach is None and not within_sentences:
        assert seen is mask
        return
    for window, i, j in itertools.product(range(len(lengths)), range(tokens), range(tokens)):
        near = reach is None or abs(i - j) <= reach
        together = not within_sentences or bool(sentences[window, i] == sentences[window, j])
        assert bool(seen[window, i, j]) == (i == j or (bool(mask[window, j]) and near and together))


@pytest.mark.parametrize("output_projection", [False, True])
def test_attention_equals_the_slow_one(output_projection: bool):
    module = attention(output_projection=output_projection)
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(module(x, MASK), slowly(module, x, MASK[:, None, :].expand(-1, 5, -1)))


def test_equal_tokens_attend_evenly():
    module = attention(dim=2, heads=1)
    with torch.no_grad():
        module.project.weight.copy_(torch.cat([torch.zeros(4, 2), torch.eye(2)]))
        module.project.bias.zero_()
    x = torch.tensor([[[1.0, 2.0], [3.0, 6.0]]], dtype=torch.float64)
    assert module(x, torch.ones(1, 2, dtype=torch.bool)).tolist() == [[[2.0, 4.0], [2.0, 4.0]]]


@pytest.mark.parametrize("kind", SCORES)
def test_padding_is_not_attended_to(kind: str):
    module = attention(score=kind)
    x = torch.randn(1, 6, 4, dtype=torch.float64)
    mask = torch.tensor([[True] * 4 + [False] * 2])
    short = module(x[:, :4], mask[:, :4])
    x[:, 4:] = 1e6
    torch.testing.assert_close(module(x, mask)[:, :4], short)


@pytest.mark.parametrize(
    "changes", [{}, {"output_projection": True}, {"score": "additive"}, {"score": "general"}, {"reach": 1}]
)
@pytest.mark.parametrize("positions", [NoPositionsConfig(), RelativePositionsConfig(distance=1)])
def test_gradients_in_double_precision(changes: dict[str, object], positions: PositionsConfig):
    config = AttentionConfig.model_validate({"heads": 2, **changes})
    torch.manual_seed(0)
    module = config.build(4, positions).double()
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    mask = Sight(config)(torch.tensor([[True] * 3, [True, True, False]]), None)
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


@pytest.mark.parametrize(
    ("kind", "positions"),
    [
        *itertools.product(SCORES, [NoPositionsConfig(), RelativePositionsConfig(distance=1)]),
        *itertools.product(["dot", "general"], [RotaryPositionsConfig()]),  # turns what is multiplied
    ],
)
@pytest.mark.parametrize("restriction", RESTRICTIONS)
def test_weights_are_those_that_values_are_summed_by(
    kind: str, restriction: dict[str, object], positions: PositionsConfig
):
    config = AttentionConfig.model_validate({"heads": 2, "score": kind, **restriction, "dropout": 0.5})
    torch.manual_seed(0)
    module = config.build(4, positions).double().eval()
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    mask = Sight(config)(MASK, SENTENCES)
    with torch.no_grad():
        weights = module.weights(x, mask)
        values = module.project(x)[:, :, -4:].unflatten(2, (2, 2)).transpose(1, 2)  # (windows, heads, tokens, size)
        summed = (weights @ values).transpose(1, 2).flatten(2)
        torch.testing.assert_close(summed[MASK], module(x, mask)[MASK])
    seen = mask if mask.dim() == 3 else mask[:, None, :].expand(-1, 5, -1)
    assert weights.shape == (2, 2, 5, 5)
    assert not weights.masked_select(~seen[:, None]).any()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2, 5, dtype=torch.float64))


@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_of_weights_acts_in_training_only(kind: str, dtype: torch.dtype):
    module = attention(dropout=0.5, score=kind).to(dtype)
    x, mask = torch.randn(1, 9, 4, dtype=dtype), torch.ones(1, 9, dtype=torch.bool)
    with torch.no_grad():
        assert torch.equal(module(x, mask), module(x, mask))
        module.train()
        assert not torch.equal(module(x, mask), module(x, mask))


def test_heads_that_do_not_divide_the_size_are_refused():
    with pytest.raises(ConfigError, match=r"encoder\.dim = 6: expected a multiple of the 4 attention heads"):
        AttentionConfig(heads=4).build(6)
