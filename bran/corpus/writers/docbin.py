"""spaCy's DocBin, written: the inverse of :mod:`bran.corpus.readers.docbin`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO

from bran.corpus.document import Document
from bran.corpus.readers.docbin_format import JOINED, USER_DATA, DocEntity, outermost
from bran.corpus.schema import Schema
from bran.corpus.writers.records import mention_record, relation_record
from bran.errors import FormatError, Place
from bran.wording import one_line

if TYPE_CHECKING:
    from spacy.tokens import Doc

_TOKEN = re.compile(r"\w+|[^\w\s]|\s")


class DocBinWriter:
    """Writes documents as spaCy documents whose tokens begin and end with every mention; all are held until the end.

    A token is a word, a single other sign, or white space, cut wherever a mention begins or ends. Entities
    have the mention's type as label and its concepts, joined by ``|``, as ``kb_id_``.

    Args:
        stream: where the file goes; it is not closed.
        schema: not needed: concept ids keep their namespace.
    """

    def __init__(self, stream: BinaryIO, *, schema: Schema | None = None) -> None:
        from spacy.tokens import DocBin
        from spacy.vocab import Vocab

        self._stream = stream
        self._vocab = Vocab()
        self._docs = DocBin(attrs=["ENT_IOB", "ENT_TYPE", "ENT_KB_ID"], store_user_data=True)

    def write(self, document: Document) -> None:
        """Add ``document``.

        Raises:
            FormatError: when it holds what a ``Doc`` cannot; then nothing of it is written.
        """
        try:
            self._docs.add(self._doc(document))
        except (TypeError, ValueError) as error:
            message = f"{one_line(error)}; expected what a spaCy Doc holds"
            raise FormatError(message, Place(document=document.id)) from None

    def close(self) -> None:
        """Write the documents."""
        self._stream.write(self._docs.to_bytes())

    def _doc(self, document: Document) -> Doc:
        from spacy.tokens import Doc

        words, spaces = _tokens(document)
        doc = Doc(self._vocab, words=words, spaces=spaces)
        doc.set_ents([_span(doc, entity) for entity in _entities(document)], default="outside")
        doc.user_data[USER_DATA] = _kept(document)
        return doc


def _entities(document: Document) -> list[DocEntity]:
    return outermost(DocEntity(m.start, m.end, m.type, JOINED.join(m.concepts)) for m in document.mentions)


def _span(doc: Doc, entity: DocEntity) -> Any:
    span = doc.char_span(entity.start, entity.end, label=entity.label, kb_id=entity.kb_id)
    if span is None or not entity.label:
        raise ValueError(f"mention {entity.start}-{entity.end} {entity.label!r} is no span")
    return span


def _tokens(document: Document) -> tuple[list[str], list[bool]]:
    """The words of ``document``, and whether a space follows each that is no part of a mention's edge."""
    text = document.text
    starts, ends = ({m.start for m in document.mentions}, {m.end for m in document.mentions})
    words: list[str] = []
    spaces: list[bool] = []
    for begin, end in _pieces(text, starts | ends):
        follows = text[begin:end] == " " and begin not in starts and end not in ends
        if follows and words and not spaces[-1]:
            spaces[-1] = True
        else:
            words.append(text[begin:end])
            spaces.append(False)
    return words, spaces


def _pieces(text: str, cuts: set[int]) -> Iterator[tuple[int, int]]:
    """The tokens of ``text`` by start and end, cut at ``cuts``."""
    edges = {edge for match in _TOKEN.finditer(text) for edge in match.span()}
    return pairwise(sorted(edges | cuts))


def _kept(document: Document) -> dict[str, Any]:
    """What the reader takes from the user data, of plain types only."""
    kept = {
        "id": document.id,
        "passages": [[passage.kind, len(passage.text)] for passage in document.passages],
        "mentions": [mention_record(mention) for mention in document.mentions],
        "relations": [relation_record(relation) for relation in document.relations],
        "meta": dict(document.meta),
    }
    plain: dict[str, Any] = json.loads(json.dumps(kept, default=str))
    return plain
