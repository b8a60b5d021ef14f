"""The epochs of a fit as they end: a file with one line of JSON each, whole whatever kills the fit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from bran.config import Config
from bran.errors import FormatError, Place

EPOCHS = "epochs.jsonl"


class Epoch(Config):
    """One epoch of a fit: its number, when it ended (milliseconds since 1970), and its metrics."""

    epoch: int
    time: int
    metrics: dict[str, float]


class EpochFile:
    """Writes every epoch down once, however often the fit is killed and started again.

    Args:
        path: of the file; made with the first epoch. A line that a kill has cut is cut off.

    Attributes:
        epochs: those that are written down, by number.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.epochs = {epoch.epoch: epoch for epoch in self._mended()}

    def add(self, metrics: Mapping[str, float], number: int) -> Epoch | None:
        """Write down the epoch that has just ended; ``None`` when an earlier start has done so."""
        if number in self.epochs:
            return None
        epoch = Epoch(epoch=number, time=int(time.time() * 1000), metrics=dict(metrics))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(epoch.model_dump_json() + "\n")
        self.epochs[number] = epoch
        return epoch

    def _mended(self) -> list[Epoch]:
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        if lines and not lines[-1].endswith("\n"):
            self.path.write_text("".join(lines[:-1]), encoding="utf-8")
        return read_epochs(self.path)


def read_epochs(path: Path) -> list[Epoch]:
    """The epochs that are written down in ``path``, by number; a last line without an end is passed over.

    Raises:
        FormatError: names the line that is no epoch.
    """
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [(number, line) for number, line in enumerate(lines, start=1) if line.endswith("\n")]
    return sorted((_parse(line, Place(str(path), number)) for number, line in whole), key=lambda epoch: epoch.epoch)


def _parse(line: str, place: Place) -> Epoch:
    try:
        return Epoch.model_validate_json(line)
    except ValidationError as error:
        raise FormatError(f"{error.errors()[0]['msg']}; expected what `bran train` writes of an epoch", place) from None
