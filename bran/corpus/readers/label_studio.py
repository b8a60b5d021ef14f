"""Label Studio's JSON: texts with regions and relations, as its annotators left them.

Of a task, the annotation counts that is marked as ground truth, else the one changed last; a task that nobody
annotated has what was predicted. Regions of a ``<Text>`` are mentions, what was typed in for them under
``concepts`` are their concepts, and relations hold between these. What bran wrote into ``data.bran`` is taken
into account; without it, the first line of a text is the title and the rest the abstract.

Offsets count characters (code points), as Label Studio does now; its older versions counted UTF-16 units, which
a region is read in where its words stand there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from bran.corpus.document import Document
from bran.corpus.readers.documents import documents_of
from bran.corpus.readers.drawn import Arc, Drawing, DrawnDocuments, Mark, misplaced, reads_alike
from bran.corpus.readers.errors import ErrorHandler, Strict
from bran.corpus.readers.json_values import read_values
from bran.corpus.readers.label_studio_records import Annotation, LabelsValue, Result, Task, TextValue
from bran.corpus.readers.records import parse_record
from bran.corpus.readers.review_record import ReviewRecord
from bran.corpus.schema import Schema
from bran.errors import DataError, FormatError, Place
from bran.files import open_source, source_name

CONCEPTS = "concepts"
"""Name of the text area that holds a region's concepts."""
KEPT = "bran"
"""Key of a task's data that holds what Label Studio has no place for."""

_TASKS = re.compile(rb'"(?:annotations|completions|predictions)"\s*:')
_PARTS = re.compile(rb'"data"\s*:\s*\{|"from_name"\s*:|"was_cancelled"\s*:')
_INFONS = re.compile(rb'"infons"\s*:')
_IDS = ("document", "id", "pmid")


def is_label_studio(head: bytes) -> bool:
    """Whether a file that begins with ``head`` holds tasks of Label Studio."""
    found = _TASKS.search(head) and _PARTS.search(head) and not _INFONS.search(head)
    return head.lstrip()[:1] in (b"[", b"{") and bool(found)


def read_label_studio(
    source: str | Path | BinaryIO,
    *,
    schema: Schema | None = None,
    on_error: ErrorHandler | None = None,
    every_record: bool = False,
) -> Iterator[Document]:
    """The documents of tasks, in the order of the file.

    Relations of an annotation are gold; those that were predicted keep score, model and evidence. A task whose
    regions do not fit its text, or that all annotators skipped, is left out; a region or relation of an unknown
    type, or a relation whose end is missing or has no concept, is told to ``on_error.drop``.

    Args:
        source: a path, or a binary stream; plain or gzipped.
        schema: gives types their spelling, bare ids their namespace and relations their direction.
        on_error: is told of what is left out; by default the first error is raised.
        every_record: give all documents of an id; by default the first counts.

    Raises:
        DataError: names file, line and document; by default at the first thing that is wrong.
    """
    handler, path = on_error or Strict(), source_name(source)
    parser = _Parser(path, schema, handler)
    return documents_of(_values(source, path, handler), parser.document, path, handler, repeated_ids=every_record)


def _values(source: str | Path | BinaryIO, path: str, on_error: ErrorHandler) -> Iterator[tuple[int, Any]]:
    try:
        with open_source(source) as stream:
            yield from read_values(stream, (), path, on_error)
    except DataError as error:
        on_error.skip(error)


