"""What annotated corpora teach a lexicon: which words they use for which concept, and which words name nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bran.corpus.document import Document, Mention
from bran.tagging.abbreviations import Abbreviations
from bran.tagging.lexicon_tables import TYPES, UNSEEN, KeyTable
from bran.tagging.normal_forms import light_form, words

SPELLINGS = {"ChemicalEntity": "Chemical", "DiseaseOrPhenotypicFeature": "Disease"}
"""What other corpora call the types of a lexicon."""


@dataclass(frozen=True)
class AnnotatedCorpus:
    """Documents whose mentions of ``types`` are all annotated.

    Attributes:
        documents: the corpus.
        gold: whether people annotated it, not a program.
        types: the types, in the lexicon's spelling, that it annotates.
    """

    documents: Sequence[Document]
    gold: bool
    types: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        found = {lexicon_type(mention.type) for document in self.documents for mention in document.mentions}
        object.__setattr__(self, "types", frozenset(found & set(TYPES)))


def lexicon_type(type: str) -> str:
    """The lexicon's spelling of an entity type."""
    return SPELLINGS.get(type, type)


Use = tuple[str, str, tuple[str, ...]]
"""Light form, type, bare MeSH ids (several: a composite mention)."""


@dataclass
class Uses:
    """In how many documents surfaces are annotated with concepts.

    Attributes:
        firm: by people, with words that mean the same in any document.
        weak: by a program, or with an abbreviation that the document itself defines: elsewhere it may stand for else.
    """

    firm: Counter[Use] = field(default_factory=Counter)
    weak: Counter[Use] = field(default_factory=Counter)

    @classmethod
    def count(cls, corpora: Iterable[AnnotatedCorpus]) -> Uses:
        """The uses in ``corpora``, each once per document id."""
        uses = cls()
        abbreviations = Abbreviations()
        for corpus in corpora:
            found: dict[tuple[Use, str], bool] = {}
            for document in corpus.documents:
                defined = abbreviations(document.text)
                for mention in document.mentions:
                    use = _use(document, mention)
                    if use:
                        found[use, document.id] = document.surface(mention) in defined
            for (use, _), abbreviated in found.items():
                (uses.firm if corpus.gold and not abbreviated else uses.weak)[use] += 1
        return uses


def _use(document: Document, mention: Mention) -> Use | None:
    form, type_ = light_form(document.surface(mention)), lexicon_type(mention.type)
    if not form or type_ not in TYPES or not mention.concepts:
        return None
    if not all(concept.startswith("MESH:") for concept in mention.concepts):
        return None
    return form, type_, tuple(concept.removeprefix("MESH:") for concept in mention.concepts)


def annotated_shares(table: KeyTable, corpora: Iterable[AnnotatedCorpus]) -> NDArray[np.uint8]:
    """Of how many of its occurrences each key of ``table`` is annotated, per cent; :data:`UNSEEN` without any.

    An occurrence counts as annotated when a mention of one of the key's types overlaps it; occurrences in
    corpora that do not annotate any of the key's types are not counted.
    """
    seen, annotated = np.zeros(len(table.trie)), np.zeros(len(table.trie))
    for corpus in corpora:
        for document in corpus.documents:
            marked = _marked_characters(document)
            for number, start, end in key_occurrences(table, document.text):
                types = {TYPES[entry.type] for entry in table.entries_at(number)} & corpus.types
                if types:
                    seen[number] += 1
                    annotated[number] += any((marked[type_][start:end]).any() for type_ in types)
    shares = np.full(len(seen), UNSEEN, dtype=np.uint8)
    known = seen > 0
    shares[known] = np.rint(100 * annotated[known] / seen[known])
    return shares


def key_occurrences(table: KeyTable, text: str) -> Iterable[tuple[int, int, int]]:
    """Every occurrence of a key at word borders, overlapping ones too: (key's number, start, end)."""
    found = list(words(text))
    forms = [word.form for word in found]
    for index, word in enumerate(found):
        window = " ".join(forms[index : index + 12])
        for key in table.trie.prefixes(window):
            if len(key) == len(window) or window[len(key)] == " ":
                yield table.trie[key], word.start, found[index + key.count(" ")].end


def _marked_characters(document: Document) -> dict[str, NDArray[np.bool_]]:
    marked = {type_: np.zeros(len(document.text), dtype=np.bool_) for type_ in TYPES}
    for mention in document.mentions:
        type_ = lexicon_type(mention.type)
        if type_ in marked:
            marked[type_][mention.start : mention.end] = True
    return marked
