"""What a corpus holds, counted: the table that tells whether it was read as its authors meant it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bran.corpus.document import Document
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.load import Corpus
from bran.corpus.mesh import MeshTree
from bran.corpus.readers.chemprot import UNSCORED
from bran.corpus.schema import Schema
from bran.corpus.sentences import SentenceIndex


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long documents are, in one unit."""

    shortest: int
    median: float
    longest: int

    @classmethod
    def of(cls, values: Sequence[int]) -> Lengths:
        """The extremes and the middle of ``values``; all zero when there is none."""
        return cls(min(values), median(values), max(values)) if values else cls(0, 0, 0)

    def rows(self, unit: str) -> Iterator[tuple[str, str]]:
        """Name and value of each, for a table."""
        yield f"{unit} per document, shortest", f"{self.shortest:,}"
        yield f"{unit} per document, median", f"{self.median:,.0f}"
        yield f"{unit} per document, longest", f"{self.longest:,}"


@dataclass(frozen=True)
class CorpusStatistics:
    """Counts over some documents.

    Attributes:
        documents: how many.
        mentions: by entity type.
        unlinked: mentions without a concept.
        composite: mentions of several concepts.
        entities: concepts, once per document, by entity type.
        relations: by relation type.
        unscored: relations that the corpus annotates and does not score (ChemProt).
        positives: candidate pairs with a gold relation.
        negatives: candidate pairs without.
        filtered_negatives: those that the hypernym filter leaves; ``None`` where there is none.
        inter_sentence: gold relations whose ends never share a sentence.
        characters: lengths of the texts.
        words: lengths of the texts, split at white space.
    """

    documents: int
    mentions: Mapping[str, int]
    unlinked: int
    composite: int
    entities: Mapping[str, int]
    relations: Mapping[str, int]
    unscored: int
    positives: int
    negatives: int
    filtered_negatives: int | None
    inter_sentence: int
    characters: Lengths
    words: Lengths

    def rows(self) -> Iterator[tuple[str, str]]:
        """Name and value of each count, as a table shows them."""
        yield "documents", f"{self.documents:,}"
        yield from _by_type("mentions", self.mentions)
        yield "mentions, unlinked", f"{self.unlinked:,}"
        yield "mentions, composite", f"{self.composite:,}"
        yield from _by_type("entities", self.entities)
        yield from _by_type("relations", self.relations)
        if self.unscored:
            yield "relations, not scored", f"{self.unscored:,}"
        if total := sum(self.relations.values()):
            share = self.inter_sentence / total
            yield "relations across sentences", f"{self.inter_sentence:,} ({share:.1%})"
        yield "candidates, positive", f"{self.positives:,}"
        yield "candidates, negative", f"{self.negatives:,}"
        if self.filtered_negatives is not None:
            yield "candidates, negative, filtered", f"{self.filtered_negatives:,}"
        yield from self.characters.rows("characters")
        yield from self.words.rows("words")


def statistics(documents: Iterable[Document], schema: Schema, *, mesh: MeshTree | None = None) -> CorpusStatistics:
    """Count ``documents``, which are read once.

    Args:
        documents: any stream of documents.
        schema: says which pairs are candidates.
        mesh: the tree of the hypernym filter; nothing is filtered without one, or with a schema that has no use for it.
    """
    tally = _Tally(schema, mesh)
    for document in documents:
        tally.add(document)
    return tally.result()


def split_statistics(corpus: Corpus, schema: Schema, *, mesh: MeshTree | None = None) -> dict[str, CorpusStatistics]:
    """The counts of each published split of ``corpus``, and of all (``total``) when there are several."""
    parts = {name: corpus.part(name) for name in dict.fromkeys(corpus.given.values())}
    if len(parts) != 1:
        parts["total"] = corpus.documents
    return {name: statistics(documents, schema, mesh=mesh) for name, documents in parts.items()}


class _Tally:
    """The counts of the documents so far."""

    def __init__(self, schema: Schema, mesh: MeshTree | None) -> None:
        self._schema = schema
        self._filter = HypernymFilter(mesh) if mesh and schema.hypernym_filter else None
        self._mentions: Counter[str] = Counter()
        self._entities: Counter[str] = Counter()
        self._relations: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._characters: list[int] = []
        self._words: list[int] = []

    def add(self, document: Document) -> None:
        self._mentions.update(mention.type for mention in document.mentions)
        self._entities.update(entity.type for entity in document.entities)
        self._relations.update(relation.type for relation in document.relations)
        self._counts["unscored"] += document.meta.get(UNSCORED, 0)
        self._counts["unlinked"] += sum(not mention.concepts for mention in document.mentions)
        self._counts["composite"] += sum(len(mention.concepts) > 1 for mention in document.mentions)
        self._characters.append(len(document.text))
        self._words.append(len(document.text.split()))
        sentences = SentenceIndex(document)
        self._counts["inter_sentence"] += sum(sentences.crosses(r.head, r.tail) for r in document.relations)
        self._add_candidates(document)

    def _add_candidates(self, document: Document) -> None:
        gold = {(relation.head, relation.tail) for relation in document.relations}
        candidates = {(pair.head.id, pair.tail.id) for pair in self._schema.candidates(document)}
        self._counts["positives"] += len(candidates & gold)
        self._counts["negatives"] += len(candidates - gold)
        if self._filter:
            self._counts["ignored"] += len(self._filter.ignored(document, self._schema))

    def result(self) -> CorpusStatistics:
        counts = self._counts
        return CorpusStatistics(
            documents=len(self._characters),
            mentions=dict(sorted(self._mentions.items())),
            unlinked=counts["unlinked"],
            composite=counts["composite"],
            entities=dict(sorted(self._entities.items())),
            relations=dict(sorted(self._relations.items())),
            unscored=counts["unscored"],
            positives=counts["positives"],
            negatives=counts["negatives"],
            filtered_negatives=counts["negatives"] - counts["ignored"] if self._filter else None,
            inter_sentence=counts["inter_sentence"],
            characters=Lengths.of(self._characters),
            words=Lengths.of(self._words),
        )


def _by_type(name: str, counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for type_, count in counts.items():
        yield f"{name}, {type_}", f"{count:,}"
