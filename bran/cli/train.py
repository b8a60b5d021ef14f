"""``bran train``: one command from a corpus to models, scores and tracked runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from bran.cli.groups import grouped
from bran.cli.run_options import ConfigPath, CorpusPath, Init, Only, Overrides, RunFolder, RunOptions, read_corpus
from bran.wording import counted

if TYPE_CHECKING:
    from bran.corpus.load import Corpus
    from bran.nn.devices import Processes
    from bran.workflows.fitting import Listener
    from bran.workflows.run_config import RunConfig
    from bran.workflows.summary import Summary
    from bran.workflows.train import TrainingRun
    from bran.workflows.training_data import TrainingData

_PLAIN: dict[str, Any] = {"highlight": False, "markup": False, "soft_wrap": True}
"""How lines are printed that must stay as they are."""


class SpeedColumn(ProgressColumn):
    """Documents per second."""

    def render(self, task: Task) -> Text:
        """``-`` until there is something to divide."""
        return Text(f"{counted(round(task.speed), 'document')}/s" if task.speed else "- documents/s")


class ProgressDisplay:
    """A bar with documents per second and the time left on a terminal, and one line per epoch everywhere.

    Args:
        console: where to.
    """

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def fit(self, name: str, documents: int) -> Iterator[Listener]:
        """Show the fit called ``name``, that will read ``documents`` documents in all epochs together."""
        from bran.workflows.fitting import Listener

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            SpeedColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console, disable=not self.console.is_terminal) as bar:
            task = bar.add_task(name, total=documents)

            def on_epoch(metrics: Mapping[str, float], epoch: int) -> None:
                numbers = "  ".join(f"{key} {value:.4g}" for key, value in metrics.items())
                self.console.print(f"{name}  epoch {epoch}  {numbers}", **_PLAIN)

            yield Listener(on_epoch, lambda read: bar.advance(task, read))


@grouped
def train(
    config: ConfigPath,
    corpus: CorpusPath,
    output: RunFolder,
    set_: Overrides = None,
    only: Only = None,
    init: Init = None,
    *,
    options: RunOptions,
) -> None:
    """Train and score every split that CONFIG names, and the model on the whole corpus if it says so.

    Each epoch is validated on documents aside from training and test; they choose the threshold, and the
    test part is read once. Under torchrun, the processes share each batch.

    Example: bran train pipelines/cdr/configs/bran.yaml --corpus bc5cdr -o runs/bran --set training.seed=1
    """
    from bran.config import load_config
    from bran.nn.devices import choose_device, join_processes
    from bran.workflows.run_config import RunConfig

    options.prepare()
    settings = load_config(RunConfig, config, set_ or ())
    documents = read_corpus(corpus, settings)
    with join_processes(choose_device(options.device)) as processes:
        run = training_run(settings, documents, output, options=options, processes=processes, init=init)
        start(run, source=corpus, only=only or ())


def training_run(
    settings: RunConfig,
    documents: Corpus,
    output: Path,
    *,
    options: RunOptions,
    processes: Processes,
    init: Path | None = None,
    data: Callable[..., TrainingData] | None = None,
) -> TrainingRun:
    """A run of ``settings`` on ``documents``, not yet started; ``data`` makes other examples than training has.

    Raises:
        ConfigError: when there is no such device, or the tracker cannot be opened.
    """
    from bran.workflows.fitting import Fitter, Machine
    from bran.workflows.run_figures import RunFigures
    from bran.workflows.train import TrainingRun
    from bran.workflows.training_data import TrainingData

    tree, version = options.tree()
    machine = Machine(options.device, processes=processes)
    return TrainingRun(
        settings,
        documents,
        output,
        fitter=Fitter(settings, mesh=tree, mesh_version=version, machine=machine, data=data or TrainingData),
        tracker=options.tracker(leads=processes.rank == 0),
        display=ProgressDisplay(Console()),
        init=init,
        figures=RunFigures(settings.protocol),
    )


def start(run: TrainingRun, *, source: Path, only: Sequence[str]) -> None:
    """Do ``run`` and show what it scores, or take part in it when another process leads it."""
    if run.fitter.machine.processes.rank:
        run.follow(only=only)
    else:
        show_summary(run.run(source=source, only=only), Console(), run.folder)


def show_summary(summary: Summary, console: Console, output: Path) -> None:
    """Print the scores of a run, and where those with signatures are."""
    title = "test parts, micro, mean ± sd in percent"
    table = Table("splits", "protocol", "P", "R", "F1", "F1 of each", title=title, title_justify="left")
    for row in summary.rows:
        table.add_row(*row)
    if summary.rows:
        console.print(table)
    console.print(f"scores with signatures: {output / 'summary.md'}", **_PLAIN)
