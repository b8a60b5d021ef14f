"""How long each document is, in several units."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bran.corpus.document import Document
from bran.corpus.sentences import document_sentences

Unit = Callable[[Document], int]

UNITS: dict[str, Unit] = {
    "characters": lambda document: len(document.text),
    "words": lambda document: len(document.text.split()),
    "sentences": lambda document: len(document_sentences(document)),
    "mentions": lambda document: len(document.mentions),
    "entities": lambda document: len(document.entities),
}
"""What a document can be measured in; characters and words as in :mod:`bran.corpus.statistics`."""


def document_lengths(
    documents: Iterable[Document], *, subwords: Callable[[str], int] | None = None
) -> dict[str, list[int]]:
    """The length of each of ``documents``, which are read once, in every unit of :data:`UNITS`.

    Args:
        documents: any stream of documents.
        subwords: how many a text has; without it, they are not counted.
    """
    units: dict[str, Unit] = dict(UNITS)
    if subwords:
        units["subwords"] = lambda document: subwords(document.text)
    found: dict[str, list[int]] = {name: [] for name in units}
    for document in documents:
        for name, measure in units.items():
            found[name].append(measure(document))
    return found
