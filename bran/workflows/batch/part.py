"""A part under way: its half files, and the one rename that makes it whole."""

from __future__ import annotations

import errno
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from bran.corpus.document import Document
from bran.errors import DataError, Place
from bran.export.document_table import DocumentTableWriter, open_document_table
from bran.export.left_out import LeftOut
from bran.export.run_folder import DOCUMENTS, ENTRY, ERRORS, RELATIONS, Entry, RunFolder
from bran.export.table import Names
from bran.export.writers import ParquetWriter, open_relation_table
from bran.workflows.batch.journal import JOURNAL

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LeftOutLog:
    """An error handler that goes on: what is skipped goes to a file at once, what is dropped is counted.

    Args:
        stream: the lines of ``errors.jsonl``.

    Attributes:
        skipped: documents left out so far.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.skipped = 0
        self._dropped: Counter[str] = Counter()
        self._places: dict[str, Place] = {}

    @property
    def dropped(self) -> int:
        """Mentions and relations left out."""
        return self._dropped.total()

    def skip(self, error: DataError) -> None:
        """Write ``error`` down."""
        self.skipped += 1
        self._write(LeftOut.of("skipped", error))

    def drop(self, error: DataError) -> None:
        """Count ``error`` by its message."""
        self._dropped[error.message] += 1
        self._places.setdefault(error.message, error.place)

    def close(self) -> None:
        """Write down what was counted."""
        for message, count in self._dropped.items():
            self._write(LeftOut.at("dropped", message, self._places[message], count))

    def _write(self, record: LeftOut) -> None:
        self._stream.write(record.model_dump_json(exclude_none=True) + "\n")


class Part:
    """The files of a part that is being written.

    Args:
        folder: of the run.
        key: of the part.
        work: the folder of its half files.
    """

    def __init__(self, folder: RunFolder, key: str, work: Path) -> None:
        self.folder, self.key, self.work = folder, key, work

    @contextmanager
    def opened(self, *, model_version: str, model_hash: str, names: Names, texts: bool) -> Iterator[PartWriter]:
        """A writer of its tables; when the block ends well, they are whole.

        Args:
            model_version: goes into every row.
            model_hash: goes into every row.
            names: gives concepts their preferred names.
            texts: whether passages and mentions are kept.
        """
        self.work.mkdir(parents=True)
        with ExitStack() as stack:
            errors = stack.enter_context((self.work / ERRORS).open("w", encoding="utf-8"))
            relations = open_relation_table(
                self.work / RELATIONS, model_version=model_version, model_hash=model_hash, names=names
            )
            documents = open_document_table(self.work / DOCUMENTS, texts=texts)
            writer = PartWriter(stack.enter_context(relations), stack.enter_context(documents), LeftOutLog(errors))
            yield writer
            writer.errors.close()

    def finish(self, entry: Entry) -> None:
        """Add the manifest entry and let the part appear, in the place of an older one."""
        (self.work / JOURNAL).unlink(missing_ok=True)
        (self.work / ENTRY).write_text(entry.model_dump_json(indent=2) + "\n", encoding="utf-8")
        for name in (RELATIONS, DOCUMENTS, ERRORS, ENTRY):
            _sync(self.work / name)
        _sync(self.work)
        target = self.folder.part(self.key)
        target.parent.mkdir(exist_ok=True)
        remove_part(target, self.work.with_name(f"{self.work.name}.old"))
        self.work.rename(target)
        _sync(target.parent)

    def discard(self) -> None:
        """Remove the half files."""
        shutil.rmtree(self.work, ignore_errors=True)


class PartWriter:
    """Takes the documents of a part one by one.

    Args:
        relations: the relation table.
        documents: the document table.
        errors: the log.

    Attributes:
        errors: is told of what is left out.
        documents: written so far.
        relations: written so far.
    """

    def __init__(self, relations: ParquetWriter, documents: DocumentTableWriter, errors: LeftOutLog) -> None:
        self._relations, self._documents = relations, documents
        self.errors = errors
        self.documents = 0
        self.relations = 0

    def write(self, document: Document, position: int) -> None:
        """Append a document with its relations; it is number ``position`` of its shard."""
        self._relations.write(document, position)
        self._documents.write(document, position)
        self.documents += 1
        self.relations += len(document.relations)

    def delete(self, id_: str, position: int) -> None:
        """Note that the source takes back a document, as it came earlier or up to number ``position`` of its shard."""
        self._documents.delete(id_, position)


def remove_part(target: Path, aside: Path) -> None:
    """Remove a finished part: it is gone at once, whole, whatever happens meanwhile."""
    try:
        target.rename(aside)
    except FileNotFoundError:
        return
    shutil.rmtree(aside)


def is_full_disk(error: BaseException | None) -> bool:
    """Whether ``error``, or what it came of, says that there is no space left."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


def _sync(path: Path) -> None:
    """Have a file or folder on the disk before what follows: a rename must not outlive the content."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
