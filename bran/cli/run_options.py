"""The options that commands share that train or score runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bran.corpus.load import Corpus
    from bran.corpus.mesh import MeshTree
    from bran.workflows.run_config import RunConfig
    from bran.workflows.tracking import Tracker

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML file of the run.")]
RunFolder = Annotated[Path, typer.Option("--output", "-o", help="Folder of the run; started again, it goes on.")]
CorpusPath = Annotated[Path, typer.Option("--corpus", help="File of documents, or the folder of a published corpus.")]
Only = Annotated[list[str] | None, typer.Option("--only", help="Do this split only (fold-1); repeatable.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: training.seed=1.")
]
Init = Annotated[Path | None, typer.Option("--init", help="Folder of a model or a pretrained encoder to start from.")]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Where a run computes, and where it is logged."""

    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, ...")] = "auto"
    threads: Annotated[int, typer.Option("--threads", min=0, help="CPU threads; 0: what torch chooses.")] = 0
    mesh: Annotated[Path | None, typer.Option("--mesh", help="MeSH table of the hypernym filter.")] = None
    track: Annotated[bool, typer.Option("--track/--no-track", help="Log to MLflow.")] = True
    experiment: Annotated[str, typer.Option("--experiment", help="MLflow experiment.")] = "bran"

    def prepare(self) -> None:
        """Have torch compute in as many threads as are asked for."""
        import torch

        if self.threads:
            torch.set_num_threads(self.threads)

    def tree(self) -> tuple[MeshTree, str]:
        """The tree of the hypernym filter, and what signatures call it.

        Raises:
            DataError: when the table cannot be read.
        """
        from bran.corpus.mesh import BUNDLED_VERSION, MeshTree

        return (MeshTree.read(self.mesh), self.mesh.name) if self.mesh else (MeshTree.bundled(), BUNDLED_VERSION)

    def tracker(self, *, leads: bool = True) -> Tracker:
        """Where the run is logged, by that process of it which ``leads``."""
        from bran.workflows.tracking import TrackingConfig

        return TrackingConfig(enabled=self.track and leads, experiment=self.experiment).build()


def read_corpus(path: Path, config: RunConfig) -> Corpus:
    """The corpus at ``path`` as ``config`` has it read; what had to be changed in it is said on stderr.

    Raises:
        DataError: when it cannot be read.
    """
    from bran.corpus.load import load_corpus
    from bran.corpus.schema import load_schema

    corpus = load_corpus(path, load_schema(config.relation_schema), splits=config.parts)
    for notice in corpus.notices:
        typer.echo(notice, err=True)
    return corpus
