"""What an extraction left out, and why: the lines of ``errors.jsonl``, and the shards under ``failed``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bran.errors import DataError, FormatError, Place
from bran.export.run_folder import ERRORS, RunFolder
from bran.wording import one_line


class LeftOut(BaseModel):
    """A document that was left out, rows that were left out of documents, or a shard that could not be done.

    Attributes:
        kind: ``skipped`` (a document, or the rest of a damaged file), ``dropped`` (mentions and relations within
            documents that were kept) or ``failed`` (a whole shard, which the next start tries again).
        message: what was found and what was expected.
        path: the file.
        line: in the file.
        document: its id.
        count: how many were left out for this reason; place and document are those of the first.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["skipped", "dropped", "failed"]
    message: str
    path: str | None = None
    line: int | None = None
    document: str | None = None
    count: int = 1

    @classmethod
    def of(cls, kind: Literal["skipped", "dropped"], error: DataError, count: int = 1) -> LeftOut:
        """The record of ``error``."""
        return cls.at(kind, error.message, error.place, count)

    @classmethod
    def at(cls, kind: Literal["skipped", "dropped"], message: str, place: Place, count: int = 1) -> LeftOut:
        """The record of a message about ``place``."""
        return cls(kind=kind, message=message, path=place.path, line=place.line, document=place.document, count=count)

    def __str__(self) -> str:
        where = Place(self.path, self.line, self.document)
        if self.kind == "dropped":
            return f"dropped rows: {self.count}; first {where}: {self.message}"
        return f"{self.kind}: {where}: {self.message}"


def read_left_out(folder: RunFolder) -> Iterator[LeftOut]:
    """All that was left out of a run: by part in their stable order, then the shards that failed.

    Raises:
        FormatError: when a record is damaged.
    """
    for entry in folder.entries():
        path = folder.part(entry.key) / ERRORS
        if path.exists():
            yield from _records(path)
    for path in sorted(folder.failed.glob("*.json")):
        yield from _records(path)


def _records(path: Path) -> Iterator[LeftOut]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield LeftOut.model_validate_json(line)
            except ValidationError as error:
                message = one_line(error)
                raise FormatError(f"damaged ({message}); expected what bran wrote", Place(str(path), number)) from None
