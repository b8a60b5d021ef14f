"""One run of a study, in whatever process: a ``bran train`` of one split, and the result that is kept of it."""

from __future__ import annotations

import errno
import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch

import bran
from bran.config import config_hash
from bran.corpus.load import Corpus
from bran.corpus.mesh import MeshTree
from bran.errors import BranError, DataError
from bran.evaluation.predictions import Predictions
from bran.evaluation.report import EvaluationReport
from bran.evaluation.thresholds import score_curve
from bran.export.reading import read_table
from bran.extraction.trained_model import TrainedModel
from bran.training.loop import Metrics
from bran.wording import one_line
from bran.workflows.epochs import EPOCHS as EPOCHS
from bran.workflows.epochs import Epoch, EpochFile
from bran.workflows.fitting import Fitter, Listener, Machine
from bran.workflows.run_files import CANDIDATES, MODEL
from bran.workflows.studies.fingerprint import code_hash
from bran.workflows.studies.folder import RESULT, write_config, write_failure, write_result
from bran.workflows.studies.plan import PlannedRun
from bran.workflows.studies.results import CountRecord, RunResult
from bran.workflows.tracking import NullTracker
from bran.workflows.train import TrainingRun


class StudyStopped(BranError):
    """What no run could go on after, such as a full disk; runs that are done are whole."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all runs of a study share.

    Attributes:
        corpus: what they learn from.
        source: where it was read from.
        mesh: the tree of the hypernym filter.
        mesh_version: what signatures call it.
        device: where they train.
        threads: CPU threads of each.
        code: hash of the code that the runs are planned with.
    """

    corpus: Corpus
    source: Path
    mesh: MeshTree
    mesh_version: str
    device: str
    threads: int
    code: str = field(default_factory=code_hash)

    def fitter(self, run: PlannedRun) -> Fitter:
        """Fits the model of ``run``."""
        return Fitter(run.config, mesh=self.mesh, mesh_version=self.mesh_version, machine=Machine(self.device))


class EpochLog:
    """The display of a run: tells of every epoch, and writes it down once.

    Args:
        path: where to; see :class:`bran.workflows.epochs.EpochFile`.
        tell: called with each epoch, also with those of an earlier start.
    """

    def __init__(self, path: Path, tell: Callable[[Epoch], None]) -> None:
        self.tell = tell
        self._file = EpochFile(path)

    @property
    def epochs(self) -> dict[int, Epoch]:
        """Those so far, by number."""
        return self._file.epochs

    @contextmanager
    def fit(self, name: str, documents: int) -> Iterator[Listener]:
        """Listen to the one fit of the run."""
        for epoch in self.epochs.values():
            self.tell(epoch)
        yield Listener(epoch=self._add)

    def _add(self, metrics: Metrics, number: int) -> None:
        if epoch := self._file.add(metrics, number):
            self.tell(epoch)


def work(run: PlannedRun, folder: Path, bench: Bench, tell: Callable[[Epoch], None]) -> str | None:
    """Do ``run`` in ``folder``, or what is missing of it.

    Args:
        run: which.
        folder: where its result goes, or its error.
        bench: what it shares with others.
        tell: called with each epoch.

    Returns:
        The error in one line when it failed.

    Raises:
        StudyStopped: when the disk is full, or this process runs other code than the run was planned with.
    """
    if code_hash() != bench.code:
        raise StudyStopped(f"the code has changed ({bench.code}, now {code_hash()}); start again to run with it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            if not (folder / RESULT).exists():  # it may be that the other process has just done it
                write_result(folder, _result(run, folder, bench, tell))
    except Exception as error:  # whatever breaks one run, the others go on
        if _is_full_disk(error):
            raise StudyStopped(
                f"{folder}: no space left on the disk; what is done is whole, start again to go on"
            ) from None
        line = one_line(error)
        line = line if isinstance(error, BranError) else f"{type(error).__name__}: {line}"
        write_failure(folder, line)
        return line
    return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no process works in ``folder``, such as one whose parent was just killed, and keep others out."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_full_disk(error: BaseException | None) -> bool:
    """Whether ``error``, or what it came of, says that there is no space left."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "No space left on device" in str(error):  # how safetensors says it
            return True
        error = error.__cause__ or error.__context__
    return False


def _result(run: PlannedRun, folder: Path, bench: Bench, tell: Callable[[Epoch], None]) -> RunResult:
    """Train and score."""
    torch.set_num_threads(bench.threads)
    write_config(folder, run.config)
    log = EpochLog(folder / EPOCHS, tell)
    fitter = bench.fitter(run)
    training = TrainingRun(run.config, bench.corpus, folder, fitter=fitter, tracker=NullTracker(), display=log)
    summary = training.run(source=bench.source, only=[run.split.name])
    (group,) = summary.groups.values()
    report = group.reports[run.split.name]
    model = TrainedModel.load(folder / run.split.name / MODEL)
    epochs = tuple(epoch for _, epoch in sorted(log.epochs.items()))
    documents = fitter.data.epoch_size(len(run.split.train))
    return RunResult(
        key=run.key,
        seed=run.seed,
        split=run.split.name,
        config=config_hash(run.config),
        corpus=bench.corpus.hash,
        code=code_hash(),
        version=bran.__version__,
        device=str(fitter.device),
        threads=bench.threads,
        parameters=model.parameters,
        documents={side: len(getattr(run.split, side)) for side in ("train", "validation", "test")},
        threshold=model.description.threshold,
        seconds=sum(documents / epoch.metrics["documents_per_second"] for epoch in epochs),
        epochs=epochs,
        counts=_counts(report),
        curve=_curve(run, folder, bench, fitter),
    )


def _counts(report: EvaluationReport) -> dict[str, CountRecord]:
    return {protocol: CountRecord.of(card.counts, str(card.signature)) for protocol, card in report.cards.items()}


def _curve(run: PlannedRun, folder: Path, bench: Bench, fitter: Fitter) -> list[list[int]]:
    """Counts at each threshold under the config's protocol; empty when no pair was scored."""
    candidates = Predictions.of(read_table(folder / run.split.name / CANDIDATES), system=run.row)
    gold = fitter.gold(bench.corpus.select(run.split.test))
    try:
        counts: list[list[int]] = score_curve(gold, candidates, protocol=run.config.protocol).counts.tolist()
    except DataError:
        return []
    return counts
