"""A command and all its processes, watched from outside: time, processor time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_TICK, _SAMPLE = 0.02, 0.5
"""Seconds between looks at what is waited for, and at memory, which takes the kernel a while to tell."""
_PROC = Path("/proc")
_CLOCK = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Observation:
    """What a command took.

    Attributes:
        seconds: from its start to its end.
        cpu_seconds: of all its processes.
        first: seconds until what was waited for was there; those to the end, if it never was.
        busy: processor time over time from ``first`` on, in cores.
        memory: (seconds, MiB) as time went on; memory that processes share counts once (the sum of their PSS).
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    first: float = 0.0
    busy: float = 0.0
    memory: list[tuple[float, float]] = field(default_factory=list)

    @property
    def peak(self) -> float:
        """The most memory, MiB."""
        return max((held for _, held in self.memory), default=0.0)


def observe(arguments: Sequence[str], ready: Callable[[], bool] = lambda: True) -> Observation:
    """Run ``bran`` with ``arguments``.

    Args:
        arguments: of the command.
        ready: whether what is waited for is there.

    Raises:
        subprocess.CalledProcessError: when the command fails.
    """
    command = [sys.executable, "-m", "bran", *arguments]
    began, found, processes = time.perf_counter(), Observation(), _Processes()
    # A session of its own: all processes of the command are told by it, whoever their parents are.
    running = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    next_sample, cpu_at_first = 0.0, 0.0
    while running.poll() is None:
        now = time.perf_counter() - began
        if not found.first and ready():
            found.first, cpu_at_first = now, processes.sample(running.pid)[0]
        if now >= next_sample:
            found.cpu_seconds, held = processes.sample(running.pid)
            found.memory.append((now, held))
            next_sample = now + _SAMPLE
        time.sleep(_TICK)
    found.seconds = time.perf_counter() - began
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
    found.first = found.first or found.seconds
    found.busy = (found.cpu_seconds - cpu_at_first) / max(found.memory[-1][0] - found.first, _TICK)
    return found


class _Processes:
    """The processes of a session; the time of those that have ended still counts."""

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}

    def sample(self, session: int) -> tuple[float, float]:
        """Processor seconds and MiB of all of them."""
        held = 0.0
        for folder in _PROC.iterdir():
            if folder.name.isdigit():
                with suppress(OSError):  # it has ended meanwhile
                    # The name of the command, in brackets, may hold blanks; the numbers come after it.
                    values = (folder / "stat").read_text().rpartition(")")[2].split()
                    if int(values[3]) == session:
                        self._seconds[int(folder.name)] = (int(values[11]) + int(values[12])) / _CLOCK
                        held += _proportional(folder)
        return sum(self._seconds.values()), held


def _proportional(folder: Path) -> float:
    """MiB that a process holds, with its part of what it shares."""
    for line in (folder / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0
