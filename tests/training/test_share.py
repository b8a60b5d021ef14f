from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bran.training.share import Share

SHARES = st.floats(0.01, 1.0)


@given(count=st.integers(1, 40), share=SHARES, seed=st.integers(0, 5))
def test_none_comes_again_before_all_have_come(count: int, share: float, seed: int):
    draw = Share(range(count), share, seed=seed)
    epochs = -(-count // draw.size)
    seen = [draw(epoch) for epoch in range(epochs)]
    assert all(len(set(drawn)) == len(drawn) == draw.size for drawn in seen)
    assert {index for drawn in seen for index in drawn} == set(range(count))
    times = Counter(index for epoch in range(count) for index in draw(epoch))
    assert set(times.values()) == {draw.size}


@pytest.mark.parametrize(("count", "share", "size"), [(10, 0.25, 2), (10, 1.0, 10), (10, 0.01, 1), (0, 0.5, 0)])
def test_a_share_is_one_example_at_least(count: int, share: float, size: int):
    assert Share(range(count), share, seed=0).size == len(Share(range(count), share, seed=0)(3)) == size


def test_an_epoch_always_has_the_same_and_a_seed_an_order_of_its_own():
    draw = Share(range(100), 0.1, seed=3)
    assert draw(7) == Share(range(100), 0.1, seed=3)(7)
    assert draw(7) != draw(8)
    assert draw(7) != Share(range(100), 0.1, seed=4)(7)
