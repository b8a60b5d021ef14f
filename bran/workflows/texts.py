"""Plain text for what learns without labels: JSON lines and files of documents, test documents left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from bran.corpus.document import Document, Passage
from bran.corpus.exclusion import Excluded
from bran.corpus.readers import ErrorHandler, ErrorLog, detect_format, read_documents
from bran.corpus.readers.brat import holds_brat
from bran.corpus.readers.records import Annotations, Annotator, MentionRecord, Record
from bran.errors import DataError, FormatError, Place
from bran.files import open_text

_PASSAGES = ("title", "abstract", "text")


class _Passage(Record):
    kind: str
    text: str


class _Record(Record):
    """One line; whatever else stands there is passed over."""

    pmid: str | None = None
    id: str | None = None
    title: str | None = None
    abstract: str | None = None
    text: str | None = None
    passages: tuple[_Passage, ...] | None = None
    mentions: tuple[MentionRecord, ...] | None = None


def find_texts(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The files that texts can be read from, and those of folders that are passed over: no reader takes them.

    Args:
        paths: files, which are taken as they are; and folders, of which all files are looked at, in the order of
            their names and those of folders within. One of brat's annotations is read as one file.

    Raises:
        FormatError: when a folder has no file that can be read.
    """
    found, passed = list[Path](), list[Path]()
    for path in paths:
        if not path.is_dir() or holds_brat(path):
            found.append(path)
            continue
        files = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith(".")]
        readable = [file for file in files if _is_readable(file)]
        if not readable:
            raise FormatError(
                f"none of the {len(files)} files in the folder can be read; expected texts", Place(str(path))
            )
        found += readable
        passed += [file for file in files if file not in readable]
    return found, passed


def _is_readable(path: Path) -> bool:
    try:
        return _is_json_lines(path) or bool(detect_format(path))
    except DataError:
        return False


def read_texts(
    paths: Sequence[Path], *, exclude: Collection[str] = (), on_error: ErrorHandler | None = None
) -> Iterator[str]:
    """Title and abstract of each document of ``paths``: arguments and errors as of :func:`read_text_documents`."""
    return (document.text for document in read_text_documents(paths, exclude=exclude, on_error=on_error))


def read_text_documents(
    paths: Sequence[Path], *, exclude: Collection[str] = (), on_error: ErrorHandler | None = None
) -> Iterator[Document]:
    """Title and abstract, or text, of each document of ``paths``, and its mentions where it has some.

    Args:
        paths: ``.jsonl[.gz]`` files with ``title`` and ``abstract`` (or ``text``), or annotated documents.
        exclude: ids (``pmid`` or ``id``) that are left out.
        on_error: is told of annotated documents that are left out; by default the first error is raised.

    Raises:
        DataError: when a file cannot be read.
    """
    for path in paths:
        documents = _json_documents(path) if _is_json_lines(path) else read_documents(path, on_error=on_error)
        yield from (document for document in documents if document.id not in exclude)


def usable(documents: Iterable[Document]) -> Iterator[Document]:
    """Those of ``documents`` that hold a letter, each text once."""
    seen = set[str]()
    for document in documents:
        if document.text not in seen and any(character.isalpha() for character in document.text):
            seen.add(document.text)
            yield document


def read_ids(paths: Sequence[Path]) -> set[str]:
    """The ids in ``paths``: one a line, or those of documents in any format that is read.

    Raises:
        FormatError: when a file cannot be read, or a line is no id.
    """
    return set(Excluded.read(paths).ids)


def _is_json_lines(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith(".jsonl")


def _json_documents(path: Path) -> Iterator[Document]:
    annotator = Annotator(None, ErrorLog())  # without a schema, no type is unknown
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            record = _parsed(line, Place(str(path), number))
            texts = [(kind, getattr(record, kind)) for kind in _PASSAGES]
            texts += [(passage.kind, passage.text) for passage in record.passages or ()]
            # Offsets count the passages as they are given, empty ones too.
            passages = tuple(Passage(kind, text) for kind, text in texts if text or (record.mentions and text == ""))
            if passages:
                document = Document(record.pmid or record.id or "", passages)
                place = Place(str(path), number, document.id or None)
                yield annotator.annotate(document, Annotations(mentions=record.mentions or ()), place)


def _parsed(line: str, place: Place) -> _Record:
    try:
        return _Record.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        key, found = ".".join(map(str, first["loc"])) or "line", str(first["input"]).strip()[:40]
        message = f"{key} {found!r}: {first['msg']}; expected a JSON object with title and abstract"
        raise FormatError(message, place) from None
