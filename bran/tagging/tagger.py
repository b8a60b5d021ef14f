"""The tagger: documents in, documents with linked mentions out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from bran.corpus.document import Document
from bran.tagging.linker import Linker
from bran.tagging.recogniser import Recogniser


class Tagger:
    """Recognises mentions and links them to concepts, over a stream of documents in constant memory.

    Documents that come with mentions keep them; when none of those has a concept, they are linked.

    Args:
        recogniser: finds mentions.
        linker: gives them concepts.
        abbreviations: short forms that a text defines, with their long forms.
        retag: replace the mentions that documents come with; relations between those go with them.
        chunk: documents that are read ahead.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        linker: Linker,
        *,
        abbreviations: Callable[[str], Mapping[str, str]],
        retag: bool = False,
        chunk: int = 256,
    ) -> None:
        self.recogniser, self.linker, self.abbreviations = recogniser, linker, abbreviations
        self.retag, self.chunk = retag, chunk

    def tag(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Each document with linked mentions, in the order of input."""
        stream = iter(documents)
        while chunk := list(islice(stream, self.chunk)):
            bare = [self.retag or not document.mentions for document in chunk]
            texts = (self._without_relations(doc) for doc, wanted in zip(chunk, bare, strict=True) if wanted)
            found = self.recogniser.recognise(texts)
            for document, wanted in zip(chunk, bare, strict=True):
                yield self._link(next(found) if wanted else document)

    def _without_relations(self, document: Document) -> Document:
        """``document`` without relations, if it had them between mentions that are now replaced."""
        return document.with_relations(()) if document.mentions else document

    def _link(self, document: Document) -> Document:
        if document.is_linked:
            return document
        return self.linker.link(document, self.abbreviations(document.text))
