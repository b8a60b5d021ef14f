"""Whole documents with their predicted relations, in the formats that curators and other tools read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bran.config import parse_config
from bran.corpus.readers.errors import ErrorLog
from bran.corpus.readers.pubtator_format import PubTatorFormat, pubtator_format
from bran.corpus.schema import Schema
from bran.corpus.writers import open_document_writer, write_documents
from bran.errors import EXIT_SKIPPED, FormatError, Place
from bran.wording import counted

if TYPE_CHECKING:
    from bran.export.run_tables import Tables


class LeftOutError(FormatError):
    """Documents that the format cannot hold; the file has all others and is there."""

    exit_code: ClassVar[int] = EXIT_SKIPPED


def export_documents(tables: Tables, path: Path, *, format: str, scores: bool = False) -> int:
    """Write the documents of ``tables``, each with text, mentions and relations; gives their number.

    Args:
        tables: of a run whose texts were kept.
        path: the file or folder, which appears when all is written.
        format: a name of :data:`~bran.corpus.writers.WRITERS` or :data:`~bran.corpus.writers.FOLDER_WRITERS`.
        scores: PubTator: whether relations have a column with their probability, else their score.

    Raises:
        FormatError: when there are no texts, or ``path`` cannot be written to.
        LeftOutError: when all is written but documents that the format cannot hold.
    """
    schema = _schema(tables)
    pubtator = PubTatorFormat(**pubtator_format(schema).model_dump() | {"scores": scores})
    log = ErrorLog()
    with open_document_writer(path, schema=schema, format=format, pubtator=pubtator) as writer:
        count = write_documents(tables.documents(), writer, on_error=log)
    if log.skipped:
        message = f"{counted(count, 'document')} written, {len(log.skipped)} left out, the first: {log.skipped[0]}"
        raise LeftOutError(message, Place(str(path)))
    return count


def _schema(tables: Tables) -> Schema:
    """The schema of the run's relations."""
    if tables.description is None:
        message = "is a table, which has no texts; expected the folder of a `bran extract` run"
        raise FormatError(message, Place(str(tables.path)))
    return parse_config(Schema, tables.description.relation_schema, source=f"schema of {tables.path}")


_Export = Callable[["Tables", Path], int]
export_pubtator: _Export = partial(export_documents, format="pubtator")
export_pubtator_scores: _Export = partial(export_documents, format="pubtator", scores=True)
export_bioc_xml: _Export = partial(export_documents, format="bioc-xml")
export_bioc_json: _Export = partial(export_documents, format="bioc-json")
export_brat: _Export = partial(export_documents, format="brat")
export_label_studio: _Export = partial(export_documents, format="label-studio")
