"""What Label Studio's JSON holds, as its documentation tells: tasks, annotations, regions and relations.

https://labelstud.io/guide/task_format
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from bran.corpus.readers.records import Record


def _objects(value: Any) -> Any:
    """Only the objects of a list: an export that is not to hold predictions has their numbers in place of them."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else value or ()


_Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value or ())]
_Offset = Annotated[int, Field(ge=0, lt=1 << 31)]


class LabelsValue(Record):
    """A stretch of text with its labels."""

    start: _Offset
    end: _Offset
    text: str | None = None
    labels: _Names = ()


class TextValue(Record):
    """What was typed in for a region."""

    text: _Names = ()


class Result(Record):
    """A region, something said of one, or a relation between two."""

    type: str
    id: str | None = None
    from_name: str | None = None
    value: dict[str, Any] = Field(default_factory=dict)
    from_id: str | None = None
    to_id: str | None = None
    direction: str | None = None
    labels: _Names = ()


class Annotation(Record):
    """What an annotator, or a model, drew over the text of a task."""

    result: Annotated[tuple[Result, ...], BeforeValidator(_objects)] = ()
    was_cancelled: bool | None = None
    ground_truth: bool | None = None
    updated_at: str | None = None


class Task(Record):
    """A text to annotate, and how it was."""

    data: dict[str, Any]
    id: str | None = None
    annotations: Annotated[tuple[Annotation, ...], BeforeValidator(_objects)] = Field(
        default=(), validation_alias=AliasChoices("annotations", "completions")
    )
    predictions: Annotated[tuple[Annotation, ...], BeforeValidator(_objects)] = ()
