from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck

from bran.config import config_hash, parse_config
from bran.errors import ConfigError
from bran.nn.attention import AttentionConfig, SelfAttention
from bran.nn.embeddings import EmbeddingConfig
from bran.nn.model import ModelConfig
from bran.nn.positions import (
    LearnedPositionsConfig,
    NoPositionsConfig,
    RelativePositionsConfig,
    RotaryPositionsConfig,
    SinusoidalPositionsConfig,
)

KINDS = {
    "none": NoPositionsConfig(),
    "learned": LearnedPositionsConfig(),
    "sinusoidal": SinusoidalPositionsConfig(),
    "relative": RelativePositionsConfig(),
    "rotary": RotaryPositionsConfig(),
}


def attention(positions: RelativePositionsConfig | RotaryPositionsConfig, **settings: Any) -> SelfAttention:
    torch.manual_seed(0)
    return AttentionConfig.model_validate({"heads": 2, **settings}).build(8, positions).double().eval()


def parsed(**positions: Any) -> EmbeddingConfig:
    return parse_config(EmbeddingConfig, positions, source="test")


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_may_be_given_by_its_name(kind: str):
    assert parsed(positions=kind).positions == parsed(positions={"kind": kind}).positions == KINDS[kind]


@pytest.mark.parametrize(("before", "kind"), [(True, "learned"), (False, "none")])
def test_configs_from_before_there_were_kinds_keep_meaning_and_hash(before: bool, kind: str):
    config = parsed(positions=before)
    assert config.positions == KINDS[kind]
    assert config.model_dump(mode="json")["positions"] is before
    assert config_hash(config) == config_hash(parsed(positions={"kind": kind}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_dump_reads_back(kind: str):
    config = parsed(positions=kind)
    assert EmbeddingConfig.model_validate(config.model_dump(mode="json")) == config


def test_the_hash_tells_kinds_apart():
    assert len({config_hash(parsed(positions=kind)) for kind in KINDS}) == len(KINDS)
    assert config_hash(parsed(positions="relative")) != config_hash(
        parsed(positions={"kind": "relative", "distance": 9})
    )


def test_an_unknown_kind_is_refused():
    with pytest.raises(ConfigError, match="'waves' found using 'kind' does not match any of the expected tags: 'none'"):
        parsed(positions="waves")


@pytest.mark.parametrize("kind", ["relative", "rotary"])
def test_positions_that_act_in_attention_need_it(kind: str):
    with pytest.raises(ConfigError, match=f"embeddings.positions = {kind}: acts in attention"):
        parse_config(ModelConfig, {"embeddings": {"positions": kind}, "encoder": {"attention": None}}, source="test")


def test_rotary_positions_need_a_product_to_act_in():
    settings = {"embeddings": {"positions": "rotary"}, "encoder": {"attention": {"score": "additive"}}}
    with pytest.raises(ConfigError, match="expected a score other than additive"):
        parse_config(ModelConfig, settings, source="test")
    with pytest.raises(ConfigError, match="expected heads of an even size, not 3"):
        AttentionConfig(heads=2).build(6, RotaryPositionsConfig())


@pytest.mark.parametrize("dim", [4, 5])
def test_sinusoids_by_hand(dim: int):
    module = SinusoidalPositionsConfig().build_input(window=20, dim=dim)
    vectors = module(torch.arange(7)) * math.sqrt(dim)
    assert vectors.shape == (7, dim)
    assert vectors[3, 0].item() == pytest.approx(math.sin(3))
    assert vectors[3, 3].item() == pytest.approx(math.cos(3 / 10_000 ** (2 / dim)), abs=1e-6)
    assert module.state_dict() == {}


def test_tables_hold_every_padded_length():
    for kind in ("learned", "sinusoidal"):
        assert KINDS[kind].build_input(window=17, dim=4)(torch.arange(32)).shape == (32, 4)


def test_relative_positions_by_their_formula():
    place = RelativePositionsConfig(distance=2).build_attention(size=3).double()
    query = torch.randn(2, 2, 6, 3, dtype=torch.float64)
    _, _, offsets = place(query, query)
    for i in range(6):
        for j in range(6):
            vector = place.vectors[max(-2, min(2, j - i)) + 2]
            torch.testing.assert_close(offsets[:, :, i, j], query[:, :, i] @ vector / math.sqrt(3))


def test_rotary_positions_by_hand():
    place = RotaryPositionsConfig().build_attention(size=4)
    x = torch.tensor([1.0, 0.0, 0.0, 2.0], dtype=torch.float64).expand(1, 1, 3, 4)
    turned, _, offsets = place(x, x)
    expected = [math.cos(2), math.sin(2), -2 * math.sin(2 / 100), 2 * math.cos(2 / 100)]
    assert turned[0, 0, 2].tolist() == pytest.approx(expected)
    assert torch.equal(turned[0, 0, 0], x[0, 0, 0])
    assert offsets is None


def test_rotary_positions_keep_lengths_and_products_of_equal_distance():
    place = RotaryPositionsConfig().build_attention(size=6)
    query, key = (torch.randn(6, dtype=torch.float64).expand(1, 1, 9, 6) for _ in range(2))
    turned, other, _ = place(query, key)
    torch.testing.assert_close(turned.norm(dim=3), query.norm(dim=3))
    products = (turned @ other.transpose(2, 3))[0, 0]
    for apart in range(-8, 9):
        diagonal = products.diagonal(apart)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))
    assert not torch.allclose(products[0], products[0, :1])


