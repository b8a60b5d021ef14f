"""Where the relation stage spends its time: ``python -m benchmarks.profiling --corpus bc5cdr``.

By operator of torch, by function of Python. Profilers slow down what they watch, calls of small functions most:
benchmarks/speed.py has the true times of the parts.
"""

from __future__ import annotations

import cProfile
import pstats
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from torch.profiler import ProfilerActivity, profile

from benchmarks.setting import Format, Setting
from benchmarks.stage import RelationStage

Shares = list[tuple[str, float]]
"""Names with their share of the whole, largest first."""


def by_operator(stage: RelationStage) -> Shares:
    """Share of each torch operator in the time of the network, without the operators that it calls itself."""
    predictor, documents = stage.predictor(), stage.unread()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        list(predictor.predict(documents))
    return _shares((event.key.removeprefix("aten::"), event.self_cpu_time_total) for event in profiler.key_averages())


def by_function(stage: RelationStage) -> Shares:
    """Share of each function of Python in the time of the stage, without the functions that it calls itself."""
    predictor, documents = stage.predictor(), stage.unread()
    profiler = cProfile.Profile()
    profiler.runcall(lambda: list(predictor.predict(documents)))
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    return _shares((_name(*place), own) for place, (_, _, own, _, _) in stats.items())


def profiled(
    corpus: Annotated[Path, typer.Option(help="A corpus, as `bran train` takes it.")],
    documents: Annotated[int, typer.Option(min=8, help="Documents to profile on.")] = 256,
    model: Annotated[Path | None, typer.Option(help="A model folder.", show_default="random weights")] = None,
    precision: Annotated[Format, typer.Option(help="Number format of matrix products.")] = Format.fp32,
    threads: Annotated[int, typer.Option(min=1)] = 1,
    rows: Annotated[int, typer.Option(min=1, help="Lines per table.")] = 15,
) -> None:
    """Profile the relation stage."""
    stage = Setting(corpus, documents, model, precision, threads).build()
    stage.whole(lambda: 0.0)  # what is done once only is not of interest
    console = Console()
    for title, shares in (("torch operators", by_operator(stage)), ("Python functions", by_function(stage))):
        table = Table("", "share", title=title, title_justify="left")
        for name, share in shares[:rows]:
            table.add_row(name, f"{share:.1%}")
        console.print(table)


def _shares(times: Iterable[tuple[str, float]]) -> Shares:
    total: Counter[str] = Counter()
    for name, time in times:
        total[name] += time  # type: ignore[assignment]
    whole = sum(total.values())
    return [(name, time / whole) for name, time in total.most_common()]


def _name(file: str, line: int, function: str) -> str:
    return function if file == "~" else f"{Path(file).stem}.{function}"


if __name__ == "__main__":
    typer.run(profiled)
