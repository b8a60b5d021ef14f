"""Calls leave no faster than they may."""

from __future__ import annotations

import pytest

from bran.workflows.fetching.pace import Pace
from tests.workflows.fetching.conftest import FakeClock


@pytest.mark.parametrize("per_second", [3, 10])
def test_no_second_sees_more_calls_than_it_may(clock: FakeClock, per_second: int) -> None:
    pace = Pace(per_second, clock=clock, sleep=clock.sleep)
    calls = []
    for number in range(40):
        pace.wait()
        calls.append(clock())
        clock.now += 0.2 if number % 7 == 0 else 0.0  # some answers take their time
    assert max(sum(start <= call <= start + 1 for call in calls) for start in calls) <= per_second
    assert calls[-1] - calls[0] < 40 / per_second * 1.3


def test_a_slow_caller_is_not_held_back(clock: FakeClock) -> None:
    pace = Pace(3, clock=clock, sleep=clock.sleep)
    for _ in range(3):
        pace.wait()
        clock.now += 2.0
    assert clock.slept == []
