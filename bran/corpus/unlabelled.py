"""Documents with mentions and without known relations, for a model to learn from what others say of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bran.corpus.document import Document
from bran.corpus.exclusion import Excluded, Sieve
from bran.corpus.schema import Schema
from bran.wording import counted

_NO_PAIR = "without a candidate pair"


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
        sieve = Sieve(exclude)
        for document in filter(sieve.admits, documents):
            if schema.candidates(document):
                kept.append(document.with_relations(()))
            else:
                left_out[_NO_PAIR] += 1
        left_out.update({match.value: count for match, count in sieve.left_out.items()})
        return cls(tuple(kept), left_out)

    def __str__(self) -> str:
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.left_out.most_common())
        return counted(len(self.documents), "document") + (f"; left out: {reasons}" if reasons else "")
