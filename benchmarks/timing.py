"""Timing on a machine that is never quite idle: measures take turns, and their medians are compared."""

from __future__ import annotations

import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

Clock = Callable[[], float]
"""Seconds since some moment."""
Measure = Callable[[Clock], Mapping[str, float]]
"""Does its work once and says what took how long, in seconds by name."""

CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}
"""``cpu`` counts the time of this process alone: on one thread, the wall time of a machine that does nothing else."""

Result = TypeVar("Result")


def timed(clock: Clock, call: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds that ``call`` takes, and its result."""
    begin = clock()
    result = call()
    return clock() - begin, result


def in_turns(measures: Sequence[Measure], *, rounds: int, clock: Clock) -> dict[str, float]:
    """Median seconds by name; the measures run one after the other in each round.

    What disturbs the machine for a while so disturbs all of them. A first round is not counted.
    """
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        gc.collect()  # not while something is timed
        for measure in measures:
            for name, value in measure(clock).items():
                if number:
                    seconds[name].append(value)
    return {name: statistics.median(values) for name, values in seconds.items()}
