"""What ``bran report`` does: documents, a run or a table in; one page out, with gold beside where there is any."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TypeVar

from bran import __version__
from bran.config import parse_config
from bran.corpus.document import Document
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.load import content_hash
from bran.corpus.mesh import BUNDLED_VERSION, MeshTree
from bran.corpus.readers import ErrorHandler, read_documents
from bran.corpus.schema import Schema
from bran.errors import ConfigError
from bran.evaluation.gold import FILTERED, RAW
from bran.evaluation.signature import Signature
from bran.export.run_folder import RunFolder
from bran.files import atomic_write
from bran.view.document_data import document_data
from bran.view.judging import Judge, Judged
from bran.view.report.page import Report
from bran.view.report.summary import Summary
from bran.view.report.table import is_table, read_rows, table_data
from bran.workflows.tag import TaggingSettings, tag_bare

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

    def of(self, document: Document) -> list[Judged] | None:
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


@dataclass(frozen=True)
class EarlierRun:
    """What ``bran extract`` wrote earlier: the folder of a run, or a relation table.

    Attributes:
        path: the folder or file.
        schema: of its relations; ``None``: a table does not say.
        facts: what a page says of it.
    """

    path: Path
    schema: Schema | None
    facts: Facts

    @classmethod
    def at(cls, paths: Sequence[Path]) -> EarlierRun | None:
        """What stands at ``paths``; ``None`` when these are documents.

        Raises:
            ConfigError: when there is more beside it.
            FormatError: when the description of a run is damaged.
        """
        found = next((path for path in paths if RunFolder.is_run(path) or is_table(path)), None)
        if found is None:
            return None
        if len(paths) > 1:
            raise ConfigError(f"{found}: is a run or a relation table; expected it alone, or documents only")
        return cls._of_run(found) if found.is_dir() else cls(found, None, [("table", found.name)])

    def add_to(self, builder: ReportBuilder) -> None:
        """Show its documents.

        Raises:
            FormatError: when it cannot be read.
        """
        builder.facts += self.facts
        if builder.threshold is not None:
            builder.facts += [("threshold", f"{builder.threshold:.6g}")]
        if self.path.is_dir():
            builder.add_run(self.path)
        else:
            builder.add_table(self.path)

    @classmethod
    def _of_run(cls, path: Path) -> EarlierRun:
        description = RunFolder(path).description
        schema = parse_config(Schema, description.relation_schema, source=str(path))
        model = f"{description.model}, version {description.model_version}, {description.model_hash}"
        facts = [("run", path.name), ("model", model), ("extracted with", f"bran {description.bran_version}")]
        return cls(path, schema, facts)


@dataclass(frozen=True, slots=True)
class Prediction:
    """How the relations of documents are found.

    Attributes:
        model: folder of the model.
        device: where it runs (``cpu``, ``cuda``, ``auto``).
        threshold: a number, or the name of one of the model's thresholds; ``None``: the model's own.
        tagging: how documents without mentions are tagged.
        workers: processes that tag.
    """

    model: Path
    device: str
    threshold: str | None
    tagging: TaggingSettings
    workers: int = 1

    def add_to(
        self,
        builder: ReportBuilder,
        read: Callable[[Schema], Iterable[Document]],
        gold: Callable[[list[Document], Schema], Gold | None],
    ) -> None:
        """Show the documents that ``read`` gives for the schema of the model, beside what ``gold`` says of them.

        Raises:
            ModelError: when the model cannot be used.
            ConfigError: when it has no such threshold.
        """
        from bran.extraction.model_hash import model_hash  # imports torch, as do these
        from bran.extraction.predictor import Predictor
        from bran.extraction.trained_model import resolve_threshold

        predictor = Predictor.load(self.model, device=self.device, evidence=True)
        description = predictor.model.description
        builder.threshold = resolve_threshold(description, self.threshold)
        documents = builder.limited(read(description.relation_schema))
        builder.gold = gold(documents, description.relation_schema)
        tagged = tag_bare(documents, self.tagging, workers=self.workers)
        builder.add_documents(predictor.predict(tagged, threshold=builder.threshold))
        builder.facts += [
            ("model", f"{description.name}, version {description.bran_version}, {model_hash(self.model)}"),
            ("threshold", f"{builder.threshold:.6g}"),
        ]
        builder.notes += [f"Not scored: {count} {name}." for name, count in predictor.notes.items() if count]


def input_names(paths: Sequence[Path]) -> str:
    """How a page calls what it is made from."""
    named = ", ".join(path.name for path in paths[:3])
    return f"{named} and {len(paths) - 3} more" if len(paths) > 3 else named
