"""Folders that appear under their name only when they are whole."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bran.errors import FormatError, Place


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """A folder to write into that is renamed to ``path`` when the ``with`` block ends well, else removed.

    Raises:
        FormatError: when ``path`` is there already and not an empty folder, or cannot be written.
    """
    target = Path(path)
    if target.exists() and not (target.is_dir() and next(target.iterdir(), None) is None):
        raise FormatError("is there already; expected the name of a new folder", Place(str(target)))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        temporary.mkdir()
        yield temporary
        temporary.replace(target)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise FormatError(f"cannot be written ({error.strerror})", Place(str(target))) from None
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
