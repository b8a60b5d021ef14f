from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor
from torch.autograd import gradcheck

from bran.errors import ConfigError
from bran.nn.encoder import Encoder, EncoderConfig

MASK = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])


def encoder(**settings: object) -> Encoder:
    torch.manual_seed(0)
    config = {"dim": 4, "blocks": 2, "dropout": 0.0, "attention": {"heads": 2}, **settings}
    config.setdefault("feed_forward", {"kind": "convolution", "expansion": 1, "dropout": 0.0})
    return EncoderConfig.model_validate(config).build().double().eval()


def inputs() -> Tensor:
    torch.manual_seed(1)
    return torch.randn(2, 5, 4, dtype=torch.float64)


def test_post_norm_by_its_formula():
    module, x = encoder(blocks=1), inputs()
    attention, feed_forward = module.layers
    hidden = attention.norm(x + attention.layer(x, MASK))
    expected = feed_forward.norm(hidden + feed_forward.layer(hidden, MASK))
    assert torch.equal(module(x, MASK), expected)


def test_pre_norm_by_its_formula():
    module, x = encoder(blocks=1, norm="pre"), inputs()
    attention, feed_forward = module.layers
    hidden = x + attention.layer(attention.norm(x), MASK)
    expected = module.norm(hidden + feed_forward.layer(feed_forward.norm(hidden), MASK))
    assert torch.equal(module(x, MASK), expected)


def test_without_residuals_by_the_formula():
    module, x = encoder(blocks=1, residual="none"), inputs()
    attention, feed_forward = module.layers
    hidden = attention.norm(attention.layer(x, MASK))
    assert torch.equal(module(x, MASK), feed_forward.norm(feed_forward.layer(hidden, MASK)))


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_a_residual_around_attention_alone_by_the_formula(norm: str):
    module, x = encoder(blocks=1, residual="attention", norm=norm), inputs()
    attention, feed_forward = module.layers
    if norm == "post":
        hidden = attention.norm(x + attention.layer(x, MASK))
        expected = feed_forward.norm(feed_forward.layer(hidden, MASK))
    else:
        hidden = x + attention.layer(attention.norm(x), MASK)
        expected = module.norm(feed_forward.layer(feed_forward.norm(hidden), MASK))
    assert torch.equal(module(x, MASK), expected)


@pytest.mark.parametrize("residual", ["attention", "none"])
def test_a_config_through_which_nothing_comes_is_refused(residual: str):
    with pytest.raises(ValidationError, match=f"residual = {residual}: nothing comes through"):
        encoder(residual=residual, feed_forward={"kind": "none"})


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_outputs_are_normalised(norm: str):
    encoded = encoder(norm=norm)(inputs(), MASK)
    torch.testing.assert_close(encoded.mean(2), torch.zeros(2, 5, dtype=torch.float64), atol=1e-6, rtol=0)
    torch.testing.assert_close(encoded.var(2, correction=0), torch.ones(2, 5, dtype=torch.float64), atol=1e-3, rtol=0)


def test_without_blocks_the_input_comes_out():
    x = inputs()
    assert torch.equal(encoder(blocks=0)(x, MASK), x)


@pytest.mark.parametrize(
    ("settings", "layers"),
    [
        ({}, 4),
        ({"blocks": 3}, 6),
        ({"attention": None}, 2),
        ({"feed_forward": {"kind": "none"}}, 4),
        ({"attention": None, "blocks": 0}, 0),
    ],
)
def test_the_config_says_which_layers_there_are(settings: dict[str, object], layers: int):
    assert len(encoder(**settings).layers) == layers


def test_only_convolutions_see_only_their_neighbours():
    # Two blocks of widths 1, 5, 1 reach two subwords each to either side.
    module = encoder(attention=None)
    torch.manual_seed(1)
    x, mask = torch.randn(1, 12, 4, dtype=torch.float64), torch.ones(1, 12, dtype=torch.bool)
    changed = x.clone()
    changed[0, 0] += 1
    moved = (module(x, mask) != module(changed, mask)).any(2)[0]
    assert moved.tolist() == [True] * 5 + [False] * 7


def test_attention_sees_every_token():
    x, mask = torch.randn(1, 12, 4, dtype=torch.float64), torch.ones(1, 12, dtype=torch.bool)
    changed = x.clone()
    changed[0, 0] += 1
    assert (encoder()(x, mask) != encoder()(changed, mask)).any(2).all()


def sees(module: Encoder, changed: int, *, sentences: Tensor | None = None) -> list[bool]:
    """Which of twelve tokens notice that one of them has ``changed``."""
    x, mask = torch.randn(1, 12, 4, dtype=torch.float64), torch.ones(1, 12, dtype=torch.bool)
    other = x.clone()
    other[0, changed] += 1
    return (module(x, mask, sentences) != module(other, mask, sentences)).any(2)[0].tolist()


def test_two_blocks_reach_twice_as_far_as_one():
    restricted = {"attention": {"heads": 2, "reach": 2}, "feed_forward": {"kind": "none"}}
    assert sees(encoder(blocks=1, **restricted), 0) == [True] * 3 + [False] * 9
    assert sees(encoder(blocks=2, **restricted), 0) == [True] * 5 + [False] * 7


@pytest.mark.parametrize("score", ["dot", "additive", "general"])
def test_attention_within_sentences_ends_with_them(score: str):
    attention = {"heads": 2, "within_sentences": True, "score": score}
    module = encoder(attention=attention, feed_forward={"kind": "none"})
    sentences = torch.tensor([[0] * 4 + [1] * 3 + [2] * 5])
    assert sees(module, 5, sentences=sentences) == [False] * 4 + [True] * 3 + [False] * 5


def test_sentences_that_are_needed_and_not_given_are_asked_for():
    with pytest.raises(ConfigError, match="this network is not told of sentences"):
        encoder(attention={"heads": 2, "within_sentences": True})(inputs(), MASK)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"norm": "pre"},
        {"residual": "none"},
        {"feed_forward": {"kind": "none"}},
        {"feed_forward": {"kind": "gated"}},
        {"feed_forward": {"kind": "lstm"}},
        {"attention": None},
        {"attention": {"heads": 2, "reach": 1}},
        {"attention": {"heads": 2, "score": "additive"}},
        {"attention": {"heads": 2, "score": "general"}},
    ],
)
def test_padding_changes_nothing(settings: dict[str, object]):
    module, x = encoder(**settings), inputs()
    short = module(x[1:, :3], MASK[1:, :3])
    x[1, 3:] = 1e3
    torch.testing.assert_close(module(x, MASK)[1, :3], short[0])


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_gradients_in_double_precision(norm: str):
    module = encoder(norm=norm)
    names, values = zip(*module.named_parameters(), strict=True)

    def encode(x: Tensor, *weights: Tensor) -> Tensor:
        # Vectors at padding mean nothing.
        return torch.func.functional_call(module, dict(zip(names, weights, strict=True)), (x, MASK))[MASK]

    assert gradcheck(encode, (inputs().requires_grad_(), *values), fast_mode=True)


def test_dropout_acts_in_training_only():
    module, x = encoder(dropout=0.5), inputs()
    assert torch.equal(module(x, MASK), module(x, MASK))
    module.train()
    assert not torch.equal(module(x, MASK), module(x, MASK))
