"""The files that a part was made of: what they were then, and whether they still are."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

from bran.errors import FormatError, Place
from bran.export.run_folder import Entry, SourceFile
from bran.workflows.batch.file_range import range_chunks


def stamp(path: str, start: int = 0, stop: int | None = None) -> SourceFile:
    """What a file is now: its size, the time of its last change, and the hash of its bytes.

    Args:
        path: absolute.
        start: first byte that is hashed: of a range, the bytes of the range alone are.
        stop: one past the last byte; ``None``: to the end.

    Raises:
        FormatError: when it cannot be read.
    """
    try:
        status = os.stat(path)
        sha256 = _sha256(path, start, stop)
    except OSError as error:
        raise FormatError(f"cannot be read ({error.strerror}); expected a readable file", Place(path)) from None
    return SourceFile(path=path, size=status.st_size, mtime_ns=status.st_mtime_ns, sha256=sha256)


def untouched(source: SourceFile) -> bool:
    """Whether a file has the size and the time of last change that it had, without reading it."""
    try:
        status = os.stat(source.path)
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (source.size, source.mtime_ns)


def changes(entry: Entry) -> list[str]:
    """What has become of the sources of a part since, a line for each that is another; none: the part is true still.

    A file that has been touched is read: with the same bytes, or the same ones in the range, it is the same.
    """
    return list(_changes(entry))


def _changes(entry: Entry) -> Iterator[str]:
    for source in entry.sources:
        if change := _change(source, entry.start, entry.stop):
            yield f"{source.path}: {change}"


def _change(source: SourceFile, start: int, stop: int | None) -> str:
    """How a file differs from what it was; empty when it does not."""
    if untouched(source):
        return ""
    try:
        size = os.stat(source.path).st_size
        if (stop is None and size != source.size) or size < (stop or 0):
            return f"has {size:,} bytes, had {source.size:,}"
        return "" if _sha256(source.path, start, stop) == source.sha256 else "has other content than it had"
    except OSError as error:
        return f"cannot be read any more ({error.strerror})"


def _sha256(path: str, start: int, stop: int | None) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in range_chunks(file, start, stop):
            digest.update(chunk)
    return digest.hexdigest()
