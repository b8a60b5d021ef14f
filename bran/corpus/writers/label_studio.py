"""Label Studio's JSON, written: the inverse of :mod:`bran.corpus.readers.label_studio`.

::

    tasks.json   to be imported: a text each, with regions and relations as a prediction
    config.xml   the labelling interface that shows them

Regions are in characters (code points), as Label Studio counts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from bran.corpus.document import Document, Mention, Relation
from bran.corpus.readers.label_studio import CONCEPTS, KEPT
from bran.corpus.schema import Schema
from bran.corpus.writers.drawn import DrawnRelations, Types, lined_text, mark_name
from bran.errors import FormatError, Place

TASKS, CONFIG = "tasks.json", "config.xml"

_LABELS, _TEXT = "mentions", "text"
"""Names of the tags that regions and their text have."""
_COLOURS = ("#2f6fdf", "#df8f00", "#2f9f4f", "#df3f3f", "#8f4fcf", "#009f9f", "#9f7f2f", "#7f7f7f")


class LabelStudioWriter:
    """Writes a folder with the tasks and the configuration of a Label Studio project.

    Args:
        folder: an empty one, which the files go to.
        schema: the types that the interface offers, beside those that documents hold.
    """

    def __init__(self, folder: Path, *, schema: Schema | None = None) -> None:
        self._folder = folder
        self._schema = schema
        self._types = Types(schema)
        self._between = b"[\n"

    def write(self, document: Document) -> None:
        """Append the task of ``document``.

        Raises:
            FormatError: when the text holds a line end, or there is something that JSON cannot hold; then
                nothing of it is written.
        """
        drawn = DrawnRelations(document, self._schema)
        task = _task(document, drawn)
        try:
            line = json.dumps(task, ensure_ascii=False, allow_nan=False, default=str).encode()
        except ValueError as error:
            raise FormatError(f"{error}; expected what JSON holds", Place(document=document.id)) from None
        self._append(self._between + line)
        self._between = b",\n"
        self._types.add(document, drawn)

    def close(self) -> None:
        """Write what ends the tasks, and the configuration."""
        self._append(b"[]\n" if self._between == b"[\n" else b"\n]\n")
        (self._folder / CONFIG).write_text(labelling_config(self._types), "utf-8")

    def _append(self, content: bytes) -> None:
        with open(self._folder / TASKS, "ab") as stream:
            stream.write(content)


def labelling_config(types: Types) -> str:
    """The labelling interface: entity types as labels, relation types, and a field for a mention's concepts."""
    labels = "".join(
        f"    <Label value={quoteattr(name)} background={quoteattr(_COLOURS[number % len(_COLOURS)])}/>\n"
        for number, name in enumerate(types.entities)
    )
    relations = "".join(f"    <Relation value={quoteattr(name)}/>\n" for name in types.relations)
    return (
        "<View>\n"
        '  <Header value="$document"/>\n'
        f'  <Labels name="{_LABELS}" toName="{_TEXT}">\n{labels}  </Labels>\n'
        f"  <Relations>\n{relations}  </Relations>\n"
        f'  <Text name="{_TEXT}" value="$text"/>\n'
        f'  <TextArea name="{CONCEPTS}" toName="{_TEXT}" perRegion="true" editable="true" '
        'placeholder="a concept id, such as MESH:D008012"/>\n'
        "</View>\n"
    )


def _task(document: Document, drawn: DrawnRelations) -> dict[str, Any]:
    text = lined_text(document)
    result = [item for number, mention in enumerate(document.mentions) for item in _region(text, mention, number)]
    prediction: dict[str, Any] = {"model_version": _model(document), "result": result + _relations(drawn)}
    scores = [score for relation in document.relations if (score := _score(relation)) is not None]
    if scores:
        prediction["score"] = max(scores)
    return {"data": {"document": document.id, "text": text, KEPT: drawn.record()}, "predictions": [prediction]}


def _region(text: str, mention: Mention, number: int) -> list[dict[str, Any]]:
    """A mention, and its concepts where it has any."""
    place = {"start": mention.start, "end": mention.end}
    common = {"id": mark_name(number), "to_name": _TEXT}
    labels = place | {"text": text[mention.start : mention.end], "labels": [mention.type]}
    region = common | {"from_name": _LABELS, "type": "labels", "value": labels}
    concepts = common | {"from_name": CONCEPTS, "type": "textarea"}
    linked = [concepts | {"value": place | {"text": list(mention.concepts)}}] if mention.concepts else []
    return [region, *linked]


def _relations(drawn: DrawnRelations) -> list[dict[str, Any]]:
    """One arc for each pair of mentions: Label Studio holds no second one between the same two."""
    arcs: dict[tuple[int, int], list[Relation]] = {}
    for relation, ends in drawn.relations:
        if ends is not None:
            arcs.setdefault(ends, []).append(relation)
    return [_arc(ends, relations) for ends, relations in arcs.items()]


def _arc(ends: tuple[int, int], relations: list[Relation]) -> dict[str, Any]:
    head, tail = (mark_name(number) for number in ends)
    labels = list(dict.fromkeys(relation.type for relation in relations))
    arc = {"type": "relation", "from_id": head, "to_id": tail, "direction": "right", "labels": labels}
    scores = [score for relation in relations if (score := _score(relation)) is not None]
    return arc | ({"score": max(scores)} if scores else {})


def _model(document: Document) -> str:
    return next((relation.model for relation in document.relations if relation.model), "bran")


def _score(relation: Relation) -> float | None:
    return relation.score if relation.probability is None else relation.probability