@settings(max_examples=20, deadline=None)
@given(
    kind=st.sampled_from(["relative", "rotary"]),
    score=st.sampled_from(["dot", "general", "additive"]),
    before=st.integers(0, 6),
    after=st.integers(0, 4),
)
def test_what_acts_in_attention_knows_distances_alone(kind: str, score: str, before: int, after: int):
    if (kind, score) == ("rotary", "additive"):
        return
    module = attention(KINDS[kind], score=score)
    x = torch.randn(2, 5, 8, dtype=torch.float64)
    alone = module(x, torch.ones(2, 5, dtype=torch.bool))
    elsewhere = torch.nn.functional.pad(x, (0, 0, before, after), value=3.0)
    mask = torch.zeros(2, before + 5 + after, dtype=torch.bool)
    mask[:, before : before + 5] = True
    torch.testing.assert_close(module(elsewhere, mask)[:, before : before + 5], alone)


@pytest.mark.parametrize("kind", ["relative", "rotary"])
@pytest.mark.parametrize("score", ["dot", "general"])
def test_the_order_of_tokens_counts(kind: str, score: str):
    module, x = attention(KINDS[kind], score=score), torch.randn(1, 5, 8, dtype=torch.float64)
    mask = torch.ones(1, 5, dtype=torch.bool)
    assert not torch.allclose(module(x.flip(1), mask).flip(1), module(x, mask))
    plain = attention(NoPositionsConfig(), score=score)
    torch.testing.assert_close(plain(x.flip(1), mask).flip(1), plain(x, mask))


@pytest.mark.parametrize("kind", ["relative", "rotary"])
def test_gradients_in_double_precision(kind: str):
    place = KINDS[kind].build_attention(size=4).double()
    query, key = (torch.randn(1, 2, 4, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    names = [name for name, _ in place.named_parameters()]

    def placed(query: Tensor, key: Tensor, *weights: Tensor) -> list[Tensor]:
        results = torch.func.functional_call(place, dict(zip(names, weights, strict=True)), (query, key))
        return [result for result in results if result is not None]

    assert gradcheck(placed, (query, key, *place.parameters()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("kind", ["relative", "rotary"])
def test_low_precision_stays_close(kind: str, dtype: torch.dtype):
    module, x = attention(KINDS[kind]), torch.randn(2, 7, 8, dtype=torch.float64)
    mask = torch.tensor([[True] * 7, [True] * 4 + [False] * 3])
    exact = module(x, mask)
    rough = module.to(dtype)(x.to(dtype), mask)
    torch.testing.assert_close(rough.double()[mask], exact[mask], atol=0.03, rtol=0.03)
