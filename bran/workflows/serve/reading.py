"""Documents of a request: read, counted and measured before they wait for the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bran.corpus.document import Document
from bran.corpus.schema import Schema
from bran.errors import DuplicateDocumentError, FormatError, Place
from bran.workflows.pasted import DropLog, abstract_document, pubtator_documents, text_document
from bran.workflows.serve.limits import Limits
from bran.workflows.serve.messages import DocumentIn
from bran.workflows.serve.refusals import Refusal


class RequestReader:
    """Makes documents of what a request holds.

    Args:
        schema: the types that the model knows; mentions of others are left out, with a note.
        limits: what a request may hold.
    """

    def __init__(self, schema: Schema, limits: Limits) -> None:
        self._schema, self._limits = schema, limits

    def __call__(self, items: Sequence[DocumentIn]) -> tuple[list[Document], list[str]]:
        """The documents of ``items``, and notes on what was left out of them.

        Raises:
            DataError: names the place of what cannot be read.
            Refusal: when there is more than the limits allow.
        """
        if len(items) > self._limits.documents:
            raise self._too_many()
        log, documents = DropLog(), dict[str, Document]()
        for number, item in enumerate(items):
            for document in self._documents(item, number, log):
                self._check(document, f"documents.{number}")
                if document.id in documents:
                    message = f"id {document.id!r} stands twice; expected one document per id"
                    raise DuplicateDocumentError(message, Place(f"documents.{number}"))
                documents[document.id] = document
                if len(documents) > self._limits.documents:
                    raise self._too_many()
        return list(documents.values()), [_note(log, message) for message in log.dropped]

    def _documents(self, item: DocumentIn, number: int, log: DropLog) -> Iterator[Document]:
        name, id_ = f"documents.{number}", item.id or f"document-{number + 1}"
        if item.pubtator is not None:
            yield from pubtator_documents(item.pubtator, schema=self._schema, name=f"{name}.pubtator", on_error=log)
        elif item.text is not None:
            yield text_document(item.text, id_, name=f"{name}.text", on_error=log)
        else:
            yield abstract_document(item.title or "", item.abstract or "", id_, name=name, on_error=log)

    def _check(self, document: Document, name: str) -> None:
        limits = self._limits
        if not document.text.strip():
            raise FormatError("is empty; expected some words", Place(name, document=document.id))
        for count, most, what in (
            (len(document.text), limits.characters, "characters"),
            (len(document.mentions), limits.mentions, "mentions"),
        ):
            if count > most:
                raise Refusal(413, "too_long", f"{name}: holds {count} {what}; expected at most {most}")

    def _too_many(self) -> Refusal:
        return Refusal(413, "too_many", f"documents: more than {self._limits.documents}; expected at most as many")


def _note(log: DropLog, message: str) -> str:
    """What was met, where first, and how often."""
    count = log.dropped[message]
    return f"{log.places[message]}: {message}" + (f" ({count} times)" if count > 1 else "")
