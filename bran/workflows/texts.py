"""Plain text for what learns without labels: JSON lines and PubTator files, test documents left out."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from bran.corpus.readers import ErrorLog, read_documents
from bran.errors import FormatError, Place
from bran.files import open_text


def read_texts(paths: Sequence[Path], *, exclude: Collection[str] = ()) -> Iterator[str]:
    """Title and abstract of each document of ``paths``.

    Args:
        paths: ``.jsonl[.gz]`` files with ``title`` and ``abstract`` (or ``text``), or annotated documents.
        exclude: ids (``pmid`` or ``id``) that are left out.

    Raises:
        DataError: when a file cannot be read.
    """
    for path in paths:
        if path.name.removesuffix(".gz").endswith(".jsonl"):
            yield from _json_texts(path, exclude)
        else:
            # Types do not matter here, and a document that breaks its format says nothing of the others.
            yield from (doc.text for doc in read_documents(path, on_error=ErrorLog()) if doc.id not in exclude)


def read_ids(paths: Sequence[Path]) -> set[str]:
    """The ids in ``paths``: one a line, or those of annotated documents (PubTator).

    Raises:
        FormatError: when a file cannot be read.
    """
    ids: set[str] = set()
    for path in paths:
        with open_text(path) as lines:
            ids |= {line.split("|", 1)[0].strip() for line in lines if "\t" not in line}
    return ids - {""}


def _json_texts(path: Path, exclude: Collection[str]) -> Iterator[str]:
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
                parts = [record.get(key) for key in ("title", "abstract", "text")]
            except (ValueError, AttributeError):
                message = f"{line[:40]!r}; expected one JSON object per line"
                raise FormatError(message, Place(str(path), number)) from None
            if str(record.get("pmid", record.get("id", ""))) not in exclude and any(parts):
                yield " ".join(part for part in parts if part)
