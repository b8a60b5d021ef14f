"""The journal of a part under way: how far its worker is, and which documents it is working on."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

JOURNAL = "journal.json"


class Journal(BaseModel):
    """What a worker notes before it reads on, and before it works on what it has read.

    Attributes:
        start: number in the shard of the first document that it is about to work on.
        stop: one past the last.
        documents: done so far.
        relations: found so far.
        errors: documents left out so far.
        reading: the piece of the shard that is being read; ``None``: all of these documents have been read.
        began: when it was written, in seconds since the epoch.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: int
    stop: int
    documents: int = 0
    relations: int = 0
    errors: int = 0
    reading: tuple[int, int] | None = None
    began: float = 0.0

    @property
    def alone(self) -> bool:
        """Whether it names one document only."""
        return self.stop - self.start == 1

    def write(self, folder: Path) -> None:
        """Replace the journal in ``folder``; it is whole whenever the worker dies."""
        half = folder / f"{JOURNAL}.new"
        half.write_text(self.model_dump_json(), encoding="utf-8")
        half.replace(folder / JOURNAL)

    @classmethod
    def read(cls, folder: Path) -> Journal | None:
        """The journal in ``folder``, if there is one."""
        try:
            return cls.model_validate_json((folder / JOURNAL).read_bytes())
        except (OSError, ValidationError):  # none yet, or the part has just been finished
            return None
