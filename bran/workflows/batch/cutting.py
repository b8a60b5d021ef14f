"""Where a large file can be cut into byte ranges that are read each by itself, without reading all of it.

A range begins where a record begins. Cut points are looked for from each multiple of a size, so they depend on the
bytes of the file and that size alone. Formats of lines are cut before a line, XML between the end tag of a record and
the start tag of the next, which no comment or CDATA section must hold both; what is gzipped, in UTF-16 or a single
value is left whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Protocol

from bran.corpus.readers import HEAD_BYTES, detect_format
from bran.corpus.readers.pubtator import is_title
from bran.errors import DataError

_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_TAGS = 256
"""Bytes that hold an end tag and the beginning of the start tag that follows it, as far as they are looked for."""
_PROLOG = rb"(?:\xef\xbb\xbf)?(?>\s+|<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>\[]*>)*+"
_START_TAG = rb"<([A-Za-z_][\w.:-]*)(?>\s+[\w.:-]+\s*=\s*(?>\"[^\"<]*\"|'[^'<]*'))*+\s*>"
_HEADER = re.compile(_PROLOG + _START_TAG, re.DOTALL)
_ENCODING = re.compile(rb"<\?xml[^>]*\bencoding\s*=\s*[\"']([^\"']*)")
_ENCODINGS = frozenset({b"utf-8", b"us-ascii", b"iso-8859-1", b"windows-1252"})
"""In which ``<`` is a byte that stands for nothing else."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is put around a range, so that it can be read as a file is.

    Attributes:
        header: comes before every range but the first.
        footer: comes after every range but the last.
        begin: where in the file the first record can begin.
    """

    header: bytes
    footer: bytes = b""
    begin: int = 0


class Records(Protocol):
    """The records of a format, in the bytes of a file."""

    def frame(self, head: bytes) -> Frame | None:
        """What is put around ranges of the file that begins with ``head``; ``None``: it must stay whole."""

    def first_from(self, file: BinaryIO, at: int) -> int | None:
        """Where a record can be told to begin, as soon as possible from byte ``at`` on."""


class LineRecords:
    """Records that begin with a line of their own.

    Args:
        begins: whether a line, its line end included, is the first of a record.
    """

    def __init__(self, begins: Callable[[bytes], object]) -> None:
        self._begins = begins

    def frame(self, head: bytes) -> Frame | None:
        """A blank line, so that a range's first line is not looked at as the first of a file is."""
        return Frame(b"\n")

    def first_from(self, file: BinaryIO, at: int) -> int | None:
        """The first line from ``at`` on that a record begins with."""
        file.seek(max(0, at - 1))
        position = max(0, at - 1)
        if at:
            position += len(file.readline())  # the rest of a line, or the end of the one before
        for line in file:
            if self._begins(line.removeprefix(_BOM)):
                return position
            position += len(line)
        return None


class XmlRecords:
    """Elements within a root element.

    Args:
        root: names of the root element.
        record: names of the elements.
    """

    def __init__(self, root: tuple[str, ...], record: tuple[str, ...]) -> None:
        self._roots = frozenset(name.encode() for name in root)
        names = "|".join(map(re.escape, record)).encode()
        self._border = re.compile(rb"</(?:%s)\s{0,99}>\s{0,99}(<(?:%s)[\s>/])" % (names, names))

    def frame(self, head: bytes) -> Frame | None:
        """All up to the first tag, and the last tag."""
        header = _HEADER.match(head)
        encoding = _ENCODING.search(head[: header.end()]) if header else None
        is_known = encoding is None or encoding[1].lower() in _ENCODINGS
        if header is None or header[1] not in self._roots or not is_known:
            return None
        return Frame(header[0], b"</%s>" % header[1], begin=header.end())

    def first_from(self, file: BinaryIO, at: int) -> int | None:
        """The start tag of a record after the end tag of another, which stands at ``at`` or after."""
        file.seek(at)
        data = b""
        while chunk := file.read(_CHUNK):
            data += chunk
            if found := self._border.search(data):
                return at + found.start(1)
            at += max(0, len(data) - _TAGS)
            data = data[-_TAGS:]
        return None


CUTTABLE: dict[str, Records] = {
    "pubtator": LineRecords(is_title),
    "jsonl": LineRecords(bytes.strip),
    "pubmed": XmlRecords(("PubmedArticleSet", "PubmedBookArticleSet"), ("PubmedArticle", "PubmedBookArticle")),
    "bioc-xml": XmlRecords(("collection",), ("document",)),
}
"""By the name of the reader: what files can be cut."""


def frame_of(path: str | Path, input_format: str | None = None) -> tuple[str, Frame] | None:
    """The format of a file that can be cut, and what is put around its ranges; ``None``: it must stay whole.

    Args:
        path: of the file.
        input_format: a name of :data:`bran.corpus.readers.READERS`; by default told from the content.
    """
    try:
        name = input_format or detect_format(path)
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
    except (DataError, OSError):
        return None  # whoever reads the file tells what is wrong
    if name not in CUTTABLE or head.startswith(_GZIP) or b"\0" in head:
        return None
    frame = CUTTABLE[name].frame(head)
    return (name, frame) if frame else None


def ranges(path: str | Path, size: int, input_format: str | None = None) -> list[tuple[int, int | None]]:
    """First byte, and one past the last, of the ranges of a file that are read one by one, in order.

    Args:
        path: of the file.
        size: bytes that a range should hold; a range ends with the record that reaches so far.
        input_format: as in :func:`frame_of`.

    Returns:
        ``[(0, None)]`` for a file that must stay whole.
    """
    found = frame_of(path, input_format)
    if found is None:
        return [(0, None)]
    with open(path, "rb") as file:
        cuts = [0, *_cuts(file, CUTTABLE[found[0]], found[1].begin, size)]
    return [*pairwise(cuts), (cuts[-1], None)]


def records(
    path: str | Path, start: int = 0, stop: int | None = None, input_format: str | None = None
) -> Iterator[tuple[int, int | None]]:
    """First byte, and one past the last, of each record in a range of a file, as far as they can be told apart.

    Args:
        path: of the file.
        start: first byte of the range.
        stop: one past its last byte; ``None``: to the end.
        input_format: as in :func:`frame_of`.
    """
    found = frame_of(path, input_format)
    if found is not None:
        name, frame = found
        with open(path, "rb") as file:
            at = CUTTABLE[name].first_from(file, max(frame.begin, start + 1))
            while at is not None and (stop is None or at < stop):
                yield start, at
                start, at = at, CUTTABLE[name].first_from(file, at + 1)
    yield start, stop


def _cuts(file: BinaryIO, records: Records, begin: int, size: int) -> Iterator[int]:
    """Where each range but the first begins; the first has the first record, whatever stands before that."""
    last = records.first_from(file, begin)
    target = size
    while last is not None:
        found = records.first_from(file, max(target, begin))
        if found is None:
            return
        if found > last:
            yield found
        last = max(found, last)
        target = (last // size + 1) * size
