"""A whole corpus in memory, for training and evaluation: every document once, with a hash of its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from bran.corpus.chemdisgene import TableJoin, missing_texts, relation_tables
from bran.corpus.document import Document
from bran.corpus.readers import ErrorHandler, folder_format, read_documents
from bran.corpus.schema import Schema
from bran.corpus.titles import title_key
from bran.errors import DataError, DuplicateDocumentError, FormatError, Place
from bran.wording import counted

PUBLISHED_FILES: dict[str, tuple[str, ...]] = {
    "training": ("CDR_TrainingSet.PubTator.txt", "Train.PubTator", "train_abstracts.txt"),
    "development": ("CDR_DevelopmentSet.PubTator.txt", "Dev.PubTator", "dev_abstracts.txt"),
    "test": ("CDR_TestSet.PubTator.txt", "Test.PubTator", "test_abstracts.txt"),
}
"""What the splits of BC5CDR, BioRED and ChemDisGene are called as published, plain or with ``.gz``."""

WHOLE = "abstracts.txt"
"""What a published corpus without splits is called: ChemDisGene's curated part."""

PUBLISHED_FOLDERS: dict[str, tuple[str, ...]] = {
    "training": ("training", "chemprot_training"),
    "development": ("development", "chemprot_development"),
    "test": ("test", "chemprot_test_gs"),
}
"""What the folders of the splits of ChemProt are called, as unpacked."""


@dataclass(frozen=True)
class Corpus:
    """Documents, each once, and the split that each was published in.

    Attributes:
        documents: in the order of their files.
        given: split name of each document id; empty for a single file.
        notices: what reading had to change or count, a line each.

    Raises:
        DuplicateDocumentError: when an id, or a title (but for case, punctuation and spacing), stands twice; see
            :func:`bran.corpus.titles.title_key`.
    """

    documents: tuple[Document, ...]
    given: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ids: set[str] = set()
        titles: dict[str, str] = {}
        for document in self.documents:
            place = Place(document=document.id)
            if document.id in ids:
                message = f"id {document.id!r} stands twice in the corpus; expected one document per id"
                raise DuplicateDocumentError(message, place)
            ids.add(document.id)
            title = title_key(document)
            if title and titles.setdefault(title, document.id) != document.id:
                message = f"title {document.title!r} is that of document {titles[title]} too; expected each title once"
                raise DuplicateDocumentError(message, place)

    def part(self, split: str) -> tuple[Document, ...]:
        """The documents published in ``split``.

        Raises:
            DataError: when the corpus has no such split.
        """
        found = tuple(document for document in self.documents if self.given.get(document.id) == split)
        if not found:
            known = ", ".join(dict.fromkeys(self.given.values())) or "none (a single file)"
            raise DataError(f"split {split!r} is not in the corpus; it has {known}")
        return found

    def select(self, ids: Iterable[str]) -> tuple[Document, ...]:
        """The documents with these ids, in the order of ``ids``.

        Raises:
            DataError: when an id is not in the corpus.
        """
        selected = []
        for id_ in ids:
            if id_ not in self._by_id:
                raise DataError(f"document {id_!r} is not in the corpus of {counted(len(self.documents), 'document')}")
            selected.append(self._by_id[id_])
        return tuple(selected)

    @cached_property
    def _by_id(self) -> dict[str, Document]:
        return {document.id: document for document in self.documents}

    @cached_property
    def hash(self) -> str:
        """Twelve hexadecimal digits that name the content: ids, texts, mentions and relations in any order."""
        return content_hash(self.documents)


def content_hash(documents: Iterable[Document]) -> str:
    """Twelve hexadecimal digits that name what ``documents`` hold, in whatever order those of different ids come."""
    digest = hashlib.sha256()
    for document in sorted(documents, key=lambda document: document.id):
        digest.update(json.dumps(_content(document), separators=(",", ":")).encode())
    return digest.hexdigest()[:12]


def _content(document: Document) -> list[object]:
    return [
        document.id,
        [[passage.kind, passage.text] for passage in document.passages],
        sorted([m.start, m.end, m.type, m.id, *m.concepts] for m in document.mentions),
        sorted([r.type, r.head, r.tail] for r in document.relations),
    ]


