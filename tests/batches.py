"""Runs of the batch engine over invented documents: inputs, engines, and what comes out, for its tests."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bran.corpus.document import Document, Mention, Passage
from bran.corpus.readers import read_documents
from bran.export.run_folder import DOCUMENTS, RELATIONS, Entry
from bran.workflows.batch import shards
from bran.workflows.batch.engine import Engine, Task
from bran.workflows.batch.progress import Progress
from bran.workflows.batch.run import Outcome, extract_to_folder
from bran.workflows.batch.settings import BatchSettings
from bran.workflows.batch.worker import run_task
from bran.workflows.tag import TaggingSettings
from bran.workflows.workers import Process
from tests.builders import tiny_model
from tests.runs import abstracts, write_corpus

KILL, EXIT, HANG, RAISE = "Killer", "Quitter", "Sleeper", "Raiser"
"""Words of a text at which a worker of :class:`Deadly` ends, and how."""


def numbered(first: int, count: int) -> list[Document]:
    """``count`` abstracts with the ids ``first``, ``first + 1``, ..."""
    known = abstracts()
    return [replace(known[number % len(known)], id=str(number)) for number in range(first, first + count)]


def write_inputs(folder: Path, files: int = 3, documents: int = 5) -> Path:
    """A folder of PubTator files ``part1.txt``, ``part2.txt``, ... with ids 1000..., 2000..., ...; returns it."""
    folder.mkdir(exist_ok=True)
    for number in range(1, files + 1):
        write_corpus(folder / f"part{number}.txt", numbered(1000 * number, documents))
    return folder


def write_texts(path: Path, texts: Sequence[str]) -> Path:
    """Texts without mentions, whose ids are their numbers; returns ``path``."""
    path.write_text("".join(f"{number}|t|{text}\n\n" for number, text in enumerate(texts)), encoding="utf-8")
    return path


def write_model(folder: Path) -> Path:
    """A model with random weights; returns its folder."""
    tiny_model(name="mine").save(folder)
    return folder


@dataclass(frozen=True, slots=True)
class Deadly(TaggingSettings):
    """Tags Velorin and tremor, and ends the process at certain words."""

    def __call__(self) -> Process:
        return self._tagged

    def _tagged(self, documents: Iterable[Document]) -> Iterator[Document]:
        for document in documents:
            if KILL in document.text:
                os.kill(os.getpid(), signal.SIGKILL)
            if EXIT in document.text:
                os._exit(3)
            if HANG in document.text:
                time.sleep(600)
            if RAISE in document.text:
                raise ZeroDivisionError("division by zero")
            yield document if document.is_linked else document.with_mentions(tuple(self._mentions(document.text)))

    def _mentions(self, text: str) -> Iterator[Mention]:
        for name, type_, concept in (("Velorin", "Chemical", "MESH:C1"), ("tremor", "Disease", "MESH:D1")):
            if (start := text.find(name)) >= 0:
                yield Mention(start, start + len(name), type_, (concept,))


class DeadlyReading(Deadly):
    """Ends the process that it is sent to at certain words of what is read there."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Callable[[], DeadlyReading], tuple[()]]:
        return _read_deadly, ()


def _read_deadly() -> DeadlyReading:
    """Have this process end itself as it reads."""
    shards.read_documents = _deadly_documents
    return DeadlyReading()


def _deadly_documents(*source: Any, **how: Any) -> Iterator[Document]:
    for document in read_documents(*source, **how):
        if KILL in document.text:
            os.kill(os.getpid(), signal.SIGKILL)
        yield document


class Inline:
    """An engine that does every task at once, in this process.

    Args:
        before: called with each task; may raise what its future is to raise.
    """

    slots = 1

    def __init__(self, before: Callable[[Task], None] = lambda task: None) -> None:
        self.before = before
        self.tasks: list[Task] = []

    def submit(self, task: Task) -> Future[Entry]:
        self.tasks.append(task)
        future: Future[Entry] = Future()
        try:
            self.before(task)
            future.set_result(run_task(task))
        except Exception as error:
            future.set_exception(error)
        return future


class Ears:
    """Shows nothing, and remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.last: Progress | None = None

    def progress(self, progress: Progress) -> None:
        self.last = progress

    def note(self, line: str) -> None:
        self.notes.append(line)


def start(
    inputs: Sequence[str | Path],
    output: Path,
    settings: BatchSettings,
    engine: AbstractContextManager[Engine] | Inline | None = None,
    ears: Ears | None = None,
) -> Outcome:
    """Start a run, or go on with it; by default in this process."""
    opened = nullcontext(engine or Inline()) if not isinstance(engine, AbstractContextManager) else engine
    return extract_to_folder(
        [str(item) for item in inputs], output, settings, opened, ears or Ears(), threshold=str(settings.threshold)
    )


def rows(output: Path, *, digits: int = 5, name: str = RELATIONS) -> list[dict[str, Any]]:
    """The rows of all parts, sorted, numbers rounded."""
    tables = [pq.read_table(path) for path in sorted((output / "parts").glob(f"*/{name}"))]
    found = pa.concat_tables(tables).to_pylist() if tables else []
    return sorted((_rounded(row, digits) for row in found), key=repr)


def document_ids(output: Path) -> list[str]:
    """The ids of all documents that were read, sorted."""
    return sorted(row["document"] for row in rows(output, name=DOCUMENTS))


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item, digits) for item in value]
    return round(value, digits) if isinstance(value, float) else value


def text(id_: str, words: str) -> Document:
    """A document without mentions."""
    return Document(id_, (Passage("title", words),))
