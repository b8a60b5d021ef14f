"""Documents with mentions and without known relations, for a model to learn from what others say of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bran.corpus.document import Document
from bran.corpus.exclusion import Excluded, Match
from bran.corpus.schema import Schema
from bran.corpus.titles import normalised_title

_REASONS = {Match.id: "excluded by id", Match.title: "excluded by title"}
_REPEATED, _NO_PAIR = "id or title read before", "without a candidate pair"


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """Documents to be scored and learned from, each once, with a candidate pair.

    Attributes:
        documents: without the relations that their file has.
        left_out: how many others there were, by reason.
    """

    documents: tuple[Document, ...] = ()
    left_out: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, documents: Iterable[Document], schema: Schema, *, exclude: Excluded) -> Unlabelled:
        """Those of ``documents`` that can be learned from.

        Args:
            documents: with mentions; relations are passed over.
            schema: says which pairs are candidates.
            exclude: what models are trained and tested on elsewhere; left out by id and by title.
        """
        kept: list[Document] = []
        left_out: Counter[str] = Counter()
        ids: set[str] = set()
        titles: set[str] = set()
        for document in documents:
            title = normalised_title(document.title)
            if match := exclude.match(document):
                left_out[_REASONS[match]] += 1
            elif document.id in ids or title in titles:
                left_out[_REPEATED] += 1
            elif not schema.candidates(document):
                left_out[_NO_PAIR] += 1
            else:
                ids.add(document.id)
                titles |= {title} - {""}
                kept.append(document.with_relations(()))
        return cls(tuple(kept), left_out)

    def __str__(self) -> str:
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.left_out.most_common())
        return f"{len(self.documents)} documents" + (f"; left out: {reasons}" if reasons else "")
