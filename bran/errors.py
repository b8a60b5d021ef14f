"""The exceptions of bran, each with the exit code that the command line ends with.

::

    BranError                     1   anything that bran itself raises
    ├── ConfigError               3   a config, schema or override that does not hold
    ├── DataError                 4   a file that cannot be read or opened; names file, line and document
    │   ├── FormatError               a row or file that breaks its format
    │   ├── OffsetError               a mention outside its text, or whose text does not match
    │   ├── UnknownTypeError          an entity or relation type that the schema does not have
    │   └── DuplicateDocumentError    an id (or title) that stands twice where it must not
    ├── ModelError                5   a model folder that is damaged, foreign or of another version
    ├── TrainingError             7   a training that cannot go on (diverged, no positive pair, ...)
    └── NetworkError              8   a server that cannot be reached, refuses, or answers wrongly

Exit code 2 is the shell's own (wrong usage), 6 says that a run finished but left documents out,
and 130 that it was interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

EXIT_SKIPPED = 6
"""Exit code of a run that finished, but had to leave documents out."""


class BranError(Exception):
    """Base of every error that bran raises on purpose; its text is one line for the user."""

    exit_code: ClassVar[int] = 1


class ConfigError(BranError):
    """A configuration, schema or override that does not hold."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the input something is: the parts that are known."""

    path: str | None = None
    line: int | None = None
    document: str | None = None

    def __str__(self) -> str:
        where = self.path or "input"
        if self.line is not None:
            where += f":{self.line}"
        if self.document is not None:
            where += f" (document {self.document})"
        return where


class DataError(BranError):
    """An input that cannot be read.

    Args:
        message: the value that was found and what was expected.
        place: file, line and document, as far as they are known.
    """

    exit_code = 4

    def __init__(self, message: str, place: Place | None = None) -> None:
        self.message = message
        self.place = place or Place()
        super().__init__(f"{self.place}: {message}" if place else message)

    def at(self, place: Place) -> DataError:
        """The same error, placed: for code that raises before it knows the file."""
        return type(self)(self.message, place)


class FormatError(DataError):
    """A row or a file that breaks its format."""


class OffsetError(DataError):
    """A mention that lies outside its text, or whose text is not what stands there."""


class UnknownTypeError(DataError):
    """An entity or relation type that the schema does not have."""


class DuplicateDocumentError(DataError):
    """A document id, or a title, that stands twice where it must not."""


class ModelError(BranError):
    """A model folder that is damaged, from another schema, or of another version."""

    exit_code = 5


class TrainingError(BranError):
    """A training run that cannot start or go on."""

    exit_code = 7


class NetworkError(BranError):
    """A server that cannot be reached, refuses a request, or answers otherwise than expected.

    Args:
        message: what it answered and what was expected.
        retry_after: seconds after which the same request may succeed, 0 when the server names none;
            ``None`` when asking again does not help.
    """

    exit_code = 8

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)
