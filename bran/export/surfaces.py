"""How a document writes its concepts, and as what type it mentions them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bran.corpus.document import Document, Mention


class Surfaces:
    """The words and types of every concept of a document, and of each mention that has an id of its own.

    A composite mention ("breast and ovarian cancer") names a concept only where no other mention does.
    """

    def __init__(self, document: Document) -> None:
        best: dict[str, tuple[tuple[bool, int, int], str]] = {}
        self._types: dict[str, str] = {}
        for mention in document.mentions:
            for key, name in _named(document, mention):
                candidate = (len(mention.concepts) > 1, -len(name), mention.start), name
                best[key] = min(candidate, best.get(key, candidate))
                self._types[key] = min(mention.type, self._types.get(key, mention.type))
        self._names = {key: name for key, (_, name) in best.items()}

    def name(self, concept: str) -> str | None:
        """The longest mention of ``concept``, first of equals; ``None`` when the document does not mention it."""
        return self._names.get(concept)

    def type(self, concept: str, evidence: Sequence[Mention] = ()) -> str | None:
        """The entity type of ``concept``: that of the mentions behind a relation, else the first by name."""
        return evidence[0].type if evidence else self._types.get(concept)


def _named(document: Document, mention: Mention) -> Iterator[tuple[str, str]]:
    """What ``mention`` names: each concept with its part of a composite where known, and the mention's own id."""
    whole = document.surface(mention)
    known = len(mention.parts) == len(mention.concepts)
    yield from zip(mention.concepts, mention.parts if known else [whole] * len(mention.concepts), strict=True)
    if mention.id:
        yield mention.id, whole
