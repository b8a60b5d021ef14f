"""Ids that MeSH has given up: a supplementary concept that became a descriptor has another id from then on.

A corpus of 2015 says ``MESH:C045645`` where MeSH 2020 says ``MESH:D000077407``. To score what was linked with one
MeSH against a corpus that was annotated with another, the ids of the older one are brought up to date.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bran.corpus.document import Document
from bran.tagging.lexicon import Lexicon
from bran.tagging.lexicon_uses import lexicon_type


def superseded_ids(documents: Iterable[Document], lexicon: Lexicon) -> dict[str, str]:
    """The present id of each MeSH id that ``documents`` use and ``lexicon`` does not have.

    It is the one concept that MeSH itself gives most of the mentions' words to; ids without one are left out.
    Names that only corpora know do not count, so that nothing a linker has learned is taken for granted.
    """
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for document in documents:
        for mention in document.mentions:
            for concept in mention.concepts if len(mention.concepts) == 1 else ():
                if concept.startswith("MESH:") and lexicon.name(concept) is None:
                    found = lexicon.lookup(document.surface(mention), type=lexicon_type(mention.type))
                    votes[concept].update(found.concept for found in found[:1] if found.source != "alias")
    return {old: count.most_common(1)[0][0] for old, count in sorted(votes.items()) if count}


def renewed(document: Document, current: Mapping[str, str]) -> Document:
    """``document`` with the ids of ``current`` replaced, in mentions and relations."""
    mentions = tuple(
        replace(
            mention, concepts=tuple(dict.fromkeys(current.get(id_, id_) for id_ in mention.concepts)), raw_concepts=None
        )
        for mention in document.mentions
    )
    relations = tuple(
        replace(
            relation, head=current.get(relation.head, relation.head), tail=current.get(relation.tail, relation.tail)
        )
        for relation in document.relations
    )
    return replace(document, mentions=mentions, relations=relations)
