"""Opening the folder of a run: that it is one, of the same work, and nobody else's at the moment."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bran.errors import ConfigError
from bran.export.columns import columns_json
from bran.export.run_folder import COLUMNS, RunDescription, RunFolder
from bran.files import atomic_write

LOCK = "run.lock"
_COMPARED = ("schema_version", "model", "model_version", "model_hash", "relation_schema", "settings", "inputs")
"""What must be the same when a run goes on, in the order in which differences are looked for."""


@contextmanager
def opened(path: Path, description: RunDescription) -> Iterator[RunFolder]:
    """The folder of a run, made or gone on with, while the block lasts; what is half done in it goes at both ends.

    Args:
        path: where it is, or is to be.
        description: what is to be done.

    Raises:
        ConfigError: when it is another run's, something else's, or another process is writing to it.
    """
    folder = RunFolder(path)
    _check_kind(path)
    path.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        _settle(folder, description)
        folder.parts.mkdir(exist_ok=True)
        _empty(folder.work)
        _empty(folder.failed)  # what failed is tried again
        try:
            yield folder
        finally:
            _empty(folder.work)


def _check_kind(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{path}: is a file; expected a folder")
    if path.is_dir() and not RunFolder.is_run(path) and any(item.name != LOCK for item in path.iterdir()):
        raise ConfigError(f"{path}: holds other things than a run; expected a new or empty folder, or one of this run")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other processes from writing to the run."""
    lock = FileLock(path / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        owner = (path / LOCK).read_text(encoding="utf-8").strip() or "another process"
        raise ConfigError(f"{path}: is being written by {owner}; expected one run at a time") from None
    try:
        (path / LOCK).write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")
        yield
    finally:
        lock.release()


def _settle(folder: RunFolder, description: RunDescription) -> None:
    """Write ``description`` in a run that has nothing done; compare it where something is."""
    if RunFolder.is_run(folder.path) and any(folder.parts.glob("*")):
        _check_same(folder, description)
    else:
        folder.describe(description)
        with atomic_write(folder.path / COLUMNS) as stream:
            stream.write(columns_json())


def _check_same(folder: RunFolder, description: RunDescription) -> None:
    before, now = (
        _flat(item.model_dump(mode="json", include=set(_COMPARED))) for item in (folder.description, description)
    )
    for name in [key for field in _COMPARED for key in before | now if key.split(".")[0] == field]:
        if before.get(name) != now.get(name):
            raise ConfigError(
                f"{folder.path}: {name} was {before.get(name)!r} and is {now.get(name)!r}; "
                "expected the same as before, or another folder"
            )


def _flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """``data`` with dotted keys; the order of inputs does not count."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = sorted(value) if key == "inputs" and not prefix else value
    return flat


def _empty(work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(exist_ok=True)
