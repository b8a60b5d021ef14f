"""A stand-in for the server, and a clock that only moves when somebody sleeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.eutils import StandIn, stand_in


class FakeClock:
    """Seconds; ``sleep`` lets them pass at once."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as started:
        yield started
