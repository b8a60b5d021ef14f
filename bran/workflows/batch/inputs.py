"""What the user named becomes files: each once, in an order that does not depend on how they were named."""

from __future__ import annotations

import glob
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bran.errors import FormatError, Place
from bran.export.run_folder import RunFolder, natural
from bran.files import STDIN, source_name
from bran.workflows.batch.spool import spool

_PASSED_OVER = ("~", ".md5", ".part", ".conf")
"""Endings of names that folders and patterns do not stand for: backups, checksums, half downloads, brat's settings."""
_SIGNS = "*?["
_BRAT = ".ann"


def expand_inputs(inputs: Sequence[str], folder: RunFolder) -> list[Path]:
    """The files that ``inputs`` stand for: absolute, each once, in natural order.

    A folder stands for the files in it and in its folders, a pattern (``data/*.xml.gz``, ``data/**/*.jsonl``) for
    what it matches; hidden files, backups, checksums, half downloads, `.conf` and the folders of runs are passed
    over there, and in a folder what is read together with the annotations of brat beside it. What can be read but once
    (``-``, a pipe) is first written to the run's folder.

    Args:
        inputs: files, folders, patterns and ``-``.
        folder: of the run.

    Raises:
        FormatError: when one of them does not exist, cannot be read, or stands for nothing.
    """
    return in_order(path for item in dict.fromkeys(inputs) for path in _files(item, folder))


def in_order(paths: Iterable[Path]) -> list[Path]:
    """``paths``, each once, ``file2`` before ``file10``."""
    return sorted({Path(os.path.abspath(path)) for path in paths}, key=lambda path: natural(str(path)))


def _files(item: str, folder: RunFolder) -> Iterator[Path]:
    if item == STDIN:
        yield spool(sys.stdin.buffer, folder, source_name(STDIN))
        return
    try:
        mode = os.stat(item).st_mode
    except OSError as error:
        yield from _matches(item, folder, error)
        return
    if stat.S_ISDIR(mode):
        yield from _some(_walk(item, folder), item)
    elif stat.S_ISREG(mode):
        yield _named(item)
    else:
        with open(item, "rb") as pipe:
            yield spool(pipe, folder, item)


def _matches(pattern: str, folder: RunFolder, error: OSError) -> Iterator[Path]:
    """The files that ``pattern`` matches, or that are in the folders that it matches."""
    if not any(sign in pattern for sign in _SIGNS):
        message = f"cannot be opened ({error.strerror}); expected a file, a folder, a quoted pattern, or -"
        raise FormatError(message, Place(pattern or repr(pattern)))
    yield from _some((path for match in glob.iglob(pattern, recursive=True) for path in _under(match, folder)), pattern)


def _under(match: str, folder: RunFolder) -> Iterator[Path]:
    if os.path.isdir(match):
        yield from _walk(match, folder)
    elif _is_wanted(match):
        yield _named(match)


def _walk(top: str, folder: RunFolder) -> Iterator[Path]:
    for where, folders, names in os.walk(top, onerror=_unreadable):
        if _is_run(where, folder):
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (os.path.join(where, name) for name in names)
        yield from (_named(path) for path in paths if _is_wanted(path) and not _is_beside(path))


def _is_run(path: str, folder: RunFolder) -> bool:
    return RunFolder.is_run(Path(path)) or os.path.abspath(path) == os.path.abspath(folder.path)


def _is_wanted(path: str) -> bool:
    """Whether a folder or pattern stands for the file at ``path``; a broken link is wanted, and told of when read."""
    name = os.path.basename(path)
    is_file = os.path.isfile(path) or os.path.islink(path)
    return is_file and not name.startswith(".") and not name.endswith(_PASSED_OVER)


def _is_beside(path: str) -> bool:
    """Whether a file is read with another one: text and record of brat's annotations, or annotations without any."""
    stem, suffix = os.path.splitext(path)
    if suffix == _BRAT:
        return not _has_content(path) and os.path.isfile(stem + ".txt")
    return suffix in (".txt", ".json") and _has_content(stem + _BRAT)


def _has_content(path: str) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) > 0


def _named(path: str) -> Path:
    """``path``, whose name can be written down.

    Raises:
        FormatError: when it is not UTF-8.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        raise FormatError("the name is not UTF-8; expected one that is", Place(ascii(path))) from None
    return Path(path)


def _some(paths: Iterator[Path], item: str) -> Iterator[Path]:
    """``paths``, of which there must be one.

    Raises:
        FormatError: when there is none.
    """
    first = next(paths, None)
    if first is None:
        passed_over = ", ".join(f"*{ending}" for ending in _PASSED_OVER)
        message = f"stands for no file (hidden ones, {passed_over} and folders of runs are passed over); expected some"
        raise FormatError(message, Place(item))
    yield first
    yield from paths


def _unreadable(error: OSError) -> None:
    raise FormatError(f"cannot be read ({error.strerror}); expected a readable folder", Place(error.filename))
