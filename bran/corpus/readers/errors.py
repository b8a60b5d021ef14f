"""What a reader does with a document that it cannot read: stop, or leave it out and tell."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from bran.errors import DataError, Place


class ErrorHandler(Protocol):
    """Is told by a reader of everything that it would have to leave out; may raise to stop it."""

    def skip(self, error: DataError) -> None:
        """A document (or the rest of a damaged file) cannot be read and is left out."""

    def drop(self, error: DataError) -> None:
        """A mention or relation of a type unknown to the schema is left out of its document."""


class Strict:
    """Stops at the first error."""

    def skip(self, error: DataError) -> None:
        """Raise ``error``."""
        raise error

    def drop(self, error: DataError) -> None:
        """Raise ``error``."""
        raise error


class ErrorLog:
    """Goes on, and remembers what was left out.

    Attributes:
        skipped: one error for each document that was left out, in order.
        dropped: how many mentions and relations were left out, by message.
        places: where the first of them stands, by message.
    """

    def __init__(self) -> None:
        self.skipped: list[DataError] = []
        self.dropped: Counter[str] = Counter()
        self.places: dict[str, Place] = {}

    def skip(self, error: DataError) -> None:
        """Remember ``error``."""
        self.skipped.append(error)

    def drop(self, error: DataError) -> None:
        """Count ``error`` by its message."""
        self.dropped[error.message] += 1
        self.places.setdefault(error.message, error.place)
