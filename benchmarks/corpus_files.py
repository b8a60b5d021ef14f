"""The files of a corpus as large as one likes: real abstracts again and again, under new ids."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

from bran.corpus.document import Document
from bran.corpus.readers import ErrorLog, read_documents, reader_options
from bran.corpus.schema import load_schema
from bran.corpus.writers import open_document_writer

_FIRST_ID = 90_000_000
"""PMIDs that there are not yet begin about here."""
_FILES, _LEAST = 20, 250
"""Files of a corpus, and the least abstracts of one: much smaller files are worked on together."""


def read_abstracts(paths: Sequence[Path], *, fields: Sequence[str] = (), annotated: bool) -> list[Document]:
    """The documents of ``paths`` that have a title and an abstract.

    Args:
        paths: files of any format.
        fields: keys of JSON lines, as ``bran extract --field`` takes them.
        annotated: with their mentions and relations, only those that have some; otherwise the bare text.
    """
    schema, options, log = load_schema("cdr"), reader_options(fields), ErrorLog()
    read = (
        document for path in paths for document in read_documents(path, schema=schema, options=options, on_error=log)
    )
    whole = (document for document in read if len(document.passages) > 1)
    if annotated:
        return [document for document in whole if document.mentions]
    return [Document(document.id, document.passages) for document in whole]


def write_corpus(documents: Sequence[Document], size: int, folder: Path, suffix: str) -> Path:
    """``size`` abstracts in some twenty files; what is there from an earlier run is taken.

    Args:
        documents: repeated as often as it takes, in turns over the files.
        size: how many are written.
        folder: gets a folder of that size.
        suffix: tells the format, such as ``.pubtator``.

    Returns:
        The folder that holds the files and nothing else.
    """
    target = folder / f"{size}{suffix.replace('.', '-')}"
    if target.is_dir():
        return target
    half = target.with_name(f"{target.name}.part")
    half.mkdir(parents=True, exist_ok=True)
    files = max(1, min(_FILES, size // _LEAST))
    with ExitStack() as stack:
        writers = [
            stack.enter_context(open_document_writer(half / f"{number:02d}{suffix}", schema=load_schema("cdr")))
            for number in range(files)
        ]
        for number, document in enumerate(islice(cycle(documents), size)):
            writers[number % files].write(replace(document, id=str(_FIRST_ID + number)))
    return half.rename(target)
