"""What every recogniser does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from bran.corpus.document import Document


class Recogniser(Protocol):
    """Finds mentions of entities."""

    def recognise(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The same documents, in their order, with the mentions that were found, which have no concepts yet."""
