"""PubMed XML, read one record at a time: baseline and update files, and what efetch answers.

A record is a ``PubmedArticle`` or a ``PubmedBookArticle``. Its title and abstract become a document, white
space made single spaces and markup taken off; the parts of a structured abstract are led by their label
(``METHODS: ...``) and joined by one space. Copyright lines and ``OtherAbstract`` stay out. Elements:
https://www.nlm.nih.gov/bsd/licensee/elements_descriptions.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from bran.corpus.document import Document, Passage
from bran.corpus.readers.errors import ErrorHandler, Strict
from bran.corpus.readers.pubmed_meta import record_meta
from bran.corpus.readers.pubmed_versions import RecordsInARow, Versions
from bran.corpus.readers.safe_xml import Element, flat_text, read_elements, root_name
from bran.corpus.schema import Schema
from bran.errors import DataError, FormatError, Place
from bran.files import STDIN, source_name

_RECORDS = ("PubmedArticle", "PubmedBookArticle")
_ROOTS = ("PubmedArticleSet", "PubmedBookArticleSet", *_RECORDS)
_NUMBER = re.compile("[0-9]{1,18}")
_NO_LABEL = frozenset({"", "UNLABELLED", "UNASSIGNED"})


def is_pubmed(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is PubMed XML."""
    return root_name(head) in _ROOTS


def read_pubmed(
    source: str | Path | BinaryIO,
    *,
    schema: Schema | None = None,
    on_error: ErrorHandler | None = None,
    every_record: bool = False,
    on_deleted: Callable[[str], object] | None = None,
) -> Iterator[Document]:
    """The records of a PubMed XML file as documents without mentions, in its order.

    Of several records of one PMID the one with the highest version counts, the last of these; records that
    the file itself deletes (``DeleteCitation``) do not. To know them, the ids of a file are read before its
    records (:class:`Versions`). A stream cannot be read twice: there, records of one PMID that follow one
    another are told apart in the same way, and any other repetition or deletion is told to ``on_error``.
    With ``every_record`` nothing of this is done, and memory is constant.

    ``Document.meta`` holds, where the record has them: ``year``, ``journal``, ``language``, ``version``,
    ``replaces`` (how many other records of the PMID were passed over), ``doi``, ``mesh`` and ``chemicals``
    (MeSH ids), ``vernacular_title`` and ``retracted``.

    Args:
        source: a path, or a binary stream; plain or gzipped.
        schema: not needed, records hold no mentions.
        on_error: is told of what is left out; by default the first error is raised.
        every_record: give each record, whatever its version, and those that are deleted.
        on_deleted: with ``every_record``, is told each PMID that is deleted, where the file does so.

    Raises:
        DataError: names file, line and PMID; by default at the first thing that is wrong.
    """
    handler = on_error or Strict()
    path = source_name(source)
    elements = read_elements(source, (*_RECORDS, "DeleteCitation"), roots=_ROOTS, on_error=handler)
    if every_record:
        yield from _of_all(elements, path, handler, on_deleted)
        return
    versions = Versions(source) if isinstance(source, str | Path) and _is_file(source) else None
    # Without any id the bytes are not in ASCII's order (UTF-16): such a file is read as a stream is.
    yield from _of_file(elements, versions, path, handler) if versions else _of_stream(elements, path, handler)


def _is_file(source: str | Path) -> bool:
    """Whether ``source`` can be read twice."""
    return str(source) != STDIN and Path(source).is_file()


def _of_file(elements: Iterator[Element], versions: Versions, path: str, on_error: ErrorHandler) -> Iterator[Document]:
    """The records that count, where the ids of all records are known."""
    for element in elements:
        if element.tag == "DeleteCitation":
            continue
        try:
            id_ = _pmid(element, path)
            if versions.counts(id_):
                yield versions.marked(_document(element, id_, path))
        except DataError as error:
            on_error.skip(error)
    for id_ in versions.missing():
        message = "its newest record is missing, although its id stands in the file; expected a whole file"
        on_error.skip(FormatError(message, Place(path, document=id_)))


def _of_all(
    elements: Iterator[Element], path: str, on_error: ErrorHandler, on_deleted: Callable[[str], object] | None
) -> Iterator[Document]:
    """Every record."""
    for element in elements:
        if element.tag == "DeleteCitation":
            for id_ in filter(_NUMBER.fullmatch, map(flat_text, element)):
                if on_deleted is not None:
                    on_deleted(str(int(id_)))
            continue
        try:
            yield _document(element, _pmid(element, path), path)
        except DataError as error:
            on_error.skip(error)


def _of_stream(elements: Iterator[Element], path: str, on_error: ErrorHandler) -> Iterator[Document]:
    """The records that count, as far as that can be told of a stream."""
    records = RecordsInARow()
    for element in elements:
        if element.tag == "DeleteCitation":
            for id_ in records.delete({flat_text(pmid) for pmid in element}):
                message = "is deleted by the stream after it was read; expected a file, which is read twice"
                on_error.skip(DataError(message, Place(path, element.sourceline, id_)))
            continue
        try:
            id_ = _pmid(element, path)
            if document := records.add(_document(element, id_, path), Place(path, element.sourceline, id_)):
                yield document
        except DataError as error:
            on_error.skip(error)
    if last := records.last():
        yield last


def _citation(element: Element) -> Element:
    """The part of a record that holds its PMID, ahead of the data of PubMed."""
    return element[0] if len(element) else element


def _pmid(element: Element, path: str) -> str:
    id_ = flat_text(_citation(element).find("PMID"))
    if not _NUMBER.fullmatch(id_):
        raise FormatError(f"PMID {id_[:40]!r}; expected a number", Place(path, element.sourceline))
    return str(int(id_))


def _document(element: Element, id_: str, path: str) -> Document:
    """The document of a record.

    Raises:
        FormatError: when it has neither title nor abstract.
    """
    citation = _citation(element)
    article = citation if citation.tag == "BookDocument" else citation.find("Article")
    article = citation if article is None else article
    title = _title(article)
    abstract = " ".join(_abstract(article))
    if not title and not abstract:
        raise FormatError("has neither title nor abstract; expected some text", Place(path, element.sourceline, id_))
    passages = [Passage("title", title)] + ([Passage("abstract", abstract)] if abstract else [])
    return Document(id_, tuple(passages), meta=record_meta(element, citation, article))


def _title(article: Element) -> str:
    for tag in ("ArticleTitle", "VernacularTitle", "Book/BookTitle"):
        if title := flat_text(article.find(tag)):
            return title
    return ""


def _abstract(article: Element) -> Iterator[str]:
    """The parts of the abstract, each led by its label."""
    for part in article.iterfind("Abstract/AbstractText"):
        label = (part.get("Label") or "").strip()
        if text := flat_text(part):
            yield text if label.upper() in _NO_LABEL else f"{label}: {text}"