def load_corpus(
    path: str | Path,
    schema: Schema,
    *,
    splits: Collection[str] = ("training", "development"),
    exclude: Collection[str] = (),
    input_format: str | None = None,
    on_error: ErrorHandler | None = None,
) -> Corpus:
    """A corpus for training or evaluation.

    Relations of symmetric types are turned so that the smaller (type, id) comes first, as in
    :meth:`bran.corpus.schema.Schema.candidates`.

    Args:
        path: a file, or a folder that holds BC5CDR, BioRED, ChemDisGene or ChemProt as published
            (:data:`PUBLISHED_FILES`, :data:`PUBLISHED_FOLDERS`), or annotations of brat.
        schema: the types that documents may hold.
        splits: which published splits to read from a folder; those that it does not hold are passed over,
            and the test split is read only when it is named here.
        exclude: ids of documents to leave out.
        input_format: as in :func:`bran.corpus.readers.read_documents`.
        on_error: as there.

    Raises:
        DuplicateDocumentError: when an id or a normalised title stands twice.
        DataError: when something cannot be read.
    """
    path = Path(path)
    files = _published_files(path, splits) if path.is_dir() and not folder_format(path) else {"": path}
    documents: list[Document] = []
    given: dict[str, str] = {}
    join = TableJoin(schema)
    for split, file in files.items():
        read = read_documents(file, schema=schema, input_format=input_format, on_error=on_error)
        if tables := relation_tables(file) if path.is_dir() else ():
            read = iter(join(list(read), tables))
        for document in read:
            if document.id in exclude:
                continue
            documents.append(_ordered_ends(document, schema))
            if split and given.setdefault(document.id, split) != split:
                message = f"id {document.id!r} is in the {given[document.id]} split too; expected it in one split"
                raise DuplicateDocumentError(message, Place(str(file), document=document.id))
    try:
        return Corpus(tuple(documents), given, (*missing_texts(path), *join.notices))
    except DuplicateDocumentError as error:
        raise error.at(Place(str(path), document=error.place.document)) from None


def text_files(folder: Path) -> list[Path]:
    """Everything that holds documents of the published corpus in ``folder``, the test split among it.

    Raises:
        FormatError: when there is none.
    """
    return list(_published_files(folder, tuple(PUBLISHED_FILES)).values())


def _published_files(folder: Path, splits: Collection[str]) -> dict[str, Path]:
    """The file, or the folder, of each of ``splits`` that ``folder`` holds, in the order of publication."""
    found = {split: path for split in PUBLISHED_FILES if split in splits and (path := _published(folder, split))}
    if not found and (whole := _file(folder, WHOLE)):
        return {"": whole}
    if not found:
        if missing := missing_texts(folder):
            raise FormatError(missing[0])
        expected = ", ".join(PUBLISHED_FILES[split][0] for split in splits if split in PUBLISHED_FILES)
        raise FormatError(f"folder holds no published corpus; expected {expected} (or .gz)", Place(str(folder)))
    return found


def _published(folder: Path, split: str) -> Path | None:
    folders = (folder / name for name in PUBLISHED_FOLDERS[split])
    return _file(folder, *PUBLISHED_FILES[split]) or next(filter(folder_format, folders), None)


def _file(folder: Path, *names: str) -> Path | None:
    candidates = (folder / f"{name}{suffix}" for name in names for suffix in ("", ".gz"))
    return next((file for file in candidates if file.is_file()), None)


def _ordered_ends(document: Document, schema: Schema) -> Document:
    """``document`` with the ends of symmetric relations in the order of candidates."""
    if not any(relation.symmetric for relation in schema.relation_types.values()):
        return document
    types = {entity.id: entity.type for entity in document.entities}

    def turned() -> Iterator[tuple[str, str]]:
        for relation in document.relations:
            ends = relation.head, relation.tail
            if schema.relation_types[relation.type].symmetric:
                first, second = sorted(ends, key=lambda id_: (types.get(id_, ""), id_))
                ends = first, second
            yield ends

    relations = (
        replace(relation, head=head, tail=tail)
        for relation, (head, tail) in zip(document.relations, turned(), strict=True)
    )
    return document.with_relations(tuple(relations))
