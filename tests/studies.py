"""Small studies over the invented corpus, for the tests of workflows, views and commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bran.corpus.document import Document
from bran.corpus.load import Corpus
from bran.evaluation.counts import DocumentCounts
from bran.workflows.studies.config import Study, load_study
from bran.workflows.studies.folder import StudyFolder
from bran.workflows.studies.plan import Plan, PlannedRun, plan_study
from bran.workflows.studies.results import CountRecord, Epoch, RunName, RunResult, StudyRecord, StudyResults
from bran.workflows.studies.study import StudyExecution, state, study_record
from bran.workflows.studies.work import Bench
from tests.runs import TREE, abstracts, settings

VARIANTS: dict[str, Any] = {
    "cnn-only": {"model.encoder.attention": None},
    "max": ["model.scorer.pooling.kind=max"],
}


def study_settings(**given: Any) -> dict[str, Any]:
    """The content of a study's file: the tiny config, two variants, one seed; two folds each."""
    return {"name": "tiny", "base": settings("training.epochs=1"), "variants": VARIANTS, **given}


def write_study(path: Path, **given: Any) -> Path:
    """:func:`study_settings` as a YAML file; returns its path."""
    path.write_text(yaml.safe_dump(study_settings(**given), sort_keys=False), encoding="utf-8")
    return path


def small_study(folder: Path, **given: Any) -> Study:
    """A study that was read from a file in ``folder``."""
    return load_study(write_study(folder / "study.yaml", **given))


def small_corpus() -> Corpus:
    """The invented abstracts."""
    return Corpus(tuple(abstracts()))


def small_plan(folder: Path, documents: tuple[Document, ...] | None = None, **given: Any) -> Plan:
    """The plan of :func:`small_study`."""
    return plan_study(small_study(folder, **given), Corpus(documents) if documents else small_corpus(), mesh=TREE)


def bench() -> Bench:
    """What the runs of a small study share."""
    return Bench(small_corpus(), Path("corpus.txt"), TREE, "tiny", "cpu", 1)


def record_of(plan: Plan, folder: StudyFolder) -> StudyRecord:
    """The record of a small study."""
    return study_record(plan, folder, bench(), corpus=Path("corpus.txt"), mesh=None)


class Diary:
    """An observer that writes down what it hears.

    Args:
        on_epoch: called with the name of a run whose epoch has ended; may raise.

    Attributes:
        lines: what was heard and of which run, in order.
    """

    def __init__(self, on_epoch: Callable[[str], None] = lambda name: None) -> None:
        self.on_epoch = on_epoch
        self.lines: list[tuple[str, str]] = []

    def started(self, run: PlannedRun) -> None:
        self.lines.append(("started", run.name))

    def epoch(self, run: PlannedRun, epoch: Epoch) -> None:
        self.lines.append((f"epoch {epoch.epoch}", run.name))
        self.on_epoch(run.name)

    def finished(self, run: PlannedRun, result: RunResult) -> None:
        self.lines.append(("finished", run.name))

    def failed(self, run: PlannedRun, error: str) -> None:
        self.lines.append((f"failed: {error}", run.name))

    def names(self, what: str) -> list[str]:
        """Names of the runs of which ``what`` was heard."""
        return [name for line, name in self.lines if line == what]


def execute(plan: Plan, path: Path, *observers: Any, jobs: int = 1, retry_failed: bool = False) -> StudyResults:
    """Run what is missing of ``plan`` in the folder ``path``."""
    folder = StudyFolder(path)
    record = record_of(plan, folder)
    folder.write_record(record)
    now = state(plan.runs, folder, retry_failed=retry_failed)
    return StudyExecution(record, folder, bench(), *observers).run(now, jobs=jobs)


def process_environment(root: Path, **given: str) -> dict[str, str]:
    """The environment of a process that is to find the package at ``root``."""
    modules = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PYTHONPATH": modules, "PATH": programs, "OMP_NUM_THREADS": "1", **given}


def invented_result(row: str, seed: int, split: str, right: int, *, epochs: int = 2) -> RunResult:
    """A run that finds ``right`` of ten relations, one per document, and nothing that is wrong."""
    values = np.zeros((10, 1, 2, 3), dtype=np.int64)
    values[:right, 0, 0, 0] = 1
    values[right:, 0, 0, 2] = 1
    counts = DocumentCounts(tuple(f"{split}-{number}" for number in range(10)), ("CID",), values)
    return RunResult(
        key=f"{row}/{seed}/{split}",
        seed=seed,
        split=split,
        config="c",
        corpus="d",
        code="e",
        version="0",
        device="cpu",
        threads=1,
        parameters=100,
        documents={"train": 1, "validation": 1, "test": 10},
        threshold=0.5,
        seconds=2.0,
        epochs=tuple(
            Epoch(epoch=n, time=n, metrics={"pair_loss": 1 / n, "score": right * n / 100}) for n in range(1, epochs + 1)
        ),
        counts={"filtered": CountRecord.of(counts, "s")},
        curve=[[1, 0, 9], [right, 5, 10 - right]],
    )


def invented_study(results: list[tuple[str, RunResult]], rows: tuple[str, ...] = ("base", "worse")) -> StudyResults:
    """What a store holds of ``results``, each with the name of its row."""
    record = StudyRecord(
        id="1",
        name="invented",
        base_name="base",
        rows={row: {} for row in rows},
        protocol="filtered",
        place="study.yaml",
        corpus="corpus",
        corpus_hash="d",
        code="e",
        device="cpu",
        threads=1,
        mesh=None,
        settings={},
        environment={},
        runs=tuple(RunName(key=r.key, row=row, seed=r.seed, split=r.split) for row, r in results),
    )
    return StudyResults(record, {r.key: r for _, r in results}, {})
