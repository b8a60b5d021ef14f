"""``bran study``: ablation studies, from one YAML file to the tables of a paper."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from bran.cli.study_display import PLAIN, StudyDisplay
from bran.wording import counted

if TYPE_CHECKING:
    from bran.view.tables import Table as Cells
    from bran.workflows.studies.events import Observer
    from bran.workflows.studies.folder import StudyFolder
    from bran.workflows.studies.plan import Plan
    from bran.workflows.studies.report import StudyReport
    from bran.workflows.studies.results import StudyRecord, StudyResults
    from bran.workflows.studies.study import State
    from bran.workflows.studies.tracking import CarefulTracking
    from bran.workflows.studies.work import Bench

_WIDTH = 140
"""Of tables that do not go to a terminal: none of their cells is folded."""

app = typer.Typer(help="Run ablation studies, and report them.", no_args_is_help=True)

Experiment = Annotated[str, typer.Option("--experiment", help="MLflow experiment.")]
Bootstrap = Annotated[int, typer.Option("--bootstrap", min=1, help="Resampled corpora for intervals and p-values.")]


@app.command()
def run(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="YAML file of the study.")],
    corpus: Annotated[Path, typer.Option("--corpus", help="PubTator file, or the folder of a published corpus.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the study; started again, it goes on.")],
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Do this only: variant, variant/seed/fold; repeatable.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Runs side by side.")] = 1,
    threads: Annotated[
        int, typer.Option("--threads", min=0, help="CPU threads of each run; 0: the cores, divided by --jobs.")
    ] = 0,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    mesh: Annotated[Path | None, typer.Option("--mesh", help="MeSH table of the hypernym filter.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and how long it will take.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed runs again.")] = False,
    bootstrap: Bootstrap = 10_000,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Log to MLflow.")] = True,
    experiment: Experiment = "bran",
) -> None:
    """Train and score every variant of STUDY with every seed on every fold, and report the differences.

    A run is done once: started again, the study goes on with what is missing. What decides a result is its config,
    the corpus, and the code of the network and its training.

    Example: bran study run pipelines/cdr/studies/paper.yaml --corpus bc5cdr -o studies/paper --jobs 2
    """
    from bran.corpus.load import load_corpus
    from bran.corpus.mesh import BUNDLED_VERSION, MeshTree
    from bran.corpus.schema import load_schema
    from bran.workflows.studies.config import load_study
    from bran.workflows.studies.environment import cores
    from bran.workflows.studies.folder import REPORT, StudyFolder
    from bran.workflows.studies.plan import plan_study
    from bran.workflows.studies.report import StudyReport
    from bran.workflows.studies.study import check_failures, state, study_record
    from bran.workflows.studies.work import Bench

    settings = load_study(study)
    documents = load_corpus(corpus, load_schema(settings.base.relation_schema), splits=settings.base.parts)
    tree = MeshTree.read(mesh) if mesh else MeshTree.bundled()
    plan = plan_study(settings, documents, mesh=tree)
    version = mesh.name if mesh else BUNDLED_VERSION
    bench = Bench(documents, corpus, tree, version, device, threads or max(1, cores() // jobs))
    folder, wanted, console = StudyFolder(output), plan.select(only or ()), Console()
    record = study_record(plan, folder, bench, corpus=corpus, mesh=mesh)
    if dry_run:
        _show_plan(plan, state(wanted, folder, retry_failed=retry_failed), bench, console, jobs=jobs)
        return
    with folder.locked():
        folder.write_record(record)
        tracking = _tracking(plan, record, folder, experiment) if track else None
        display = StudyDisplay(console, wanted, protocol=record.protocol, jobs=jobs)
        now = state(wanted, folder, retry_failed=retry_failed)
        results = _execute(record, folder, bench, now, display, tracking, jobs=jobs)
        made = StudyReport(results, resamples=bootstrap)
        made.write(output / REPORT)
        if tracking:
            tracking.end(made.means, failed=bool(results.failed))
    _show(made, console, output / REPORT)
    check_failures(results)


@app.command()
def report(
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="Folder of the study.", show_default="read from MLflow")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write.", show_default="FOLDER/report, or ./report")
    ] = None,
    study: Annotated[
        str | None, typer.Option("--study", help="Name of the study in MLflow.", show_default="the latest")
    ] = None,
    bootstrap: Bootstrap = 10_000,
    experiment: Experiment = "bran",
) -> None:
    """Make the tables and figures of a study anew, from its FOLDER or from what MLflow holds of it.

    Example: bran study report --experiment bran --study paper -o paper
    """
    from bran.workflows.studies.folder import REPORT, StudyFolder
    from bran.workflows.studies.report import StudyReport

    if folder:
        results = StudyFolder(folder).read()
    else:
        from bran.workflows.studies.mlflow_store import MlflowStudyStore
        from bran.workflows.tracking import TrackingConfig

        results = MlflowStudyStore(TrackingConfig(experiment=experiment).open(), experiment).read(study)
    made = StudyReport(results, resamples=bootstrap)
    target = output or (folder or Path()) / REPORT
    made.write(target)
    _show(made, Console(), target)


def _execute(
    record: StudyRecord,
    folder: StudyFolder,
    bench: Bench,
    now: State,
    display: StudyDisplay,
    tracking: CarefulTracking | None,
    *,
    jobs: int,
) -> StudyResults:
    """Do what is missing, shown and tracked."""
    from bran.workflows.studies.study import StudyExecution

    observers: list[Observer] = [display, *([tracking] if tracking else [])]
    with display.shown():
        return StudyExecution(record, folder, bench, *observers).run(now, jobs=jobs)


def _tracking(plan: Plan, record: StudyRecord, folder: StudyFolder, experiment: str) -> CarefulTracking:
    """Log to the store that the environment names, or to one in the working folder."""
    from bran.workflows.studies.tracking import CarefulTracking, MlflowStudy
    from bran.workflows.tracking import TrackingConfig

    study = MlflowStudy(TrackingConfig(experiment=experiment).open(), plan, record, folder)
    return CarefulTracking(study, lambda line: typer.echo(line, err=True))


def _show_plan(plan: Plan, now: State, bench: Bench, console: Console, *, jobs: int) -> None:
    """What would be run, and for how long."""
    from bran.workflows.studies.estimate import measure

    wide = console if console.is_terminal else Console(width=_WIDTH)
    table = Table("variant", "done", "failed", "to do", "documents/s", "time", title=plan.study.config.name)
    total = 0.0
    with console.status("measuring") if console.is_terminal else nullcontext():
        for row in plan.study.rows:
            missing = [run for run in now.missing if run.row == row]
            counts = [str(sum(run.row == row for run in runs)) for runs in (now.done, now.failed)]
            speed = measure(missing[0], bench) if missing else None
            seconds = sum(speed.seconds(run) for run in missing) if speed else 0.0
            total += seconds
            table.add_row(row, *counts, str(len(missing)), f"{speed.training:.0f}" if speed else "-", _time(seconds))
    wide.print(table)
    for run in now.missing:
        console.print(run.name, **PLAIN)
    count = f"{counted(len(now.missing), 'run')} to do of {len(plan.runs)}"
    each = f"{counted(bench.threads, 'thread')} each"
    console.print(f"{count}, about {_time(total / jobs)} with --jobs {jobs} ({each})", **PLAIN)


def _time(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _show(report: StudyReport, console: Console, folder: Path) -> None:
    wide = console if console.is_terminal else Console(width=_WIDTH)
    if report.main:
        wide.print(_rich(report.main))
    console.print(f"tables and figures: {folder / 'report.html'}", **PLAIN)


def _rich(cells: Cells) -> Table:
    table = Table(*cells.header, title=cells.title, title_justify="left")
    for row in cells.rows:
        table.add_row(*row)
    return table
