"""Shards: what one worker reads, tags, extracts and writes at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from bran.corpus.document import Document
from bran.corpus.readers import ErrorHandler, ReaderOptions, read_documents
from bran.corpus.schema import Schema
from bran.errors import DataError, FormatError, Place
from bran.export.run_folder import SourceFile
from bran.workflows.batch.cutting import Frame, frame_of, records
from bran.workflows.batch.file_range import RangeErrors, lines_before, open_range
from bran.workflows.batch.source_files import stamp
from bran.workflows.batch.spool import is_spooled
from bran.workflows.inputs import MAX_CHARACTERS, not_too_long

Piece = tuple[int, int]
"""What is read at a time: the number of its path in the shard, and its first byte."""


@dataclass(frozen=True, slots=True)
class Caution:
    """How a shard is read that workers die of while they read.

    Attributes:
        apart: whether records are read one by one, as far as they can be told apart; a piece is a record then, and
            else all that the shard has of a file.
        unreadable: pieces that are passed over, with what is to be reported of them.
    """

    apart: bool = False
    unreadable: Mapping[Piece, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shard:
    """A byte range of a file, a whole file, or several small files.

    Attributes:
        key: names its part; depends on the paths and the range alone.
        paths: absolute, in natural order; one, or several small ones.
        start: first byte of the range.
        stop: one past the last byte; ``None``: to the end.
    """

    key: str
    paths: tuple[str, ...]
    start: int = 0
    stop: int | None = None

    @property
    def is_range(self) -> bool:
        """Whether it is a part of a file."""
        return self.start > 0 or self.stop is not None


def read_shard(
    shard: Shard,
    *,
    schema: Schema | None = None,
    input_format: str | None = None,
    options: ReaderOptions | None = None,
    max_characters: int = MAX_CHARACTERS,
    on_error: ErrorHandler,
    on_deleted: Callable[[str, int], object] | None = None,
    caution: Caution | None = None,
    on_piece: Callable[[Piece], object] | None = None,
) -> Iterator[Document]:
    """Every record of a shard, in its order; the number of a record counts what comes out here, from 0.

    Of several records of one id all come: which one counts is decided when all parts are read together
    (``meta["version"]`` of PubMed records, then the later source, then the later record).

    Args:
        shard: what is read.
        schema: the types that documents may hold, and the namespaces of their ids.
        input_format: a name of :data:`bran.corpus.readers.READERS`; by default told from the content.
        options: of single formats.
        max_characters: longer documents are told to ``on_error`` and left out.
        on_error: is told of what is left out, with lines of the whole file.
        on_deleted: is told the id of each document that a source deletes, and the number of the last record before
            that: what comes later is not deleted by it.
        caution: with which the files are read.
        on_piece: is told what is read next.

    Raises:
        FormatError: when the whole shard is one piece that cannot be read.
    """
    given, caution = 0, caution or Caution()

    def deleted(id_: str) -> None:
        if on_deleted is not None:
            on_deleted(id_, given - 1)

    for number, part in _parts(shard, input_format, caution):
        if reason := caution.unreadable.get((number, part.start)):
            _pass_over(part, shard, reason, on_error)
            continue
        if on_piece is not None:
            on_piece((number, part.start))
        documents = _read(part, schema, input_format, options or ReaderOptions(), on_error, deleted)
        for document in not_too_long(documents, part.paths[0], max_characters, on_error):
            yield document
            given += 1


def stamps(shard: Shard) -> tuple[SourceFile, ...]:
    """What the sources of a shard are now; of a range, its own bytes are hashed.

    Raises:
        FormatError: when one cannot be read.
    """
    return tuple(stamp(path, shard.start, shard.stop) for path in shard.paths)


def _parts(shard: Shard, input_format: str | None, caution: Caution) -> Iterator[tuple[int, Shard]]:
    """The pieces of ``shard``, each as a shard, with the number of its path."""
    for number, path in enumerate(shard.paths):
        whole = [(shard.start, shard.stop)]
        for start, stop in records(path, shard.start, shard.stop, input_format) if caution.apart else whole:
            yield number, replace(shard, paths=(path,), start=start, stop=stop)


def _pass_over(part: Shard, shard: Shard, reason: str, on_error: ErrorHandler) -> None:
    """Tell of a piece that cannot be read.

    Raises:
        FormatError: when it is all of ``shard``, which is then tried again at the next start.
    """
    (path,) = part.paths
    error = FormatError(reason, Place(path, lines_before(path, part.start) + 1 if part.is_range else None))
    if part == shard:
        raise error
    on_error.skip(error)


def _read(
    shard: Shard,
    schema: Schema | None,
    input_format: str | None,
    options: ReaderOptions,
    on_error: ErrorHandler,
    on_deleted: Callable[[str], object],
) -> Iterator[Document]:
    (path,) = shard.paths
    with ExitStack() as stack:
        source: str | BinaryIO = path
        if shard.is_range:
            try:
                input_format, frame = _frame(path, input_format)
                source = stack.enter_context(open_range(path, shard.start, shard.stop, frame))
            except DataError as error:
                on_error.skip(error)
                return
            on_error = RangeErrors(on_error, path, shard.start, frame)
        elif is_spooled(path) and options.text is None:
            options = options.model_copy(update={"text": "paragraphs"})  # as standard input is read
        yield from read_documents(
            source,
            schema=schema,
            input_format=input_format,
            options=options,
            on_error=on_error,
            every_record=True,
            on_deleted=on_deleted,
        )


def _frame(path: str, input_format: str | None) -> tuple[str, Frame]:
    """Format and frame of a file that was cut.

    Raises:
        FormatError: when it is not any more what it was when it was cut.
    """
    found = frame_of(path, input_format)
    if found is None:
        raise FormatError("was to be read in ranges and cannot be any more; expected it unchanged", Place(path))
    return found
