"""``bran extract -o FOLDER``: files in, a run's folder out; started again, it does what is missing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from bran.export.run_folder import RunFolder
from bran.export.run_tables import Counts, open_tables
from bran.extraction.trained_model import read_description, resolve_threshold
from bran.wording import counted
from bran.workflows.batch.description import describe
from bran.workflows.batch.driver import Driver
from bran.workflows.batch.engine import EngineContext
from bran.workflows.batch.inputs import expand_inputs
from bran.workflows.batch.manifest import Agenda
from bran.workflows.batch.opening import opened
from bran.workflows.batch.planning import plan
from bran.workflows.batch.progress import Meter, Observer, Progress
from bran.workflows.batch.settings import BatchSettings

_NAMED = 10
"""Files of one kind that are named one by one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a start has come to.

    Attributes:
        progress: at the end; counts what earlier starts have done, too.
        counted: what is left of that when the parts are read together.
        dropped: mentions and relations left out of documents.
        failed: shards that could not be done.
        withdrawn: files whose parts were removed, being no input any more.
        changed: files that were done again.
        deaths: of workers.
        documents: done by this start.
        seconds: that it took.
    """

    progress: Progress
    counted: Counts
    dropped: int
    failed: int
    withdrawn: int
    changed: int
    deaths: int
    documents: int
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether nothing was left out."""
        return not self.progress.errors


def extract_to_folder(
    inputs: Sequence[str],
    path: Path,
    settings: BatchSettings,
    engine: EngineContext,
    observer: Observer,
    *,
    threshold: str | None = None,
) -> Outcome:
    """Extract the relations of all ``inputs`` into the folder at ``path``, or what is missing there.

    Args:
        inputs: files, folders, patterns; ``-`` is standard input.
        path: a new or empty folder, or that of the same run.
        settings: how documents are worked on.
        engine: runs the tasks; it is opened and closed here.
        observer: is told how it goes on.
        threshold: replaces that of ``settings``: a number, a name that the model knows, or ``None`` for its own.

    Raises:
        ConfigError: when the folder is another run's, or is being written to.
        ModelError: when the model cannot be read.
        DiskFull: when there is no space left.
        KeyboardInterrupt: also when the process is told to end (SIGTERM).
    """
    settings = replace(settings, threshold=resolve_threshold(read_description(settings.model), threshold))
    with _terminable(), opened(path, describe(settings, inputs)) as folder:
        shards = plan(expand_inputs(inputs, folder), input_format=settings.input_format)
        agenda = Agenda.of(folder, shards)
        _tell(agenda, observer)
        agenda.clear(folder)
        meter = Meter(shards, agenda.done)
        deaths = 0
        if agenda.todo:
            with engine as running:
                driver = Driver(folder, running, settings, meter, observer)
                driver.run(agenda.todo)
            deaths = driver.deaths.count
        return _outcome(folder, agenda, meter, deaths)


def _tell(agenda: Agenda, observer: Observer) -> None:
    """Name what is otherwise than it was at the last start."""
    kinds = [("changed since, done again", agenda.changed), ("withdrawn, its rows are gone", agenda.withdrawn)]
    if agenda.done or agenda.stale:
        kinds.append(("added", agenda.added))
    for kind, paths in kinds:
        for path in paths[:_NAMED]:
            observer.note(f"{kind}: {path}")
        if len(paths) > _NAMED:
            observer.note(f"{kind}: {counted(len(paths) - _NAMED, 'more file')}")


def _outcome(folder: RunFolder, agenda: Agenda, meter: Meter, deaths: int) -> Outcome:
    progress, entries = meter.progress(), folder.entries()
    with open_tables(folder.path, temp=folder.work) as tables:
        counted = tables.counts()
    return Outcome(
        progress=progress,
        counted=counted,
        dropped=sum(entry.dropped for entry in entries),
        failed=progress.shards - len(entries),
        withdrawn=len(agenda.withdrawn),
        changed=len(agenda.changed),
        deaths=deaths,
        documents=progress.documents - sum(entry.documents for entry in agenda.done),
        seconds=meter.seconds,
    )


@contextmanager
def _terminable() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C while the block lasts: workers end, half files go."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
