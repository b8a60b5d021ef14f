"""``bran extract`` into a folder, by the batch engine, and the report of what such a run has left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bran.cli.extract_display import display
from bran.errors import EXIT_SKIPPED
from bran.wording import counted

if TYPE_CHECKING:
    from bran.workflows.batch.engine import EngineContext
    from bran.workflows.batch.run import Outcome
    from bran.workflows.batch.settings import BatchSettings


class EngineName(StrEnum):
    """Where the work is done."""

    local = "local"
    ray = "ray"


class PrecisionName(StrEnum):
    """Number formats of matrix products."""

    fp32 = "fp32"
    bf16 = "bf16"
    auto = "auto"


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What runs the work.

    Attributes:
        name: of the engine.
        workers: side by side; ``None``: as many as there are cores.
        address: of a Ray cluster.
    """

    name: EngineName = EngineName.local
    workers: int | None = None
    address: str | None = None

    def open(self, settings: BatchSettings) -> EngineContext:
        """The engine."""
        if self.name is EngineName.ray:
            from bran.workflows.batch.ray_engine import ray_engine

            return ray_engine(settings, address=self.address, workers=self.workers)
        from bran.workflows.batch.local import local_engine
        from bran.workflows.studies.environment import cores

        return local_engine(self.workers or cores())


def is_folder(output: Path) -> bool:
    """Whether ``output`` is, or is to be, the folder of a run: it has no suffix, or is a folder."""
    return output.is_dir() or not output.suffix


def extract_folder(
    inputs: Sequence[Path],
    output: Path,
    settings: BatchSettings,
    engine: EngineOptions,
    *,
    threshold: str | None,
    quiet: bool,
    json_progress: bool,
) -> None:
    """Do what is missing of a run.

    Args:
        inputs: files, folders, patterns, ``-``.
        output: the run's folder.
        settings: how documents are worked on.
        engine: what runs it.
        threshold: a number or a name; goes into ``settings``.
        quiet: show nothing but what was left out.
        json_progress: show JSON.

    Raises:
        typer.Exit: with code 6, when something was left out.
    """
    from bran.workflows.batch.run import extract_to_folder

    with display(quiet=quiet, as_json=json_progress) as observer:
        outcome = extract_to_folder(
            [str(item) for item in inputs], output, settings, engine.open(settings), observer, threshold=threshold
        )
    if not quiet and not json_progress:
        typer.echo(summary(outcome), err=True)
    if not outcome.complete:
        count = outcome.progress.errors
        typer.echo(f"left out: {count}; `bran extract --report {output}` lists what and why", err=True)
        raise typer.Exit(EXIT_SKIPPED)


def summary(outcome: Outcome) -> str:
    """What a run has come to, in one line."""
    total = outcome.counted
    records = {
        "left out": outcome.progress.errors,
        "superseded": total.superseded,
        "deleted": total.deleted,
    }
    others = {
        ("row", "dropped"): outcome.dropped,
        ("file", "changed"): outcome.changed,
        ("file", "withdrawn"): outcome.withdrawn,
        ("shard", "failed"): outcome.failed,
        ("worker", "replaced"): outcome.deaths,
    }
    told = [
        counted(total.documents, "document"),
        counted(total.relations, "relation"),
        *(f"{count} {what}" for what, count in records.items() if count),
        *(f"{counted(count, noun)} {what}" for (noun, what), count in others.items() if count),
    ]
    rate = outcome.documents / max(outcome.seconds, 1e-9)
    return (
        f"{', '.join(told)}; {counted(outcome.documents, 'document')} now, "
        f"in {outcome.seconds:.1f} s ({counted(round(rate), 'document')}/s)"
    )


def show_report(folder: Path) -> None:
    """Print what the run in ``folder`` has left out, and why.

    Raises:
        DataError: when there is no such run.
        typer.Exit: with code 6, when something was left out.
    """
    from bran.export.left_out import read_left_out
    from bran.export.run_folder import RunFolder

    run, is_complete = RunFolder(folder), True
    _ = run.description  # says so when it is no run
    for record in read_left_out(run):
        typer.echo(str(record))
        is_complete = is_complete and record.kind == "dropped"
    if not is_complete:
        raise typer.Exit(EXIT_SKIPPED)
