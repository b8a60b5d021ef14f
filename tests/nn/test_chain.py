from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bran.nn.chain import TagChain

TYPES = 2
TAGS = 2 * TYPES + 1


def chain(seed: int = 0) -> TagChain:
    made = TagChain(TYPES).double()
    torch.manual_seed(seed)
    torch.nn.init.normal_(made.transitions)
    return made


def is_bio(tags: tuple[int, ...]) -> bool:
    return all(
        tag == 0 or tag % 2 == 1 or before in (tag, tag - 1) for before, tag in zip((0, *tags), tags, strict=False)
    )


def score(made: TagChain, emissions: Tensor, tags: tuple[int, ...]) -> Tensor:
    total = emissions[range(len(tags)), list(tags)].sum()
    return total + sum(made.transitions[a, b] for a, b in itertools.pairwise(tags))


def taggings(length: int) -> list[tuple[int, ...]]:
    return [tags for tags in itertools.product(range(TAGS), repeat=length) if is_bio(tags)]


@settings(max_examples=20, deadline=None)
@given(length=st.integers(1, 4), padding=st.integers(0, 3), seed=st.integers(0, 99))
def test_the_partition_is_the_sum_over_all_taggings_that_bio_allows(length: int, padding: int, seed: int):
    made, emissions = chain(seed), torch.randn(1, length + padding, TAGS, dtype=torch.double)
    mask = (torch.arange(length + padding) < length)[None]
    expected = torch.stack([score(made, emissions[0], tags) for tags in taggings(length)]).logsumexp(0)
    torch.testing.assert_close(made.log_partition(emissions, mask)[0], expected)


@settings(max_examples=20, deadline=None)
@given(length=st.integers(1, 4), padding=st.integers(0, 3), seed=st.integers(0, 99))
def test_decoding_finds_the_best_tagging(length: int, padding: int, seed: int):
    made, emissions = chain(seed), torch.randn(1, length + padding, TAGS, dtype=torch.double)
    mask = (torch.arange(length + padding) < length)[None]
    best = max(taggings(length), key=lambda tags: score(made, emissions[0], tags).item())
    assert made.decode(emissions, mask)[0].tolist() == [*best, *[0] * padding]


def test_the_loss_is_minus_the_log_probability_of_what_is_allowed():
    made, emissions = chain(), torch.randn(1, 3, TAGS, dtype=torch.double)
    allowed = torch.zeros(1, 3, TAGS, dtype=torch.bool)
    allowed[0, 0, 1] = allowed[0, 1, [0, 2]] = allowed[0, 2, :] = True
    scores = {tags: score(made, emissions[0], tags) for tags in taggings(3)}
    kept = [value for tags, value in scores.items() if all(allowed[0, i, tag] for i, tag in enumerate(tags))]
    expected = torch.stack([*scores.values()]).logsumexp(0) - torch.stack(kept).logsumexp(0)
    losses = made.losses(emissions, torch.ones(1, 3, dtype=torch.bool), allowed)
    torch.testing.assert_close(losses[0], expected)


def test_what_says_nothing_costs_nothing():
    made, emissions = chain(), torch.randn(2, 5, TAGS, dtype=torch.double)
    mask = torch.tensor([[True] * 5, [True] * 2 + [False] * 3])
    losses = made.losses(emissions, mask, torch.ones(2, 5, TAGS, dtype=torch.bool))
    torch.testing.assert_close(losses, torch.zeros(2, dtype=torch.double))


def test_an_inside_tag_never_opens_or_changes_a_mention():
    made = TagChain(TYPES)
    emissions = torch.zeros(1, 4, TAGS)
    emissions[0, :, 2] = 5.0  # every token cries I-0
    emissions[0, 2, 4] = 9.0
    tags = tuple(made.decode(emissions, torch.ones(1, 4, dtype=torch.bool))[0].tolist())
    assert is_bio(tags)
    assert tags[0] == 1


def test_gradients_are_those_of_finite_differences():
    made = chain()
    mask = torch.tensor([[True] * 4, [True] * 3 + [False]])
    allowed = torch.rand(2, 4, TAGS) > 0.4
    allowed[:, :, 0] = True
    emissions = torch.randn(2, 4, TAGS, dtype=torch.double, requires_grad=True)

    def losses(values: Tensor, transitions: Tensor) -> Tensor:
        made.transitions = torch.nn.Parameter(transitions)
        del made.transitions
        made.transitions = transitions  # type: ignore[assignment]
        return made.losses(values, mask, allowed)

    transitions = made.transitions.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(losses, (emissions, transitions))


@pytest.mark.parametrize("types", [1, 3])
def test_any_number_of_types(types: int):
    made = TagChain(types)
    emissions = torch.randn(2, 6, made.tags)
    tags = made.decode(emissions, torch.ones(2, 6, dtype=torch.bool))
    assert tags.shape == (2, 6)
    assert int(tags.max()) <= 2 * types
