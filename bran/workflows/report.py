"""What ``bran report`` makes: one page of documents and their relations, beside gold where there is any."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TypeVar

from bran import __version__
from bran.corpus.document import Document
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.load import content_hash
from bran.corpus.mesh import BUNDLED_VERSION, MeshTree
from bran.corpus.readers import ErrorHandler, read_documents
from bran.corpus.schema import Schema
from bran.evaluation.gold import FILTERED, RAW
from bran.evaluation.signature import Signature
from bran.files import atomic_write
from bran.view.document_data import document_data
from bran.view.judging import Judge, Judged
from bran.view.report.page import Report
from bran.view.report.summary import Summary
from bran.view.report.table import read_rows, table_data

LIMIT = 5000
"""Documents that a page holds unless the user says otherwise: what a browser shows without delay."""

Facts = list[tuple[str, str]]

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Gold:
    """Gold documents, to be compared with what was predicted for documents of the same ids.

    Attributes:
        name: what they are called on the page.
        documents: by id.
        schema: of their relations.
    """

    name: str
    documents: Mapping[str, Document]
    schema: Schema

    @cached_property
    def judge(self) -> Judge:
        """Tells what is right; forgives as filtered scores do."""
        return Judge(self.documents.values(), self.schema, HypernymFilter(MeshTree.bundled()))

    def of(self, document: Document) -> list[Judged]:
        """The relations of ``document`` and those that it misses, each with its status."""
        return self.judge(document)

    def signatures(self, shown: Collection[str], threshold: float | None) -> Iterator[Signature]:
        """What the scores are of, under each protocol.

        Args:
            shown: ids of the documents of the page.
            threshold: the score from which on relations were kept, where it is known.
        """
        documents = [document for id_, document in self.documents.items() if id_ in shown]
        for protocol in (RAW, FILTERED):
            yield Signature(
                corpus=content_hash(documents),
                documents=len(documents),
                relations=self.judge.relations(shown),
                protocol=protocol,
                mesh=BUNDLED_VERSION if protocol == FILTERED else None,
                threshold=threshold,
            )


def gold_of(documents: Iterable[Document], schema: Schema) -> Gold | None:
    """The relations that ``documents`` came with, as gold; ``None`` when there are none.

    A document without relations counts as well when it came with linked mentions: then somebody has looked at it, and
    found none.
    """
    found = {document.id: document for document in documents if document.is_linked or document.relations}
    if not any(document.relations for document in found.values()):
        return None
    return Gold("the relations of the input", found, schema)


def read_gold(path: Path, schema: Schema, *, on_error: ErrorHandler) -> Gold:
    """The documents of the file ``path`` as gold.

    Raises:
        DataError: when it cannot be read.
    """
    documents = read_documents(path, schema=schema, on_error=on_error)
    return Gold(path.name, {document.id: document for document in documents}, schema)


@dataclass
class ReportBuilder:
    """Gathers what a page shows, from one kind of source or another.

    Attributes:
        title: of the page.
        gold: what relations are compared with.
        threshold: the score from which on relations were kept, or are; ``None``: not known, or all.
        limit: documents that are shown.
        facts: names with values: what was read, with which model, under which settings.
        notes: what a reader must know of the figures.
    """

    title: str
    gold: Gold | None = None
    threshold: float | None = None
    limit: int = LIMIT
    facts: Facts = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _page: Report = field(default_factory=Report)
    _shown: set[str] = field(default_factory=set)

    def limited(self, documents: Iterable[Document]) -> list[Document]:
        """The first ``limit`` of ``documents``; where there are more, a note says so."""
        return list(self._first(documents))

    def add_documents(self, documents: Iterable[Document]) -> None:
        """Show ``documents``, which have their predicted relations."""
        for document in self._first(documents):
            self._shown.add(document.id)
            self._page.add(document_data(document, judged=self.gold.of(document) if self.gold else None))

    def add_run(self, folder: Path) -> None:
        """Show the documents of a run.

        Raises:
            FormatError: when its texts were not kept, or it cannot be read.
        """
        from bran.export.run_tables import open_tables  # imports DuckDB

        with open_tables(folder) as tables:
            self.add_documents(self._kept(document) for document in tables.documents())

    def add_table(self, path: Path) -> None:
        """Show the rows of a relation table, by document; with the text of gold documents of the same id.

        Raises:
            FormatError: when it cannot be read.
        """
        texts = self.gold.documents if self.gold else {}
        for rows in self._first(read_rows(path)):
            id_ = rows[0].document
            bare = texts.get(id_, Document(id_, ()))
            document = self._kept(bare.with_relations(tuple(row.relation for row in rows)))
            self._shown.add(id_)
            self._page.add(table_data(document, rows, self.gold.of(document) if self.gold else None))

    def write(self, output: Path) -> Summary:
        """Write the page; it appears when all is done.

        Returns:
            The figures that it shows.
        """
        signatures = list(self.gold.signatures(self._shown, self.threshold)) if self.gold else []
        facts = [
            *self.facts,
            *([("gold", self.gold.name)] if self.gold else []),
            *((f"scores, {signature.protocol}", str(signature)) for signature in signatures),
            ("made with", f"bran {__version__}"),
        ]
        with atomic_write(output) as stream:
            stream.writelines(self._page.html(self.title, facts=facts, notes=self.notes))
        return self._page.summary()

    def _first(self, items: Iterable[_Item]) -> Iterator[_Item]:
        stream = iter(items)
        yield from islice(stream, self.limit)
        if next(stream, None) is not None:
            self.notes.append(f"The input has more documents: the first {self.limit} are shown and counted (--limit).")

    def _kept(self, document: Document) -> Document:
        """``document`` with the relations that reach the threshold; those without a score stay."""
        least = self.threshold or 0.0
        kept = (relation for relation in document.relations if relation.score is None or relation.score >= least)
        return document.with_relations(tuple(kept))


def input_names(paths: Sequence[Path]) -> str:
    """How a page calls what it is made from."""
    named = ", ".join(path.name for path in paths[:3])
    return f"{named} and {len(paths) - 3} more" if len(paths) > 3 else named
