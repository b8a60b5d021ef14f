from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from bran.config import parse_config
from bran.encoding.skip_gram import SkipGram, SkipGramConfig, _loss
from bran.encoding.subwords import PAD_ID, UNK_ID, Floats, Ints
from bran.errors import ConfigError

# Texts are of subwords 2 to 4, or of 5 to 7; 8 is never seen.
_GENERATOR = np.random.default_rng(0)
TEXTS = [_GENERATOR.integers(low, low + 3, 6) for _ in range(60) for low in (2, 5)]


def method(**changes: Any) -> SkipGram:
    how: dict[str, Any] = {"epochs": 20, "batch": 64, "subsample": 1.0, "learning_rate": 0.02, **changes}
    seed = how.pop("seed", 0)
    config = parse_config(SkipGramConfig, how, source="skip_gram")
    return SkipGram(config, vocabulary=9, dim=4, window=1, smoothing=0.75, seed=seed)


def likeness(vectors: Floats, first: int, second: int) -> float:
    left, right = vectors[first], vectors[second]
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


def test_subwords_of_the_same_contexts_get_vectors_that_are_alike() -> None:
    vectors = method().learn(TEXTS)
    assert vectors.shape == (9, 4)
    assert vectors.dtype == np.float32
    assert likeness(vectors, 2, 3) > 0.9
    assert likeness(vectors, 6, 7) > 0.9
    assert likeness(vectors, 4, 5) < 0.3


def test_what_is_never_seen_has_no_vector() -> None:
    vectors = method(epochs=1).learn([np.array([2, UNK_ID, 3, 2, PAD_ID])])
    assert not vectors[[PAD_ID, UNK_ID, 4, 8]].any()
    assert vectors[[2, 3]].any(1).all()


def test_the_seed_decides_the_vectors() -> None:
    first, again, other = (method(epochs=2, seed=seed).learn(TEXTS) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_the_loss_by_hand_and_its_gradient() -> None:
    centres = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64, requires_grad=True)
    contexts = torch.tensor([[3.0, 1.0], [-1.0, 0.5]], dtype=torch.float64, requires_grad=True)
    pairs, negatives = torch.tensor([[0, 0], [1, 1]]), torch.tensor([[1, 1], [0, 0]])

    def surprise(score: float) -> float:
        return math.log1p(math.exp(-score))

    expected = (surprise(3) + 2 * surprise(1) + surprise(1) + 2 * surprise(-2)) / 2
    assert _loss(centres, contexts, pairs, negatives).item() == pytest.approx(expected)
    assert torch.autograd.gradcheck(lambda *tables: _loss(*tables, pairs, negatives), (centres, contexts))


def pairs_of(texts: list[Ints], *, window: int, keep: float = 1.0) -> list[tuple[int, int]]:
    skip_gram = SkipGram(SkipGramConfig(), vocabulary=9, dim=4, window=window, smoothing=0.75, seed=0)
    kept = np.full(9, keep)
    return sorted(map(tuple, skip_gram._pairs(texts, kept, np.random.default_rng(0)).tolist()))


def test_pairs_stay_within_their_text_and_know_no_unknown() -> None:
    found = pairs_of([np.array([2, 3]), np.array([4, UNK_ID, 5])], window=1)
    assert found == [(2, 3), (3, 2)]
    assert set(pairs_of([np.array([2, 3]), np.array([4, 5])] * 9, window=3)) == {(2, 3), (3, 2), (4, 5), (5, 4)}


def test_far_contexts_are_looked_at_less_often() -> None:
    found = pairs_of([np.array([2, 3, 4])] * 2000, window=2)
    assert found.count((2, 3)) == 2000
    assert found.count((2, 4)) == pytest.approx(1000, abs=100)


def test_frequent_subwords_are_passed_over() -> None:
    text = [np.array([2] * 90 + [3] * 10)]
    skip_gram = method(subsample=0.1)
    batches = [pairs for pairs, _ in skip_gram._batches(text * 50, np.bincount(text[0], minlength=9) * 50.0)]
    centres = torch.cat(batches)[:, 0]
    # kept: sqrt(0.1 / 0.9) of the one, all of the other
    expected = 90 * math.sqrt(0.1 / 0.9) / (90 * math.sqrt(0.1 / 0.9) + 10)
    assert (centres == 2).float().mean().item() == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("change", ["epochs", "negatives", "subsample", "batch", "learning_rate"])
def test_settings_that_do_not_hold(change: str) -> None:
    with pytest.raises(ConfigError, match=f"{change} = 0: Input should be greater"):
        method(**{change: 0})
