"""``bran train``: one command from a corpus to models, scores and tracked runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
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

if TYPE_CHECKING:
    from bran.workflows.fitting import Listener
    from bran.workflows.summary import Summary

_PLAIN: dict[str, Any] = {"highlight": False, "markup": False, "soft_wrap": True}
"""How lines are printed that must stay as they are."""


class SpeedColumn(ProgressColumn):
    """Documents per second."""

    def render(self, task: Task) -> Text:
        """``-`` until there is something to divide."""
        return Text(f"{task.speed:.0f} documents/s" if task.speed else "- documents/s")


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


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML file of the run.")],
    corpus: Annotated[Path, typer.Option("--corpus", help="PubTator file, or the folder of a published corpus.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run; started again, it goes on.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: training.seed=1.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="Do this split only (fold-1); repeatable.")] = None,
    init: Annotated[
        Path | None, typer.Option("--init", help="Folder of a model or a pretrained encoder to start from.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    threads: Annotated[int, typer.Option("--threads", min=0, help="CPU threads; 0: what torch chooses.")] = 0,
    mesh: Annotated[Path | None, typer.Option("--mesh", help="MeSH table of the hypernym filter.")] = None,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Log to MLflow.")] = True,
    experiment: Annotated[str, typer.Option("--experiment", help="MLflow experiment.")] = "bran",
) -> None:
    """Train and score every split that CONFIG names, and the model on the whole corpus if it says so.

    Each epoch is validated on documents aside from training and test; they choose the threshold, and the
    test part is read once. Under torchrun, the processes share each batch.

    Example: bran train pipelines/cdr/configs/bran.yaml --corpus bc5cdr -o runs/bran --set training.seed=1
    """
    import torch

    from bran.config import load_config
    from bran.corpus.load import load_corpus
    from bran.corpus.mesh import BUNDLED_VERSION, MeshTree
    from bran.corpus.schema import load_schema
    from bran.nn.devices import choose_device, join_processes
    from bran.workflows.fitting import Fitter, Machine
    from bran.workflows.run_config import RunConfig
    from bran.workflows.run_figures import RunFigures
    from bran.workflows.tracking import TrackingConfig
    from bran.workflows.train import TrainingRun

    if threads:
        torch.set_num_threads(threads)
    settings = load_config(RunConfig, config, set_ or ())
    documents = load_corpus(corpus, load_schema(settings.relation_schema), splits=settings.parts)
    tree = MeshTree.read(mesh) if mesh else MeshTree.bundled()
    version = mesh.name if mesh else BUNDLED_VERSION
    console = Console()
    with join_processes(choose_device(device)) as processes:
        leads = processes.rank == 0
        run = TrainingRun(
            settings,
            documents,
            output,
            fitter=Fitter(settings, mesh=tree, mesh_version=version, machine=Machine(device, processes=processes)),
            tracker=TrackingConfig(enabled=track and leads, experiment=experiment).build(),
            display=ProgressDisplay(console),
            init=init,
            figures=RunFigures(settings.protocol),
        )
        if leads:
            show_summary(run.run(source=corpus, only=only or ()), console, output)
        else:
            run.follow(only=only or ())


def show_summary(summary: Summary, console: Console, output: Path) -> None:
    """Print the scores of a run, and where those with signatures are."""
    title = "test parts, micro, mean ± sd in percent"
    table = Table("splits", "protocol", "P", "R", "F1", "F1 of each", title=title, title_justify="left")
    for row in summary.rows:
        table.add_row(*row)
    if summary.rows:
        console.print(table)
    console.print(f"scores with signatures: {output / 'summary.md'}", **_PLAIN)
