"""Standard input, kept in the run's folder, so that it can be read again."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import BinaryIO

from bran.errors import FormatError, Place
from bran.export.run_folder import RunFolder

_CHUNK = 1 << 20
_NAME = "stdin-"


def spool(stream: BinaryIO, folder: RunFolder, name: str) -> Path:
    """Write ``stream`` to a file of ``folder`` that is named after its content, and appears when it is whole.

    Args:
        stream: is read to its end.
        folder: of a run that no other process works on.
        name: of the stream, for errors.

    Returns:
        The file: the one that is there already, when the same was read before.

    Raises:
        FormatError: when the stream is empty.
    """
    for place in (folder.work, folder.spool):
        place.mkdir(parents=True, exist_ok=True)
    half = folder.work / f"{_NAME}{secrets.token_hex(4)}.part"
    try:
        digest, size = _copy(stream, half)
        if not size:
            raise FormatError("is empty; expected some content", Place(name))
        # Prose says nothing of its format: the suffix does.
        whole = folder.spool / f"{_NAME}{digest[:12]}.txt"
        if not whole.is_file() or whole.stat().st_size != size:
            half.replace(whole)
        return whole
    finally:
        half.unlink(missing_ok=True)


def is_spooled(path: str | Path) -> bool:
    """Whether :func:`spool` wrote the file at ``path``."""
    path = Path(path)
    return path.name.startswith(_NAME) and path.parent.name == RunFolder(Path()).spool.name


def _copy(stream: BinaryIO, path: Path) -> tuple[str, int]:
    """Write ``stream`` to ``path``; gives the hash and the number of its bytes."""
    digest, size = hashlib.sha256(), 0
    with open(path, "xb") as file:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += file.write(chunk)
    return digest.hexdigest(), size
