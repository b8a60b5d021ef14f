"""``bran ensemble``: the mean of several runs, scored as one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bran.cli.groups import grouped
from bran.cli.run_options import CorpusPath, Only, RunOptions, read_corpus


class MeanOf(StrEnum):
    """What is averaged."""

    probabilities = "probabilities"
    logits = "logits"


@grouped
def ensemble(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of `bran train`: other seeds or configs.")
    ],
    corpus: CorpusPath,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the ensemble, as that of a run.")],
    by: Annotated[MeanOf, typer.Option("--by", help="What is averaged.")] = MeanOf.probabilities,
    name: Annotated[str, typer.Option("--name", help="Of the ensemble; its relations carry it.")] = "ensemble",
    only: Only = None,
    *,
    options: RunOptions,
) -> None:
    """Average the scores of several runs on each split, and score the mean.

    The runs have one corpus, one schema and the same test parts. The threshold of each split is chosen on its
    validation part, which the saved models predict anew.

    Example: bran ensemble runs/seed-0 runs/seed-1 runs/seed-2 --corpus bc5cdr -o runs/ensemble
    """
    from bran.cli.train import show_summary
    from bran.workflows.ensemble import EnsembleRun
    from bran.workflows.fitting import Fitter, Machine
    from bran.workflows.trained_run import TrainedRun

    options.prepare()
    members = [TrainedRun.read(run) for run in runs]
    config = members[0].config
    tree, version = options.tree()
    run = EnsembleRun(
        members,
        read_corpus(corpus, config),
        output,
        fitter=Fitter(config, mesh=tree, mesh_version=version, machine=Machine(options.device)),
        tracker=options.tracker(),
        name=name,
        mean=by.value,
    )
    show_summary(run.run(only=only or ()), Console(), output)
