from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from bran.encoding.batches import Batch, collate
from bran.nn.scorer import Biaffine, PairScorer, ScorerConfig
from tests.builders import documents, encoder


def scorer(**settings: object) -> PairScorer:
    """A scorer of two labels over vectors of 4."""
    torch.manual_seed(1)
    config = ScorerConfig.model_validate({"dropout": 0.0, **settings})
    return config.build(dim=4, labels=2).double().eval()


def batch() -> Batch:
    return collate(encoder()(documents()[:2]))


def test_biaffine_by_hand():
    biaffine = Biaffine(2, 2)
    with torch.no_grad():
        biaffine.weight[:, 0] = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
        biaffine.weight[:, 1] = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, -2.0]])
    heads = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])
    tails = torch.tensor([[[1.0, 1.0], [0.0, -1.0], [3.0, 0.0]]])
    # Label 0, head [1, 0, 1]: [1, 0, 1] L = [8, 10, 12]; head [0, 2, 1]: [15, 18, 21].
    # With tails [1, 1, 1], [0, -1, 1] and [3, 0, 1]: 30, 2, 36 and 54, 3, 66.
    # Label 1 is head_0 * tail_1 - 2.
    expected = [[[30.0, -1.0], [2.0, -3.0], [36.0, -2.0]], [[54.0, -2.0], [3.0, -2.0], [66.0, -2.0]]]
    assert biaffine(heads, tails).tolist() == [expected]


def test_biaffine_equals_the_formula():
    torch.manual_seed(0)
    biaffine = Biaffine(3, 4).double()
    heads, tails = torch.randn(2, 5, 3, dtype=torch.float64), torch.randn(2, 6, 3, dtype=torch.float64)
    one = torch.ones(2, 6, 1, dtype=torch.float64)
    expected = torch.einsum(
        "whi,ilj,wtj->whtl", torch.cat([heads, one[:, :5]], 2), biaffine.weight, torch.cat([tails, one], 2)
    )
    torch.testing.assert_close(biaffine(heads, tails), expected)


def test_biaffine_gradients_in_double_precision():
    torch.manual_seed(0)
    biaffine = Biaffine(3, 2).double()
    heads = torch.randn(2, 2, 3, dtype=torch.float64, requires_grad=True)
    tails = torch.randn(2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert gradcheck(
        lambda h, t, w: torch.func.functional_call(biaffine, {"weight": w}, (h, t)), (heads, tails, biaffine.weight)
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"dim": 3},
        {"layouts": True},
        {"pooling": {"kind": "max"}},
        {"pooling": {"kind": "mean"}},
        {"pooling": {"kind": "attention"}},
        {"pooling": {"kind": "attention"}, "layouts": True},
    ],
)
def test_scorer_gradients_in_double_precision(settings: dict[str, object]):
    module, inputs = scorer(**settings), batch()
    torch.manual_seed(0)
    encoded = torch.randn(*inputs.token_ids.shape, 4, dtype=torch.float64, requires_grad=True)
    names, values = zip(*module.named_parameters(), strict=True)

    def score(x: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(module, dict(zip(names, weights, strict=True)), (x, inputs))

    assert gradcheck(score, (encoded, *values), fast_mode=True)


def test_structure_gradients_reach_every_weight():
    module, inputs = scorer(structure=3).float(), batch()
    module(torch.randn(*inputs.token_ids.shape, 4), inputs).sum().backward()
    assert module.structure is not None
    assert all(weight.grad is not None and weight.grad.any() for weight in module.structure.parameters())


def test_token_pairs_are_those_of_the_positions():
    module, inputs = scorer(), batch()
    encoded = torch.randn(*inputs.token_ids.shape, 4, dtype=torch.float64)
    values = module.token_pairs(encoded, inputs)
    assert values.shape == (*inputs.pairs.shape, 2)
    head, tail = encoded[1, inputs.heads[1, 2]], encoded[1, inputs.tails[1, 3]]
    alone = module.biaffine(module.head(head)[None, None], module.tail(tail)[None, None])
    torch.testing.assert_close(values[1, 2, 3], alone[0, 0, 0])


def test_attention_over_token_pairs_has_a_score_of_its_own():
    module, inputs = scorer(pooling={"kind": "attention"}), batch()
    encoded = torch.randn(*inputs.token_ids.shape, 4, dtype=torch.float64)
    values = module.token_pairs(encoded, inputs)
    assert values.shape == (*inputs.pairs.shape, 3)
    assert module(encoded, inputs).shape == (len(inputs.labels), 2)
    chosen = values[inputs.pairs == 0]
    expected = (chosen[:, 2:].softmax(0) * chosen[:, :2]).sum(0)
    torch.testing.assert_close(module(encoded, inputs)[0], expected)


def test_what_stands_elsewhere_changes_no_score():
    module, inputs = scorer(), batch()
    encoded = torch.randn(*inputs.token_ids.shape, 4, dtype=torch.float64)
    before = module(encoded, inputs)
    used = torch.zeros_like(inputs.mask).scatter_(1, inputs.heads, True).scatter_(1, inputs.tails, True)
    changed = torch.where(used[:, :, None], encoded, torch.full_like(encoded, 1e3))
    assert torch.equal(module(changed, inputs), before)


def test_low_precision_is_pooled_in_32_bits():
    module, inputs = scorer().to(torch.bfloat16), batch()
    logits = module(torch.randn(*inputs.token_ids.shape, 4, dtype=torch.bfloat16), inputs)
    assert logits.dtype == torch.float32


def test_dropout_acts_in_training_only():
    module, inputs = scorer(dropout=0.5), batch()
    encoded = torch.randn(*inputs.token_ids.shape, 4, dtype=torch.float64)
    assert torch.equal(module(encoded, inputs), module(encoded, inputs))
    module.train()
    assert not torch.equal(module(encoded, inputs), module(encoded, inputs))
