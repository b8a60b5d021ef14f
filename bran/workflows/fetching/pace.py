"""No more requests in a second than a server allows."""

from __future__ import annotations

import time
from collections.abc import Callable

_MARGIN = 1.05
"""Requests that leave evenly arrive less evenly."""


class Pace:
    """Holds a caller back so that its calls lie at least ``1 / per_second`` seconds apart.

    Args:
        per_second: calls that a second may see.
        clock: seconds of a clock that never goes back.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = _MARGIN / per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def wait(self) -> None:
        """Return when the next call may be made."""
        ahead = self._next - self._clock()
        if ahead > 0:
            self._sleep(ahead)
        self._next = self._clock() + self._interval
