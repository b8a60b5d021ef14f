"""What is to be told of a hidden mention: its entity type, and its concept where it is one of the most frequent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from bran.corpus.document import Document, Mention

IGNORED = -100
"""The target of what is not to be told."""


@dataclass(frozen=True)
class MentionClasses:
    """The classes that mentions fall into.

    Attributes:
        types: entity types.
        concepts: ids of concepts.
    """

    types: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()

    @classmethod
    def count(cls, documents: Iterable[Document], *, types: bool, concepts: int) -> MentionClasses:
        """What ``documents`` mention.

        Args:
            documents: with mentions.
            types: whether types are told; else there are none.
            concepts: so many of the most frequent ones are told.
        """
        names, ids = set[str](), Counter[str]()
        for document in documents:
            names.update(mention.type for mention in document.mentions)
            ids.update(mention.concepts[0] for mention in document.mentions if len(mention.concepts) == 1)
        frequent = sorted(ids, key=lambda id_: (-ids[id_], id_))[:concepts]
        return cls(tuple(sorted(names)) if types else (), tuple(frequent))

    def of(self, mention: Mention) -> tuple[int, int]:
        """Index of its type and of its concept, :data:`IGNORED` for what is none of the classes.

        A composite mention has no concept that is its own.
        """
        concept = mention.concepts[0] if len(mention.concepts) == 1 else ""
        return self._indices[0].get(mention.type, IGNORED), self._indices[1].get(concept, IGNORED)

    @cached_property
    def _indices(self) -> tuple[dict[str, int], dict[str, int]]:
        types, concepts = ({name: index for index, name in enumerate(names)} for names in (self.types, self.concepts))
        return types, concepts