class _Parser:
    """Makes a document of a task."""

    def __init__(self, path: str, schema: Schema | None, on_error: ErrorHandler) -> None:
        self._path = path
        self._on_error = on_error
        self._documents = DrawnDocuments(schema, on_error)

    def document(self, value: tuple[int, Any]) -> Document:
        """The document of the task on a line.

        Raises:
            DataError: when it is no task, has no text, was skipped, or a region does not fit the text.
        """
        place = Place(self._path, value[0])
        task = parse_record(Task, value[1], place)
        record = parse_record(ReviewRecord, task.data.get(KEPT) or {}, place)
        id_ = record.id or _id(task)
        if not id_:
            raise FormatError(f"a task without id; expected one, or data.{_IDS[0]}", place)
        place = Place(self._path, value[0], id_)
        text = _text(task.data, place)
        chosen = _chosen(task, place)
        marks = list(self._marks(chosen, text, place))
        arcs = [arc for result in chosen.result if result.type == "relation" for arc in _arcs(result, place)]
        return self._documents.document(Drawing(id_, text, marks, arcs, record, bool(task.annotations), place))

    def _marks(self, annotation: Annotation, text: str, place: Place) -> Iterator[Mark]:
        concepts: dict[str | None, tuple[str, ...]] = {}
        for result in annotation.result:
            if result.type == "textarea" and result.from_name == CONCEPTS:
                concepts[result.id] = parse_record(TextValue, result.value, place).text
        taken: set[str] = set()
        for number, result in enumerate(annotation.result):
            if result.type != "labels":
                if result.type.endswith("labels"):
                    message = f"a region of type {result.type!r}; expected 'labels' of a <Text>"
                    self._on_error.drop(FormatError(message, place))
                continue
            value = parse_record(LabelsValue, result.value, place)
            if not value.labels:
                self._on_error.drop(FormatError("a region without label; expected its entity type", place))
                continue
            name = result.id if result.id and result.id not in taken else f"{result.id or ''}#{number}"
            taken.add(name)
            start, end = _span(value, text, name, place)
            yield Mark(name, start, end, value.labels[0], concepts.get(result.id, ()), place)


def _id(task: Task) -> str | None:
    """The id that the data has, else that of the task."""
    found = (task.data.get(key) for key in _IDS)
    return next((str(id_) for id_ in found if isinstance(id_, str | int) and id_ != ""), task.id)


def _text(data: dict[str, Any], place: Place) -> str:
    """The text under ``text``, or the only one that there is."""
    texts = [value for key, value in data.items() if isinstance(value, str) and key not in _IDS]
    text = data.get("text", texts[0] if len(texts) == 1 else None)
    if not isinstance(text, str):
        raise FormatError(f"data holds {', '.join(data) or 'nothing'}; expected the text under 'text'", place)
    return text


def _chosen(task: Task, place: Place) -> Annotation:
    """The annotation that counts; without any, the last prediction.

    Raises:
        FormatError: when all annotators skipped the task.
    """
    if not task.annotations:
        return task.predictions[-1] if task.predictions else Annotation()
    done = [annotation for annotation in task.annotations if not annotation.was_cancelled]
    if not done:
        raise FormatError("was skipped by all annotators; expected an annotation", place)
    return max(reversed(done), key=lambda annotation: (bool(annotation.ground_truth), annotation.updated_at or ""))


def _span(value: LabelsValue, text: str, name: str, place: Place) -> tuple[int, int]:
    """Start and end of a region in characters.

    Raises:
        OffsetError: when its words stand at neither reading of its offsets.
    """
    given = value.start, value.end
    words = value.text
    if words is None:
        return given
    for span in (given, _from_utf16(text, *given)):
        if span and reads_alike(words, text[slice(*span)]):
            return span
    raise misplaced(f"region {name} {value.start}-{value.end}", words, text[slice(*given)], place)


def _from_utf16(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Offsets in UTF-16 units as offsets in characters; ``None`` where they cut one in two."""
    units = text.encode("utf-16-le")
    try:
        return len(units[: 2 * start].decode("utf-16-le")), len(units[: 2 * end].decode("utf-16-le"))
    except UnicodeDecodeError:
        return None


def _arcs(result: Result, place: Place) -> Iterator[Arc]:
    """An arc for each label of a relation; one without type where there is none."""
    ends = result.from_id or "", result.to_id or ""
    head, tail = ends[::-1] if result.direction == "left" else ends
    for label in result.labels or ("",):
        yield Arc(label, head, tail, result.direction == "bi", place)
