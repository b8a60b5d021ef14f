"""Small runs' folders, written as the batch engine writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bran.corpus.document import Document, Evidence, Relation
from bran.corpus.schema import load_schema
from bran.export.document_table import open_document_table
from bran.export.run_folder import DOCUMENTS, ENTRY, RELATIONS, Entry, RunDescription, RunFolder, SourceFile
from bran.export.table import SCHEMA_VERSION
from bran.export.writers import open_relation_table
from tests.builders import document

NAMES = {"MESH:C1": "Velorin", "MESH:D1": "Tremor"}


@dataclass(frozen=True)
class Part:
    """A finished shard.

    Attributes:
        source: path that it was read from.
        documents: its records, in order.
        deletions: ids, each with the last position that it removes.
        start: first byte.
    """

    source: str
    documents: Sequence[Document] = ()
    deletions: Sequence[tuple[str, int | None]] = ()
    start: int = 0


def record(id_: str, *, version: int = 1, score: float = 0.5, year: int = 2001, **meta: object) -> Document:
    """An abstract with two relations, the one of tremor at ``score``, that of pain below; the title has the version."""
    bare = document(
        id_,
        f"{{Velorin|Chemical|MESH:C1}} in trial {version}.",
        "It induced {tremor|Disease|MESH:D1}. {Velorin|Chemical|MESH:C1} eased {pain|Disease|MESH:D2}.",
    )
    first, tremor, second, pain = bare.mentions
    relations = (
        Relation("CID", "MESH:C1", "MESH:D2", score / 2, evidence=(Evidence(second, pain, 1.0),), model="cdr"),
        Relation(
            "CID",
            "MESH:C1",
            "MESH:D1",
            score,
            score * score,
            (Evidence(first, tremor, 0.75), Evidence(second, tremor, 0.25)),
            model="cdr",
        ),
    )
    return replace(bare, relations=relations, meta={"version": version, "year": year, **meta})


def write_run(path: Path, parts: Sequence[Part], *, texts: bool = True, version: int = SCHEMA_VERSION) -> RunFolder:
    """The folder of a run whose parts are made in the order given."""
    run = RunFolder(path)
    run.describe(
        RunDescription(
            schema_version=version,
            bran_version="0.1.0",
            model="cdr",
            model_version="0.1.0",
            model_hash="0123456789ab",
            relation_schema=load_schema("cdr").model_dump(mode="json"),
        )
    )
    for part in parts:
        _write_part(run, part, texts=texts)
    return run


def _write_part(run: RunFolder, part: Part, *, texts: bool) -> None:
    key = f"{Path(part.source).stem}-{part.start}"
    folder = run.part(key)
    folder.mkdir(parents=True)
    with (
        open_relation_table(
            folder / RELATIONS, model_version="0.1.0", model_hash="0123456789ab", names=NAMES.get
        ) as relations,
        open_document_table(folder / DOCUMENTS, texts=texts) as documents,
    ):
        for position, found in enumerate(part.documents):
            relations.write(found, position)
            documents.write(found, position)
        for id_, position in part.deletions:
            documents.delete(id_, position)
    source = SourceFile(path=part.source, size=1, mtime_ns=1, sha256="0")
    entry = Entry(key=key, sources=(source,), start=part.start, documents=len(part.documents))
    (folder / ENTRY).write_text(entry.model_dump_json())
