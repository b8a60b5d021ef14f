"""Plain text for what learns without labels: JSON lines and PubTator files, test documents left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bran.corpus.readers import ErrorHandler, read_documents
from bran.errors import FormatError, Place
from bran.files import open_text


class _Record(BaseModel):
    """One line; whatever else stands there is passed over."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    pmid: str | None = None
    id: str | None = None
    title: str | None = None
    abstract: str | None = None
    text: str | None = None


def read_texts(
    paths: Sequence[Path], *, exclude: Collection[str] = (), on_error: ErrorHandler | None = None
) -> Iterator[str]:
    """Title and abstract of each document of ``paths``.

    Args:
        paths: ``.jsonl[.gz]`` files with ``title`` and ``abstract`` (or ``text``), or annotated documents.
        exclude: ids (``pmid`` or ``id``) that are left out.
        on_error: is told of annotated documents that are left out; by default the first error is raised.

    Raises:
        DataError: when a file cannot be read.
    """
    for path in paths:
        if path.name.removesuffix(".gz").endswith(".jsonl"):
            yield from _json_texts(path, exclude)
        else:
            yield from (doc.text for doc in read_documents(path, on_error=on_error) if doc.id not in exclude)


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
                record = _Record.model_validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                key, found = ".".join(map(str, first["loc"])) or "line", str(first["input"]).strip()[:40]
                message = f"{key} {found!r}: {first['msg']}; expected a JSON object with title and abstract"
                raise FormatError(message, Place(str(path), number)) from None
            parts = [part for part in (record.title, record.abstract, record.text) if part]
            if parts and (record.pmid or record.id) not in exclude:
                yield " ".join(parts)
