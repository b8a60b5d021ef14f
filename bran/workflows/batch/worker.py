"""What a worker does with a task, in whatever process, on whatever machine: a shard in, a finished part out."""

from __future__ import annotations

import faulthandler
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice

from bran.corpus.document import Document
from bran.corpus.readers import Strict
from bran.errors import ConfigError, DataError, FormatError, ModelError, Place
from bran.export.run_folder import Entry, RunFolder, SourceFile
from bran.workflows.batch.engine import DiskFull, Task
from bran.workflows.batch.journal import Journal
from bran.workflows.batch.models import Models, loaded
from bran.workflows.batch.part import Part, PartWriter, is_full_disk
from bran.workflows.batch.shards import Piece, read_shard, stamps
from bran.workflows.batch.source_files import untouched

_NO_TRACE = open(os.devnull, "w")  # noqa: SIM115 - the watchdog writes to it as the process ends


def run_task(task: Task) -> Entry:
    """Do ``task``: its part stands whole in the run's folder when this returns, and nothing of it when it raises.

    Raises:
        ModelError: when a model cannot be read.
        DataError: when a source cannot be read at all, or changes meanwhile; with ``strict``, any document.
        DiskFull: when there is no space left.
    """
    part = Part(RunFolder(task.folder), task.shard.key, task.work)
    try:
        return _Shard(task, loaded(task.settings)).run(part)
    except BaseException as error:
        part.discard()
        if is_full_disk(error):
            message = f"{task.folder}: no space left on the disk; what is done is whole, start again to go on"
            raise DiskFull(message) from None
        raise


FIRST = 8
"""Documents of the first chunk of a shard, at most; later ones double what is done, so that something is seen soon."""
_Numbered = tuple[int, Document]
"""A document and its number in the shard."""


class _Shard:
    """One shard on its way through the models, a chunk of documents at a time."""

    def __init__(self, task: Task, models: Models) -> None:
        self.task, self.models = task, models
        self._chunk = (0, 0)
        self._piece: Piece | None = None

    def run(self, part: Part) -> Entry:
        """Read, tag, extract and write."""
        task, began = self.task, time.perf_counter()
        sources = stamps(task.shard)
        description = self.models.description
        with part.opened(
            model_version=description.bran_version,
            model_hash=self.models.hash,
            names=self.models.names,
            texts=task.settings.texts,
        ) as writer:
            self._extract(writer)
        _check_unchanged(sources)
        entry = Entry(
            key=task.shard.key,
            sources=sources,
            start=task.shard.start,
            stop=task.shard.stop,
            documents=writer.documents,
            relations=writer.relations,
            skipped=writer.errors.skipped,
            dropped=writer.errors.dropped,
            seconds=time.perf_counter() - began,
        )
        part.finish(entry)
        return entry

    def _extract(self, writer: PartWriter) -> None:
        stream, index = self._read(writer), 0
        while True:
            size = self._size(index)
            documents = self._next(stream, index, size, writer)
            self._work(self._kept(enumerate(documents, start=index), writer), writer)
            index += len(documents)
            if len(documents) < size:
                return

    def _next(self, stream: Iterator[Document], index: int, size: int, writer: PartWriter) -> list[Document]:
        """The documents from number ``index`` on, up to ``size``."""
        self._chunk = (index, index + size)
        self._note(writer, reading=self._piece)
        with _time_limit(self.task.settings.max_seconds):
            documents = list(islice(stream, size))
        self._chunk = (index, index + max(len(documents), 1))
        self._note(writer, reading=None)
        return documents

    def _read(self, writer: PartWriter) -> Iterator[Document]:
        settings = self.task.settings
        return iter(
            read_shard(
                self.task.shard,
                schema=self.models.description.relation_schema,
                input_format=settings.input_format,
                options=settings.reading,
                max_characters=settings.max_characters,
                on_error=Strict() if settings.strict else writer.errors,
                on_deleted=writer.delete,
                caution=self.task.caution,
                on_piece=partial(self._begin, writer),
            )
        )

    def _size(self, index: int) -> int:
        """Documents that are worked on together from ``index`` on: suspects come alone."""
        (start, stop), chunk = self.task.suspects, min(self.task.settings.chunk, max(FIRST, index))
        if start <= index < stop:
            return 1
        return min(chunk, start - index) if index < start else chunk

    def _begin(self, writer: PartWriter, piece: Piece) -> None:
        """Note which piece is read from now on; it has the time of a document."""
        self._piece = piece
        self._note(writer, reading=piece)
        _arm(self.task.settings.max_seconds)

    def _note(self, writer: PartWriter, *, reading: Piece | None) -> None:
        start, stop = self._chunk
        journal = Journal(
            start=start,
            stop=stop,
            documents=writer.documents,
            relations=writer.relations,
            errors=writer.errors.skipped,
            reading=reading,
            began=time.time(),
        )
        journal.write(self.task.work)

    def _kept(self, numbered: Iterable[_Numbered], writer: PartWriter) -> list[_Numbered]:
        """``numbered`` without those that have killed workers."""
        kept = []
        for number, document in numbered:
            if reason := self.task.leave_out.get(number):
                writer.errors.skip(FormatError(reason, self._place(document)))
            else:
                kept.append((number, document))
        return kept

    def _work(self, numbered: Sequence[_Numbered], writer: PartWriter) -> None:
        self.models.prepare([document for _, document in numbered])
        with _time_limit(self.task.settings.max_seconds):
            found = self._found(numbered, writer)
        for number, document in found:
            writer.write(document, number)

    def _found(self, numbered: Sequence[_Numbered], writer: PartWriter) -> list[_Numbered]:
        """Documents with their relations; what fails together is tried one by one, and left out when it fails."""
        try:
            found = self.models.extract([document for _, document in numbered])
            return [(number, document) for (number, _), document in zip(numbered, found, strict=True)]
        except (ConfigError, ModelError):
            raise
        except Exception as error:  # whatever breaks one document, the others go on
            if len(numbered) > 1:
                return [found for one in numbered for found in self._found([one], writer)]
            writer.errors.skip(_refusal(error, self._place(numbered[0][1])))
            return []

    def _place(self, document: Document) -> Place:
        paths = self.task.shard.paths
        return Place(paths[0] if len(paths) == 1 else None, document=document.id)


def _refusal(error: Exception, place: Place) -> DataError:
    if isinstance(error, DataError):
        return error if error.place.document else error.at(place)
    message = " ".join(f"{type(error).__name__}: {error}".split())
    return FormatError(f"cannot be worked on ({message}); expected a document that can", place)


def _check_unchanged(sources: Sequence[SourceFile]) -> None:
    for source in sources:
        if not untouched(source):
            raise FormatError("changed while it was read; expected a file that stays as it is", Place(source.path))


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """End this process when the block takes longer, even within C code that never comes back."""
    _arm(seconds)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _arm(seconds: float) -> None:
    """Begin to count the time anew."""
    faulthandler.dump_traceback_later(seconds, exit=True, file=_NO_TRACE)
