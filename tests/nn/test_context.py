from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.autograd import gradcheck

from bran.encoding.batches import Batch, collate
from bran.errors import ConfigError
from bran.nn.context import PairContext, PairSlots
from tests.builders import documents, encoder, network


def context(heads: int = 2) -> PairContext:
    torch.manual_seed(0)
    return PairContext(dim=4, heads=heads, labels=2, dropout=0.0).double().eval()


def inputs(**settings: object) -> tuple[Batch, torch.Tensor, torch.Tensor, torch.Tensor]:
    """A batch, random vectors of its tokens, and those of head and tail tokens."""
    batch = collate(encoder(**settings)(documents()))
    torch.manual_seed(1)
    encoded = torch.randn(*batch.token_ids.shape, 4, dtype=torch.float64)
    heads, tails = (
        torch.stack([row[at] for row, at in zip(encoded, places, strict=True)]) for places in (batch.heads, batch.tails)
    )
    return batch, encoded, heads, tails


def slowly(module: PairContext, batch: Batch, encoded: torch.Tensor, pair: int) -> torch.Tensor:
    """Scores of one pair, one window, head and token at a time."""
    contexts, weights = [], []
    for window, table in enumerate(batch.pairs):
        places = (table == pair).nonzero().tolist()
        if not places:
            continue
        queries = [
            module.head(encoded[window, batch.heads[window, i]]) + module.tail(encoded[window, batch.tails[window, j]])
            for i, j in places
        ]
        query = torch.stack(queries).mean(0)
        key, value = module.keys_and_values(encoded[window, batch.mask[window]]).chunk(2, dim=1)
        size = 4 // module.heads
        parts = [slice(head * size, (head + 1) * size) for head in range(module.heads)]
        attended = [(key[:, part] @ query[part] / size**0.5).softmax(0) @ value[:, part] for part in parts]
        contexts.append(torch.cat(attended))
        weights.append(len(places))
    total = sum(weight * vector for weight, vector in zip(weights, contexts, strict=True)) / sum(weights)
    return module.score(total)


@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize("settings", [{}, {"window": 24, "overlap": 8}, {"mention_pairs": "nearest"}])
def test_context_equals_the_slow_one(heads: int, settings: dict[str, object]):
    module, (batch, encoded, head, tail) = context(heads), inputs(**settings)
    with torch.no_grad():
        scores = module(encoded, head, tail, batch)
        assert scores.shape == (len(batch.labels) + 1, 2)
        for pair in range(len(batch.labels)):
            torch.testing.assert_close(scores[pair], slowly(module, batch, encoded, pair))


def test_slots_by_hand():
    pairs = torch.tensor([[[4, 4, 1], [0, 1, 1]], [[4, 4, 4], [4, 2, 4]]])
    slots = PairSlots.of(pairs, 4)
    assert slots.pairs.tolist() == [[0, 1], [2, 4]]
    assert slots.heads.tolist() == [[[0, 1], [1, 2]], [[0, 1], [0, 0]]]
    assert slots.tails.tolist() == [[[1, 0, 0], [0, 1, 2]], [[0, 1, 0], [0, 0, 0]]]
    head, tail = slots.shares()
    torch.testing.assert_close(head[0, 1], torch.tensor([1 / 3, 2 / 3]))
    torch.testing.assert_close(tail[0, 1], torch.tensor([0, 1 / 3, 2 / 3]))
    means = slots.by_pair(torch.tensor([[[1.0], [2.0]], [[3.0], [9.0]]]))
    assert means[:4].tolist() == [[1.0], [2.0], [3.0], [0.0]]


def test_a_pair_in_several_windows_has_the_mean_over_its_token_pairs():
    pairs = torch.tensor([[[0, 0, 0]], [[0, 1, 1]]])
    means = PairSlots.of(pairs, 1).by_pair(torch.tensor([[[1.0]], [[5.0]]]))
    assert means[0].tolist() == [2.0]


def test_what_both_entities_look_at_counts():
    """Keys tell two tokens: the head looks at one, the tail at another; the third is looked at by both."""
    module = PairContext(dim=2, heads=1, labels=2, dropout=0.0)
    with torch.no_grad():
        for layer in (module.head, module.tail):
            layer.weight.copy_(torch.eye(2))
            layer.bias.zero_()
        module.keys_and_values.weight.copy_(torch.cat([20 * torch.eye(2), torch.eye(2)]))
        module.keys_and_values.bias.zero_()
    module.score = torch.nn.Identity()  # type: ignore[assignment]
    encoded = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [0.8, 0.8]]])
    batch = replace(
        collate(encoder()(documents()[:1])),
        mask=torch.ones(1, 3, dtype=torch.bool),
        pairs=torch.tensor([[[0]]]),
        labels=torch.zeros(1, 1),
    )
    found = module(encoded, encoded[:, :1], encoded[:, 1:2], batch)
    torch.testing.assert_close(found[0], torch.tensor([0.8, 0.8]), atol=1e-3, rtol=0)


def test_gradients_in_double_precision():
    module, (batch, encoded, head, tail) = context(), inputs(window=24, overlap=8)
    names, values = zip(*module.named_parameters(), strict=True)
    wanted = [tensor.requires_grad_() for tensor in (encoded, head.clone(), tail.clone())]

    def score(x: torch.Tensor, h: torch.Tensor, t: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(module, dict(zip(names, weights, strict=True)), (x, h, t, batch))[:-1]

    assert gradcheck(score, (*wanted, *values), fast_mode=True)


def test_padding_is_no_context():
    module, (batch, encoded, head, tail) = context(), inputs()
    changed = torch.where(batch.mask[:, :, None], encoded, torch.full_like(encoded, 1e3))
    torch.testing.assert_close(module(changed, head, tail, batch)[:-1], module(encoded, head, tail, batch)[:-1])


def test_context_reads_tokens_that_stand_elsewhere():
    net, batch = network("scorer.context=2"), collate(encoder()(documents()))
    encoded = net.encode(batch)
    used = torch.zeros_like(batch.mask).scatter_(1, batch.heads, True).scatter_(1, batch.tails, True)
    changed = torch.where(used[:, :, None], encoded, encoded + 1)
    assert not torch.allclose(net.scorer(changed, batch), net.scorer(encoded, batch), atol=1e-3)


def test_a_batch_without_a_pair_has_no_context():
    net = network("scorer.context=2")
    nothing = collate(encoder()([documents()[2].with_mentions(())]))
    assert net(nothing).shape == (0, 2)


def test_heads_that_do_not_divide_the_size_are_refused():
    with pytest.raises(ConfigError, match=r"model\.scorer\.context = 3: expected heads that divide the 8 dimensions"):
        network("scorer.context=3")
