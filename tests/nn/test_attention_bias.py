from __future__ import annotations

import itertools

import pytest
import torch
from torch.autograd import gradcheck

from bran.errors import ConfigError
from bran.nn.attention import AttentionConfig
from bran.nn.attention_bias import BUCKETS, AttentionBias, BiasKind, distance_bucket
from bran.nn.encoder import Encoder, EncoderConfig

MASK = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
SENTENCES = torch.tensor([[0, 0, 1, 2, 3], [4, 4, 5, 0, 0]])


def bias(*kinds: BiasKind, heads: int = 2) -> AttentionBias:
    """Learned scores, as they may be after training."""
    torch.manual_seed(0)
    made = AttentionBias(kinds, heads=heads).double()
    for weight in made.parameters():
        torch.nn.init.normal_(weight)
    return made


def test_buckets_by_hand():
    # Eight distances of their own, then steps by a factor of 16^(1/8) = 1.41 up to 128.
    apart = torch.tensor([0, 1, 7, 8, 11, 12, 16, 22, 23, 127, 128, 10_000])
    before = [0, 1, 7, 8, 8, 9, 10, 10, 11, 15, 15, 15]
    assert distance_bucket(-apart).tolist() == before
    assert distance_bucket(apart).tolist() == [0, *(number + 16 for number in before[1:])]
    everything = distance_bucket(torch.arange(-200, 200))
    assert sorted(set(everything.tolist())) == [number for number in range(BUCKETS) if number != 16]


def test_a_query_has_the_score_of_its_distance():
    made = bias("distance")
    table = made.kinds["distance"].table.weight
    scores = made(MASK, None)
    assert scores.shape == (2, 2, 5, 5)
    torch.testing.assert_close(scores[0, 1, 3, 1], table[2, 1])  # two tokens before
    torch.testing.assert_close(scores[1, 0, 0, 4], table[20, 0])  # four tokens after
    assert torch.equal(scores[0], scores[1])


def test_a_query_has_the_score_of_its_sentence():
    made = bias("sentence")
    same, following, before, other = made.kinds["sentence"].table.weight
    scores = made(MASK, SENTENCES)[0].permute(1, 2, 0)  # (query, key, heads)
    for i, j in itertools.product(range(5), repeat=2):
        apart = int(SENTENCES[0, j] - SENTENCES[0, i])
        assert torch.equal(scores[i, j], {0: same, 1: following, -1: before}.get(apart, other))


def test_kinds_are_summed():
    both = bias("distance", "sentence")
    parts = [kind(MASK, SENTENCES) for kind in both.kinds.values()]
    torch.testing.assert_close(both(MASK, SENTENCES), parts[0] + parts[1])


def test_gradients_in_double_precision():
    made = bias("distance", "sentence")
    names, weights = zip(*made.named_parameters(), strict=True)

    def scores(*values: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(made, dict(zip(names, values, strict=True)), (MASK, SENTENCES))

    assert gradcheck(scores, weights, fast_mode=True)


def encoder(*kinds: BiasKind, **settings: object) -> Encoder:
    torch.manual_seed(0)
    attention = AttentionConfig.model_validate({"heads": 2, "bias": kinds, **settings})
    return EncoderConfig(dim=8, blocks=2, dropout=0.0, attention=attention).build().eval()


@pytest.mark.parametrize("score", ["dot", "general", "additive"])
def test_an_encoder_starts_without_and_then_differs(score: str):
    x = torch.randn(2, 5, 8)
    plain, biased = encoder(score=score), encoder("distance", "sentence", score=score)
    biased.load_state_dict(plain.state_dict(), strict=False)
    torch.testing.assert_close(biased(x, MASK, SENTENCES)[MASK], plain(x, MASK)[MASK], atol=1e-5, rtol=1e-5)
    for weight in biased.bias.parameters():
        torch.nn.init.normal_(weight)
    assert not torch.allclose(biased(x, MASK, SENTENCES)[MASK], plain(x, MASK)[MASK], atol=1e-2)


def test_an_endless_score_is_all_that_is_seen():
    made = encoder("sentence")
    with torch.no_grad():
        made.bias.kinds["sentence"].table.weight[0] = 100
    x = torch.randn(1, 5, 8)
    within = encoder(within_sentences=True)
    within.load_state_dict({name: weight for name, weight in made.state_dict().items() if "bias." not in name})
    expected = within(x, MASK[:1], SENTENCES[:1])
    torch.testing.assert_close(made(x, MASK[:1], SENTENCES[:1]), expected, atol=1e-5, rtol=1e-5)


def test_padding_is_not_seen_whatever_its_score():
    made = encoder("distance")
    torch.nn.init.normal_(made.bias.kinds["distance"].table.weight, std=5)
    x = torch.randn(2, 5, 8)
    torch.testing.assert_close(made(x, MASK)[1, :3], made(x[1:, :3], MASK[1:, :3])[0], atol=1e-5, rtol=1e-5)


def test_sentences_that_are_needed_and_not_given_are_asked_for():
    with pytest.raises(ConfigError, match=r"attention\.bias = sentence: this network is not told of sentences"):
        encoder("sentence")(torch.randn(2, 5, 8), MASK)


def test_without_attention_there_is_no_bias():
    assert EncoderConfig(dim=8, attention=None).build().bias is None
    assert not [name for name in encoder().state_dict() if "bias." in name]
