"""Cuts work into shards, the same ones whatever else is worked on."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from bran.workflows.batch.cutting import ranges
from bran.workflows.batch.inputs import in_order
from bran.workflows.batch.shards import Shard

CUT_BYTES = 32 << 20
"""Larger files are cut, where they can be."""
SMALL_BYTES = 256 << 10
"""Smaller files are taken together."""
_GROUP = 64
"""Files of a group, on average."""
_MOST = 1024
"""Files of a group, at most."""
_STEM = 48
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def plan(
    paths: Iterable[Path], *, input_format: str | None = None, cut: int = CUT_BYTES, small: int = SMALL_BYTES
) -> list[Shard]:
    """The shards of ``paths``, in natural order: ranges of large files, whole files, and groups of small ones.

    A group ends at a file whose own path says so, or at a file that is not small; so a file that is added or
    withdrawn changes no group but its own.

    Args:
        paths: absolute, in any order.
        input_format: a name of :data:`bran.corpus.readers.READERS`; by default told from the content.
        cut: bytes of a range; files that are not larger stay whole.
        small: files of fewer bytes are grouped.
    """
    return list(_shards(in_order(paths), input_format, cut, small))


def _shards(paths: Iterable[Path], input_format: str | None, cut: int, small: int) -> Iterator[Shard]:
    group: list[str] = []
    for path in paths:
        size = _size(path)
        if size is not None and size < small:
            group.append(str(path))
            if len(group) < _MOST and not _ends_group(path):
                continue
        if group:
            yield _shard(tuple(group))
            group = []
        if size is None or size >= small:
            yield from _of_file(path, input_format, cut if size is not None and size > cut else None)
    if group:
        yield _shard(tuple(group))


def _size(path: Path) -> int | None:
    """Bytes of a file; ``None`` when it is gone: then it is left to itself, so that no other is lost with it."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def _ends_group(path: Path) -> bool:
    return int(_digest(str(path)), 16) % _GROUP == 0


def _of_file(path: Path, input_format: str | None, cut: int | None) -> Iterator[Shard]:
    for start, stop in ranges(path, cut, input_format) if cut else [(0, None)]:
        yield _shard((str(path),), start, stop)


def _shard(paths: tuple[str, ...], start: int = 0, stop: int | None = None) -> Shard:
    """A shard under a name that a human knows it by, and that no other has."""
    name = _UNSAFE.sub("_", Path(paths[0]).name)[:_STEM].strip("._-") or "part"
    if len(paths) > 1:
        name += f"+{len(paths) - 1}"
    if start or stop is not None:
        name += f"@{start}"
    return Shard(f"{name}-{_digest(*paths, f'{start}:{stop}')[:12]}", paths, start, stop)


def _digest(*parts: str) -> str:
    return hashlib.sha256(b"\0".join(map(os.fsencode, parts))).hexdigest()
