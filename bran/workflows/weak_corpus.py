"""Documents that training reads beside the corpus, with labels by distant supervision (``bran corpus weak``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from bran.config import Config
from bran.corpus.document import Document
from bran.corpus.load import Corpus, load_corpus
from bran.corpus.schema import Schema
from bran.corpus.titles import normalised_title
from bran.encoding.unstated import NegativeConfig, Unstated
from bran.errors import DuplicateDocumentError, Place
from bran.training.share import share_size


class WeakConfig(Config):
    """Documents with labels of their own worth, beside those of the corpus in each epoch."""

    documents: str
    """A file that ``bran corpus weak`` wrote, or any other one with mentions and relations."""
    weight: float = Field(default=1.0, gt=0)
    """Factor of every one of their pairs in the loss."""
    unstated: Unstated = NegativeConfig()
    """What their pairs are taken for of which nothing is stated."""
    per_epoch: float = Field(default=1.0, gt=0, le=1)
    """Share of them in an epoch, in turn: with 0.25 each one comes every fourth time."""

    def load(self, schema: Schema) -> WeakCorpus:
        """The documents.

        Raises:
            DataError: when they cannot be read, or one stands twice.
        """
        path = Path(self.documents)
        corpus = load_corpus(path, schema)
        return WeakCorpus(path, corpus, share_size(len(corpus.documents), self.per_epoch))


@dataclass(frozen=True, slots=True)
class WeakCorpus:
    """Documents that every fit of a run learns from, and none is scored on.

    Attributes:
        path: where they were read from.
        corpus: all of them.
        per_epoch: how many are read in an epoch.
    """

    path: Path
    corpus: Corpus
    per_epoch: int

    @property
    def documents(self) -> tuple[Document, ...]:
        """In the order of their file."""
        return self.corpus.documents

    def check(self, scored: Corpus) -> None:
        """Make sure that none of them is one of the corpus that models are trained and scored on.

        Raises:
            DuplicateDocumentError: when one has an id, or a title, of that corpus.
        """
        ids = {document.id for document in scored.documents}
        titles = {normalised_title(document.title): document.id for document in scored.documents}
        titles.pop("", None)
        for document in self.documents:
            same = titles.get(normalised_title(document.title))
            if document.id in ids or same is not None:
                found = f"is document {document.id}" if document.id in ids else f"has the title of document {same}"
                expected = "expected none of its documents (bran corpus weak --exclude)"
                message = f"{found} of the corpus that is trained and scored on; {expected}"
                raise DuplicateDocumentError(message, Place(str(self.path), document=document.id))
