"""What ``bran study run`` does: every run of the plan that is missing, and the report of all that are there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bran.config import config_hash
from bran.errors import TrainingError
from bran.nn.devices import choose_device
from bran.wording import counted
from bran.workflows.studies.environment import environment
from bran.workflows.studies.events import Observer, Observers
from bran.workflows.studies.fingerprint import code_hash
from bran.workflows.studies.folder import StudyFolder
from bran.workflows.studies.plan import Plan, PlannedRun
from bran.workflows.studies.processes import run_all
from bran.workflows.studies.results import RunName, StudyRecord, StudyResults
from bran.workflows.studies.work import Bench


@dataclass(frozen=True, slots=True)
class State:
    """Where the runs of a plan stand.

    Attributes:
        done: have a result.
        failed: have an error, and are left alone.
        missing: are to be done.
    """

    done: tuple[PlannedRun, ...]
    failed: tuple[PlannedRun, ...]
    missing: tuple[PlannedRun, ...]


def state(runs: Sequence[PlannedRun], folder: StudyFolder, *, retry_failed: bool) -> State:
    """Sort ``runs`` by what ``folder`` holds of them; failed ones count as missing when they are to be tried again."""
    done = tuple(run for run in runs if folder.result(run.key))
    failed = tuple(run for run in runs if run not in done and not retry_failed and folder.failure(run.key))
    return State(done, failed, tuple(run for run in runs if run not in done and run not in failed))


def study_record(plan: Plan, folder: StudyFolder, bench: Bench, *, corpus: Path, mesh: Path | None) -> StudyRecord:
    """What is known of a study before it runs; its id is that of an earlier start in ``folder``.

    Args:
        plan: of the study.
        folder: where it runs.
        bench: what its runs share.
        corpus: path of the corpus, as it was given.
        mesh: path of the table of the hypernym filter, as it was given.

    Raises:
        ConfigError: when the folder holds a damaged study.
    """
    config = plan.study.config
    differences = {config.base_name: {}, **config.variants}
    device = choose_device(bench.device)
    return StudyRecord(
        id=folder.earlier_id() or uuid.uuid4().hex,
        name=config.name,
        base_name=config.base_name,
        rows={row: differences[row] for row in plan.study.rows},
        protocol=plan.study.base.protocol,
        place=str(plan.study.place),
        corpus=str(corpus),
        corpus_hash=plan.corpus.hash,
        code=code_hash(),
        device=str(device),
        threads=bench.threads,
        mesh=str(mesh) if mesh else None,
        settings={
            **config.model_dump(mode="json"),
            "base": plan.study.base.model_dump(mode="json", by_alias=True),
            "base_hash": config_hash(plan.study.base),
        },
        environment=environment(device),
        runs=tuple(RunName(key=run.key, row=run.row, seed=run.seed, split=run.split.name) for run in plan.runs),
    )


class StudyExecution:
    """One start of a study; started again in the same folder, it does what is missing.

    Args:
        record: what the study is; written before anything else.
        folder: where it runs.
        bench: what its runs share.
        observers: told of each run.
    """

    def __init__(self, record: StudyRecord, folder: StudyFolder, bench: Bench, *observers: Observer) -> None:
        self.record, self.folder, self.bench = record, folder, bench
        self.observer = Observers(*observers)

    def run(self, state: State, *, jobs: int) -> StudyResults:
        """Do what is missing.

        Args:
            state: where the runs stand; of those that are done and failed, observers are told again.
            jobs: runs side by side.

        Raises:
            StudyStopped: when the disk is full.
        """
        for run in state.missing:
            self.folder.forget_failure(run.key)
        for run in state.done:
            if result := self.folder.result(run.key):
                self.observer.finished(run, result)
        for run in state.failed:
            self.observer.failed(run, self.folder.failure(run.key) or "")
        run_all(state.missing, self.folder, self.bench, self.observer, jobs=jobs)
        return self.folder.read()


def check_failures(results: StudyResults) -> None:
    """Make sure that no run has failed.

    Raises:
        TrainingError: says how many did, and names the first.
    """
    if results.failed:
        name, error = results.failed[0]
        count = f"{len(results.failed)} of {counted(len(results.record.runs), 'run')} failed"
        raise TrainingError(f"{count}, first {name}: {error}; --retry-failed tries them again")
