"""What one run over a corpus was, and what many of them say together."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

PUBMED, CORES = 36_000_000, 16
"""Abstracts of PubMed, and cores of the machine that the estimate is for."""
_MEASURES = "measures.jsonl"


@dataclass(frozen=True, slots=True)
class Measure:
    """One run of a command.

    Attributes:
        part: ``annotated``, ``raw``, ``export``, ``start`` or ``bert``.
        model: its name; of an export, the format.
        workers: processes; 1 for what has no workers.
        size: abstracts.
        seconds: from start to end.
        cpu_seconds: of all processes.
        first: seconds to the first row.
        busy: cores in use after that.
        peak: the most memory, MiB.
        memory: (seconds, MiB) as time went on.
    """

    part: str
    model: str
    workers: int
    size: int
    seconds: float
    cpu_seconds: float
    first: float
    busy: float
    peak: float
    memory: list[tuple[float, float]]

    @property
    def name(self) -> str:
        """What it is called in tables and plots."""
        return f"{self.part}, {self.model}, {self.workers} workers"


@dataclass(frozen=True, slots=True)
class Line:
    """Runs of one name over several sizes.

    Attributes:
        name: of the runs.
        start: seconds that no abstract brings about: the constant of the fit.
        per_second: abstracts a second beside that: the slope.
        fit: R² of seconds as a straight line of the number of abstracts; ``nan`` for fewer than three sizes.
        memory: the largest peak over the smallest.
    """

    name: str
    start: float
    per_second: float
    fit: float
    memory: float


class Measures:
    """All that was measured, in a file of a folder, so that parts may be measured one by one.

    Args:
        folder: holds the file.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / _MEASURES
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, measure: Measure) -> None:
        """Keep a measure."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(measure)) + "\n")

    def read(self) -> list[Measure]:
        """All measures; of those of the same run the last, in the order of their sizes."""
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        found = [Measure(**json.loads(line)) for line in lines]
        return sorted({(each.name, each.size): each for each in found}.values(), key=lambda each: each.size)


def by_name(measures: Iterable[Measure]) -> dict[str, list[Measure]]:
    """The measures of each name, in their order."""
    groups: defaultdict[str, list[Measure]] = defaultdict(list)
    for measure in measures:
        groups[measure.name].append(measure)
    return dict(groups)


def lines(measures: Sequence[Measure]) -> list[Line]:
    """How time and memory grow with the number of abstracts, for what was measured at two sizes or more."""
    return [_line(name, group) for name, group in by_name(measures).items() if len(group) > 1]


def _line(name: str, group: Sequence[Measure]) -> Line:
    sizes, seconds = np.array([m.size for m in group], float), np.array([m.seconds for m in group])
    slope, start = np.polyfit(sizes, seconds, 1)
    rest = seconds - (slope * sizes + start)
    fit = 1 - float(rest @ rest) / float(np.var(seconds) * len(group)) if len(group) > 2 else float("nan")
    peaks = [m.peak for m in group]
    return Line(name, float(start), float(1 / slope), fit, max(peaks) / max(min(peaks), 1e-9))


def against_bert(measures: Sequence[Measure]) -> dict[str, float]:
    """Processor time of the BERT-sized encoder for each abstract over that of the largest run of each name, all in."""
    peers = {m.model: m.cpu_seconds / m.size for m in measures if m.part == "bert"}
    return {
        name: peers[group[-1].model] / (group[-1].cpu_seconds / group[-1].size)
        for name, group in by_name(m for m in measures if m.part == "annotated").items()
        if group[-1].model in peers
    }


def estimates(measures: Sequence[Measure]) -> dict[str, str]:
    """What all of PubMed would take on one machine, with the arithmetic, from the largest run of each name."""
    wanted = by_name(m for m in measures if m.part in ("annotated", "raw"))
    return {name: _estimate(group[-1]) for name, group in wanted.items()}


def _estimate(measure: Measure) -> str:
    cost = measure.cpu_seconds / measure.size
    busy = min(1.0, measure.busy / measure.workers)
    hours = PUBMED * cost / CORES / busy / 3600
    return (
        f"{PUBMED:,} abstracts x {1000 * cost:.2f} ms of processor time / {CORES} cores "
        f"/ {busy:.2f} of each in use = {hours:.1f} h"
    )
