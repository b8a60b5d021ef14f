"""How ``bran study run`` shows what it does."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from bran.wording import counted

if TYPE_CHECKING:
    from bran.workflows.studies.plan import PlannedRun
    from bran.workflows.studies.results import Epoch, RunResult

PLAIN: dict[str, Any] = {"highlight": False, "markup": False, "soft_wrap": True}
"""How lines are printed that must stay as they are."""


class StudyDisplay:
    """A table that is kept up to date on a terminal, and one line for each run that ends everywhere.

    Args:
        console: where to.
        runs: of this start.
        protocol: the one that is shown.
        jobs: runs side by side.
    """

    def __init__(self, console: Console, runs: Sequence[PlannedRun], *, protocol: str, jobs: int) -> None:
        self.console, self.runs, self.protocol, self.jobs = console, runs, protocol, jobs
        self.scores: dict[str, list[float]] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        self.under_way: dict[str, str] = {}
        self.seconds: list[float] = []
        self.begun: dict[str, float] = {}
        self.ended: set[str] = set()
        self._live: Live | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the table, on a terminal, until the block ends."""
        if not self.console.is_terminal:
            yield
            return
        with Live(self.table(), console=self.console, refresh_per_second=2) as self._live:
            yield

    def started(self, run: PlannedRun) -> None:
        """Count ``run`` as under way."""
        self.begun[run.name] = time.perf_counter()
        self.under_way[run.name] = "starts"
        self._update()

    def epoch(self, run: PlannedRun, epoch: Epoch) -> None:
        """Show how far ``run`` is."""
        self.under_way[run.name] = f"epoch {epoch.epoch} of {run.config.training.epochs}"
        self._update()

    def finished(self, run: PlannedRun, result: RunResult) -> None:
        """Count ``run`` as done; one that an earlier start has done is not told of again."""
        f1 = 100 * result.scores(self.protocol)["micro"]["f1"]
        self.scores.setdefault(run.row, []).append(f1)
        self._end(run, "done", f"F1 {f1:.1f}  {result.seconds:.0f} s of training")

    def failed(self, run: PlannedRun, error: str) -> None:
        """Count ``run`` as failed."""
        self._end(run, "failed", f"failed: {error}")

    def _end(self, run: PlannedRun, how: str, line: str) -> None:
        self.counts[run.row, how] += 1
        self.ended.add(run.name)
        self.under_way.pop(run.name, None)
        if run.name in self.begun:
            self.seconds.append(time.perf_counter() - self.begun[run.name])
            self.console.print(f"[{len(self.ended)}/{len(self.runs)}]  {run.name}  {line}", **PLAIN)
        self._update()

    def table(self) -> Table:
        """Rows of the study with what is done of them."""
        left = len(self.runs) - len(self.ended)
        title = f"{len(self.ended)} of {counted(len(self.runs), 'run')}"
        if self.seconds and left:
            mean = sum(self.seconds) / len(self.seconds)
            title += f", about {timedelta(seconds=round(mean * left / self.jobs))} left"
        table = Table("variant", "done", "failed", "left", f"{self.protocol} F1", "under way", title=title)
        for row in dict.fromkeys(run.row for run in self.runs):
            done, failed = self.counts[row, "done"], self.counts[row, "failed"]
            scores = self.scores.get(row, [])
            mean_f1 = f"{sum(scores) / len(scores):.1f}" if scores else "-"
            waiting = sum(run.row == row for run in self.runs) - done - failed
            busy = [f"{name.partition('/')[2]} {how}" for name, how in self.under_way.items() if _row(name) == row]
            table.add_row(row, str(done), str(failed), str(waiting), mean_f1, ", ".join(busy))
        return table

    def _update(self) -> None:
        if self._live:
            self._live.update(self.table())


def _row(name: str) -> str:
    return name.partition("/")[0]
