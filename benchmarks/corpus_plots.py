"""Time and memory against the number of abstracts, and memory as time goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.corpus_measures import Measure, by_name

_PARTS = ("annotated", "raw", "export")


def plot(measures: Sequence[Measure], folder: Path) -> list[Path]:
    """Write ``corpus.png`` and ``corpus.svg``; returns their paths."""
    figure = Figure(figsize=(13, 4), layout="constrained")
    seconds, memory, course = figure.subplots(1, 3)
    groups = by_name(measure for measure in measures if measure.part in _PARTS)
    for name, group in groups.items():
        sizes = [measure.size for measure in group]
        seconds.plot(sizes, [measure.seconds for measure in group], marker="o", label=name)
        memory.plot(sizes, [measure.peak for measure in group], marker="o", label=name)
        course.plot(*zip(*group[-1].memory, strict=True), label=f"{name}: {group[-1].size:,}")
    for axes in (seconds, memory):
        axes.set_xscale("log")
        _label(axes, "abstracts")
    seconds.set_yscale("log")
    seconds.set_title("seconds, all in")
    memory.set_ylim(bottom=0)
    memory.set_title("most memory of all processes, MiB")
    _label(course, "seconds")
    course.set_ylim(bottom=0)
    course.set_title("memory of the largest runs, MiB")
    seconds.legend(fontsize="x-small")
    paths = [folder / f"corpus.{suffix}" for suffix in ("png", "svg")]
    for path in paths:
        figure.savefig(path)
    return paths


def _label(axes: Axes, name: str) -> None:
    axes.set_xlabel(name)
    axes.grid(alpha=0.3)
