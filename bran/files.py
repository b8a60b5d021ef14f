"""Opening and writing files: gzip by content, errors that name the place, outputs that appear by rename."""

from __future__ import annotations

import gzip
import io
import secrets
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO, cast

from bran.errors import FormatError, Place

STDIN = "-"
"""The path that stands for standard input."""

_GZIP_MAGIC = b"\x1f\x8b"
_SNIFFED = 8192
_BROKEN = (OSError, EOFError, zlib.error)
"""What reading raises where a file, or what is packed in it, breaks off or is damaged."""


@contextmanager
def open_binary(path: str | Path) -> Iterator[BinaryIO]:
    """The bytes of a plain or gzipped file (told by its first two bytes, not its name); ``-`` is standard input.

    Raises:
        FormatError: when there is no such file, it is a directory, is empty, or cannot be opened.
    """
    place = Place(source_name(path))
    if str(path) == STDIN:
        start, stdin = rewound(sys.stdin.buffer, len(_GZIP_MAGIC), source_name(path))
        with _unpacked(stdin, start, place) as stream:
            yield stream
        return
    try:
        raw = open(str(path), "rb")  # noqa: SIM115 - closed by the with below; only opening is tried here
    except IsADirectoryError:
        raise FormatError("is a directory; expected a file", place) from None
    except OSError as error:
        raise FormatError(f"cannot be opened ({error.strerror}); expected a readable file", place) from None
    with raw, _unpacked(raw, raw.peek(len(_GZIP_MAGIC)), place) as stream:
        yield stream


@contextmanager
def _unpacked(raw: BinaryIO, start: bytes, place: Place) -> Iterator[BinaryIO]:
    """``raw``, or what is packed in it when it has the ``start`` of gzip."""
    if not start:
        raise FormatError("is empty; expected some content", place)
    if start.startswith(_GZIP_MAGIC):
        with gzip.GzipFile(fileobj=raw, mode="rb") as unpacked:
            yield cast(BinaryIO, unpacked)
    else:
        yield raw


@contextmanager
def open_source(source: str | Path | BinaryIO) -> Iterator[BinaryIO]:
    """What a reader was given, as a stream: a path is opened as by :func:`open_binary`, a stream stays as it is.

    Raises:
        FormatError: as :func:`open_binary`; also within the ``with`` block, when gzip data is corrupt.
    """
    opened = open_binary(source) if isinstance(source, str | Path) else nullcontext(source)
    with opened as stream:
        try:
            yield stream
        except _BROKEN as error:
            place = Place(source_name(source))
            raise FormatError(f"cannot be read on: {error}; expected a whole file", place) from None


def read_head(stream: BinaryIO, size: int) -> bytes:
    """The next ``size`` bytes of ``stream``; fewer where it ends or breaks off."""
    read = getattr(stream, "read1", stream.read)  # gives what there is before it raises
    head = b""
    try:
        while len(head) < size and (more := read(size - len(head))):
            head += more
    except _BROKEN:
        pass  # whoever reads on is told again
    return head


def rewound(stream: BinaryIO, size: int, name: str) -> tuple[bytes, BinaryIO]:
    """The first ``size`` bytes of ``stream``, and a stream called ``name`` that has them still.

    It need not be seekable; it is not closed with the one that is returned.
    """
    head = read_head(stream, size)
    return head, cast(BinaryIO, io.BufferedReader(_Rewound(head, stream, name)))


class _Rewound(io.RawIOBase):
    """The bytes that were taken off a stream, then the rest of it."""

    def __init__(self, head: bytes, rest: BinaryIO, name: str) -> None:
        self.name = name
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._head[: len(buffer)] or self._rest.read(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def read_lines(source: str | Path | BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The numbered lines of a file or binary stream, from 1, without line end and byte order mark.

    Only a line feed ends a line; one carriage return before it is taken off.

    Raises:
        FormatError: as :func:`open_binary`; also when the file is binary or its gzip data is corrupt.
    """
    if isinstance(source, str | Path):
        with open_binary(source) as stream:
            yield from _numbered(stream, source_name(source))
    else:
        yield from _numbered(source, source_name(source))


def source_name(source: str | Path | BinaryIO) -> str:
    """How errors name ``source``: its path, ``stdin``, or the stream's name."""
    if isinstance(source, str | Path):
        return "stdin" if str(source) == STDIN else str(source)
    return str(getattr(source, "name", "stream"))


def file_stem(path: str | Path) -> str:
    """What documents without an id are called after: the name of ``path`` up to its suffix and ``.gz``."""
    return Path(Path(path).name.removesuffix(".gz")).stem.strip("<>") or "document"


def _numbered(stream: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    number = 0
    lines = iter(stream)
    while True:
        try:
            line = next(lines, None)
        except _BROKEN as error:
            raise FormatError(f"cannot be read on: {error}; expected a whole file", Place(name, number + 1)) from None
        if line is None:
            return
        number += 1
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
            if b"\x00" in line[:_SNIFFED]:
                raise FormatError("is binary; expected text", Place(name))
        yield number, line.removesuffix(b"\n").removesuffix(b"\r")


@contextmanager
def open_text(path: str | Path) -> Iterator[TextIO]:
    """A plain or gzipped UTF-8 file as text; what goes wrong while it is read is told with its path.

    Raises:
        FormatError: as :func:`open_binary`; also within the ``with`` block, when the file is not UTF-8
            or its gzip data is corrupt.
    """
    with open_binary(path) as binary, io.TextIOWrapper(binary, encoding="utf-8-sig", newline="\n") as text:
        try:
            yield text
        except UnicodeDecodeError as error:
            message = f"byte 0x{error.object[error.start]:02x} is not UTF-8; expected text"
            raise FormatError(message, Place(str(path))) from None
        except _BROKEN as error:
            raise FormatError(f"cannot be read on: {error}; expected a whole file", Place(str(path))) from None


@contextmanager
def atomic_write(path: str | Path) -> Iterator[TextIO]:
    """A UTF-8 file that appears under ``path`` only when the ``with`` block ends well.

    It is written beside ``path`` under another name and renamed at the end; when anything is raised
    (an interrupt included) it is removed and what stood under ``path`` stays. A name that ends in
    ``.gz`` is compressed, with the same bytes for the same text.
    """
    with atomic_write_binary(path) as binary:
        text = io.TextIOWrapper(cast(IO[bytes], binary), encoding="utf-8", newline="")
        try:
            yield text
        finally:
            text.detach()  # flushes; the bytes below are closed, and thrown away, by their own manager


@contextmanager
def atomic_write_binary(path: str | Path) -> Iterator[BinaryIO]:
    """As :func:`atomic_write`, for bytes.

    Raises:
        FormatError: when the folder of ``path`` cannot be written to.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as raw, _packed(raw, Path(path)) as stream:
        yield stream


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """An empty file beside ``path`` that takes its place when the ``with`` block ends well, and else is removed.

    For those who write by a file's name, such as databases.

    Raises:
        FormatError: when the folder of ``path`` cannot be written to.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        temporary.touch(exist_ok=False)
    except OSError as error:
        raise FormatError(f"cannot be written ({error.strerror})", Place(str(path))) from None
    try:
        yield temporary
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _packed(raw: BinaryIO, target: Path) -> Iterator[BinaryIO]:
    """``raw``, or a compressor before it when ``target`` ends in ``.gz``."""
    if target.suffix != ".gz":
        yield raw
        return
    with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
        yield cast(BinaryIO, packed)
