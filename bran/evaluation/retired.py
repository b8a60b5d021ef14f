"""Concept ids that a vocabulary has given up since a corpus was annotated, brought up to date by name.

MeSH makes descriptors of supplementary concepts every year, and gives them new ids: BC5CDR knows venlafaxine as
``C047426``, MeSH since 2016 as ``D000069470``. A system that links to today's MeSH is right and yet scored as wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from bran.corpus.document import Document, Mention

Names = Callable[[str, str], str | None]
"""The one concept that a surface of an entity type is a name of in the vocabulary; ``None`` when of none or many."""


def retired_ids(documents: Iterable[Document], *, is_known: Callable[[str], bool], named: Names) -> dict[str, str]:
    """Today's id of each id of ``documents`` that the vocabulary no longer has, where its mentions tell one.

    Args:
        documents: with gold mentions.
        is_known: whether the vocabulary has an id.
        named: looks the words of a mention up.

    Returns:
        the id that most mentions of the retired one are names of. Ids without such a mention are left out.
    """
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for document in documents:
        for mention in document.mentions:
            if len(mention.concepts) == 1 and not is_known(mention.concepts[0]):
                found = named(document.surface(mention), mention.type)
                if found is not None:
                    votes[mention.concepts[0]][found] += 1
    return {old: min(count.items(), key=lambda item: (-item[1], item[0]))[0] for old, count in sorted(votes.items())}


def update_ids(document: Document, current: Mapping[str, str]) -> Document:
    """``document`` with the ids of ``current`` in place of retired ones, in mentions and relations."""

    def updated(mention: Mention) -> Mention:
        concepts = tuple(dict.fromkeys(current.get(concept, concept) for concept in mention.concepts))
        return replace(mention, concepts=concepts)

    relations = (
        replace(
            relation, head=current.get(relation.head, relation.head), tail=current.get(relation.tail, relation.tail)
        )
        for relation in document.relations
    )
    mentions = tuple(updated(mention) for mention in document.mentions)
    return document.with_mentions(mentions).with_relations(tuple(dict.fromkeys(relations)))
