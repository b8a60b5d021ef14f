"""The folder of an extraction: what lies where, and what is said of each part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bran.corpus.document import Document
from bran.errors import FormatError, Place
from bran.files import atomic_write
from bran.wording import one_line

if TYPE_CHECKING:
    from bran.export.run_tables import Counts

DESCRIPTION = "run.json"
COLUMNS = "schema.json"
ENTRY = "entry.json"
RELATIONS, DOCUMENTS, ERRORS = "relations.parquet", "documents.parquet", "errors.jsonl"
"""The files of a part."""


_Model = TypeVar("_Model", bound=BaseModel)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class RunDescription(_Record):
    """What decides the result of a run: the content of ``run.json``.

    Attributes:
        schema_version: of the tables.
        bran_version: of the program that began the run.
        model: name of the model.
        model_version: version of that model.
        model_hash: twelve hexadecimal digits that name its weights, vocabulary and settings.
        relation_schema: the schema of its relations, as data.
        settings: of reading, tagging and extraction, as they decide the result.
        inputs: what the user named, as absolute paths or patterns.
    """

    schema_version: int
    bran_version: str
    model: str
    model_version: str
    model_hash: str
    relation_schema: dict[str, Any]
    settings: dict[str, Any] = Field(default_factory=dict)
    inputs: tuple[str, ...] = ()


class SourceFile(_Record):
    """A file that a shard was read from, as it was then.

    Attributes:
        path: absolute.
        size: bytes.
        mtime_ns: time of its last change, in nanoseconds.
        sha256: of its bytes.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str


class Entry(_Record):
    """The manifest entry of a finished part.

    Attributes:
        key: name of the part's folder.
        sources: the files it was read from, in order: one, or several small ones.
        start: first byte of the range of its only file.
        stop: one past the last byte; ``None``: to the end.
        documents: read and extracted.
        relations: rows written.
        skipped: documents left out.
        dropped: mentions and relations left out.
        seconds: that the work took.
    """

    key: str
    sources: tuple[SourceFile, ...]
    start: int = 0
    stop: int | None = None
    documents: int = 0
    relations: int = 0
    skipped: int = 0
    dropped: int = 0
    seconds: float = 0.0

    @property
    def order(self) -> tuple[Any, ...]:
        """What parts are sorted by: the natural order of their sources, then the byte range."""
        return (natural(self.sources[0].path if self.sources else ""), self.start, self.key)


def natural(name: str) -> tuple[Any, ...]:
    """A key that sorts ``file2`` before ``file10``, and ``file02`` before ``file2``: no two names have the same one."""
    parts = ((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name))
    return (tuple(parts), name)


class RunFolder:
    """The folder of a run, for those who write it and those who read it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parts, self.work, self.spool, self.failed = (path / name for name in ("parts", "work", "spool", "failed"))

    @classmethod
    def is_run(cls, path: Path) -> bool:
        """Whether ``path`` is the folder of a run."""
        return (path / DESCRIPTION).is_file()

    @property
    def description(self) -> RunDescription:
        """What the run is.

        Raises:
            FormatError: when the folder is not that of a run, or its description is damaged.
        """
        path = self.path / DESCRIPTION
        if not path.is_file():
            raise FormatError(
                f"has no {DESCRIPTION}; expected the folder of a `bran extract` run", Place(str(self.path))
            )
        return _parsed(RunDescription, path)

    def describe(self, description: RunDescription) -> None:
        """Write what the run is."""
        self.path.mkdir(parents=True, exist_ok=True)
        with atomic_write(self.path / DESCRIPTION) as stream:
            stream.write(description.model_dump_json(indent=2) + "\n")

    def entries(self) -> list[Entry]:
        """The manifest: one entry for each finished part, in their stable order.

        Raises:
            FormatError: when one is damaged.
        """
        return sorted(self._entries(), key=lambda entry: entry.order)

    def entry(self, key: str) -> Entry:
        """The manifest entry of the part ``key``.

        Raises:
            FormatError: when it is damaged, or there is none.
        """
        return _parsed(Entry, self.part(key) / ENTRY)

    def counts(self) -> Counts:
        """What there is when the parts are read together, and what is passed over then.

        Raises:
            FormatError: when a part cannot be read, or is of another version.
        """
        from bran.export.run_tables import open_tables  # imports DuckDB

        with open_tables(self.path) as tables:
            return tables.counts()

    def documents(self) -> Iterator[Document]:
        """Every document that counts, with text, mentions and predicted relations, in a stable order.

        Raises:
            FormatError: when a part cannot be read, is of another version, or texts were not kept.
        """
        from bran.export.run_tables import open_tables  # imports DuckDB

        with open_tables(self.path) as tables:
            yield from tables.documents()

    def part(self, key: str) -> Path:
        """The folder of the part ``key``."""
        return self.parts / key

    def _entries(self) -> Iterator[Entry]:
        for path in self.parts.glob(f"*/{ENTRY}"):
            yield _parsed(Entry, path)


def _parsed(model: type[_Model], path: Path) -> _Model:
    try:
        return model.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        message = one_line(error)
        raise FormatError(f"damaged ({message}); expected what bran wrote", Place(str(path))) from None
