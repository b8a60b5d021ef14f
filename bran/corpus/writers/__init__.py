"""Writers: documents in, a file or folder that appears when it is whole out.

A further format is an entry of ``WRITERS``, or of ``FOLDER_WRITERS`` where it needs several files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from bran.corpus.document import Document
from bran.corpus.readers.errors import ErrorHandler
from bran.corpus.readers.pubtator_format import PubTatorFormat
from bran.corpus.schema import Schema
from bran.corpus.writers.folders import atomic_folder
from bran.corpus.writers.jsonl import JsonlWriter
from bran.corpus.writers.pubtator import PubTatorDocumentWriter, PubTatorWriter
from bran.errors import ConfigError, FormatError
from bran.files import atomic_write_binary

__all__ = [
    "FOLDER_WRITERS",
    "SUFFIXES",
    "WRITERS",
    "DocumentWriter",
    "PubTatorWriter",
    "document_format",
    "open_document_writer",
    "write_documents",
]


class DocumentWriter(Protocol):
    """Takes documents one by one."""

    def write(self, document: Document) -> None:
        """Append ``document``.

        Raises:
            FormatError: when the format cannot hold the document; then nothing of it is written, and the
                next one can be.
        """

    def close(self) -> None:
        """Write what ends the file; its stream stays open."""


def _docbin(stream: BinaryIO, schema: Schema | None) -> DocumentWriter:
    from bran.corpus.writers.docbin import DocBinWriter  # imports spaCy

    return DocBinWriter(stream, schema=schema)


def _bioc_xml(stream: BinaryIO, schema: Schema | None) -> DocumentWriter:
    from bran.corpus.writers.bioc import BioCXmlWriter

    return BioCXmlWriter(stream, schema=schema)


def _bioc_json(stream: BinaryIO, schema: Schema | None) -> DocumentWriter:
    from bran.corpus.writers.bioc import BioCJsonWriter

    return BioCJsonWriter(stream, schema=schema)


def _brat(folder: Path, schema: Schema | None) -> DocumentWriter:
    from bran.corpus.writers.brat import BratWriter

    return BratWriter(folder, schema=schema)


def _label_studio(folder: Path, schema: Schema | None) -> DocumentWriter:
    from bran.corpus.writers.label_studio import LabelStudioWriter

    return LabelStudioWriter(folder, schema=schema)


WRITERS: dict[str, Callable[[BinaryIO, Schema | None], DocumentWriter]] = {
    "pubtator": lambda stream, schema: PubTatorDocumentWriter(stream, schema=schema),
    "bioc-xml": _bioc_xml,
    "bioc-json": _bioc_json,
    "jsonl": lambda stream, schema: JsonlWriter(stream, schema=schema),
    "docbin": _docbin,
}
"""Writers by the name of their format."""

FOLDER_WRITERS: dict[str, Callable[[Path, Schema | None], DocumentWriter]] = {
    "brat": _brat,
    "label-studio": _label_studio,
}
"""Writers of formats that are a folder, by name; no suffix stands for them."""

SUFFIXES: dict[str, str] = {
    ".txt": "pubtator",
    ".pubtator": "pubtator",
    ".xml": "bioc-xml",
    ".json": "bioc-json",
    ".jsonl": "jsonl",
    ".spacy": "docbin",
}
"""The format that each suffix stands for; ``.gz`` may follow all but ``.spacy``, which is compressed already."""


@contextmanager
def open_document_writer(
    path: str | Path,
    *,
    schema: Schema | None = None,
    format: str | None = None,
    pubtator: PubTatorFormat | None = None,
) -> Iterator[DocumentWriter]:
    """A writer of documents whose file or folder appears under ``path`` when the ``with`` block ends well.

    Args:
        path: where the documents go; a file is gzipped when it ends in ``.gz``, a folder must not be there yet.
        schema: gives each type the namespace that its ids are written without, in formats that do so.
        format: a name of :data:`WRITERS` or :data:`FOLDER_WRITERS`; by default told from the suffix of ``path``.
        pubtator: the habits of PubTator output; by default those of the corpus the schema is named after.

    Raises:
        ConfigError: when the format is unknown.
        FormatError: when the folder of ``path`` cannot be written to, or a folder is to replace what is there.
    """
    name = document_format(path, format)
    if name in FOLDER_WRITERS:
        with atomic_folder(path) as folder:
            writer = FOLDER_WRITERS[name](folder, schema)
            yield writer
            writer.close()
        return
    with atomic_write_binary(path) as stream:
        if name == "pubtator":
            writer = PubTatorDocumentWriter(stream, schema=schema, format=pubtator)
        else:
            writer = WRITERS[name](stream, schema)
        yield writer
        writer.close()


def write_documents(documents: Iterable[Document], writer: DocumentWriter, *, on_error: ErrorHandler) -> int:
    """Write ``documents`` and return how many were; those that the format cannot hold are told to ``on_error``."""
    count = 0
    for document in documents:
        try:
            writer.write(document)
        except FormatError as error:
            on_error.skip(error)
        else:
            count += 1
    return count


def document_format(path: str | Path, format: str | None = None) -> str:
    """The name of the format that a file called ``path`` is written in, when ``format`` does not say.

    Raises:
        ConfigError: when there is no such format, or the suffix stands for none.
    """
    if format is not None and format not in (*WRITERS, *FOLDER_WRITERS):
        raise ConfigError(f"output format {format!r}; expected one of {', '.join((*WRITERS, *FOLDER_WRITERS))}")
    name = Path(path).name
    suffix = Path(name.removesuffix(".gz")).suffix
    found = format or SUFFIXES.get(suffix)
    if found is None or (found == "docbin" and name.endswith(".gz")):
        raise ConfigError(f"{path}: the suffix tells the format; expected one of {', '.join(SUFFIXES)}")
    return found
