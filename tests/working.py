"""What worker processes are set up with in tests: they import it from here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bran.corpus.document import Document
from bran.errors import FormatError, ModelError, Place
from bran.workflows.workers import Process


@dataclass(frozen=True, slots=True)
class Marking:
    """Adds the process to each document's ``meta``; the document called ``trouble`` is trouble.

    Attributes:
        trouble: ``raise``, ``die``, or nothing.
        broken: it cannot be set up.
    """

    trouble: str = ""
    broken: bool = False

    def __call__(self) -> Process:
        if self.broken:
            raise ModelError("model.json: not a model folder")
        return self._marked

    def _marked(self, documents: Iterable[Document]) -> Iterator[Document]:
        for document in documents:
            if document.id == "trouble" and self.trouble == "raise":
                raise FormatError("holds what it must not", Place("notes.txt", 7, document.id))
            if document.id == "trouble" and self.trouble == "die":
                os._exit(9)
            yield replace(document, meta={"process": os.getpid()})
