"""brat's standoff format, written: the inverse of :mod:`bran.corpus.readers.brat`.

::

    annotation.conf   which types there are, and what may relate
    visual.conf       how they are shown
    ID.txt            a line for each passage
    ID.ann            mentions, references to concepts, relations, and notes of their scores
    ID.json           what brat has no place for
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from bran.corpus.document import Document, Mention, Relation
from bran.corpus.readers.brat import NO_NAMESPACE, brat_name
from bran.corpus.schema import Schema
from bran.corpus.writers.drawn import DrawnRelations, Types, lined_text, mark_name
from bran.errors import FormatError, Place

_DIGITS = 4
"""After the point, in the scores that notes tell."""
_NAMESPACED = re.compile(rf"(?!{NO_NAMESPACE}:)[^\s:]+:\S")
_SPACES = re.compile(r"[\s%]")
_LONGEST_NAME = 200
"""Bytes that a file name may have, without suffix."""
_COLOURS = ("#7fa2ff", "#ffd27f", "#8fdf8f", "#ff9f9f", "#c9a7eb", "#8fd9d9", "#d9c28f", "#cccccc")


class BratWriter:
    """Writes a folder that brat takes as a collection, with three files for each document.

    Args:
        folder: an empty one, which the files go to.
        schema: the types that ``annotation.conf`` offers, beside those that documents hold.
    """

    def __init__(self, folder: Path, *, schema: Schema | None = None) -> None:
        self._folder = folder
        self._schema = schema
        self._types = Types(schema)

    def write(self, document: Document) -> None:
        """Add the files of ``document``.

        Raises:
            FormatError: when the text holds a line end, a mention begins or ends between two passages, two types
                have one name in brat, or there are files of that id; then nothing of it is written.
        """
        text, name = lined_text(document), _file_name(document.id)
        drawn = DrawnRelations(document, self._schema)
        types = self._types.entities + list(self._types.relations)
        types += [mention.type for mention in document.mentions] + [each.type for each in document.relations]
        record = drawn.record(_renamed(types, Place(document=document.id)))
        try:
            lines = "".join(f"{line}\n" for line in _lines(document, text, drawn))
            kept = json.dumps(record, ensure_ascii=False, allow_nan=False, default=str).encode()
            files = {".txt": f"{text}\n".encode(), ".ann": lines.encode(), ".json": kept + b"\n"}
        except FormatError as error:
            raise error.at(Place(document=document.id)) from None
        except ValueError as error:
            raise FormatError(f"{error}; expected what JSON holds", Place(document=document.id)) from None
        if (self._folder / f"{name}.txt").exists():
            raise FormatError("stands twice; expected one document per id", Place(document=document.id))
        for suffix, content in files.items():
            (self._folder / f"{name}{suffix}").write_bytes(content)
        self._types.add(document, drawn)

    def close(self) -> None:
        """Write the configuration."""
        (self._folder / "annotation.conf").write_text(annotation_conf(self._types), "utf-8")
        (self._folder / "visual.conf").write_text(visual_conf(self._types), "utf-8")


def annotation_conf(types: Types) -> str:
    """The ``annotation.conf``: mentions may overlap as they like."""
    relations = [
        f"{brat_name(name)}\tArg1:{brat_name(head)}, Arg2:{brat_name(tail)}"
        + (", <REL-TYPE>:symmetric" if types.is_symmetric(name) else "")
        for name, pairs in types.relations.items()
        for head, tail in pairs
    ]
    overlap = "<OVERLAP>\tArg1:<ENTITY>, Arg2:<ENTITY>, <OVL-TYPE>:<ANY>"
    entities = [brat_name(name) for name in types.entities]
    sections = {"entities": entities, "relations": [overlap, *relations], "events": [], "attributes": []}
    return "\n".join("\n".join([f"[{section}]", *lines, ""]) for section, lines in sections.items())


def visual_conf(types: Types) -> str:
    """The ``visual.conf``: the types under their full names, entity types each in a colour."""
    named = dict.fromkeys([*types.entities, *types.relations])
    labels = [f"{brat_name(name)} | {name}" for name in named if brat_name(name) != name and "|" not in name]
    colours = [
        f"{brat_name(name)}\tbgColor:{_COLOURS[number % len(_COLOURS)]}" for number, name in enumerate(types.entities)
    ]
    default = "SPAN_DEFAULT\tfgColor:black, bgColor:lightgreen, borderColor:darken"
    return "\n".join(["[labels]", *labels, "", "[drawing]", default, *colours, ""])


def _renamed(types: list[str], place: Place) -> dict[str, str]:
    """The types that brat writes otherwise, by these names.

    Raises:
        FormatError: when two types have one name in brat.
    """
    named: dict[str, str] = {}
    for type_ in types:
        if named.setdefault(brat_name(type_), type_) != type_:
            message = f"types {named[brat_name(type_)]!r} and {type_!r}; expected other letters or digits in one"
            raise FormatError(message, place)
    return {name: type_ for name, type_ in named.items() if name != type_}


def _lines(document: Document, text: str, drawn: DrawnRelations) -> Iterator[str]:
    references = 0
    for number, mention in enumerate(document.mentions):
        name, spans = mark_name(number), _spans(mention, text)
        offsets = ";".join(f"{start} {end}" for start, end in spans)
        words = " ".join(text[start:end] for start, end in spans)
        yield f"{name}\t{brat_name(mention.type)} {offsets}\t{words}"
        for concept in mention.concepts:
            references += 1
            yield f"N{references}\tReference {name} {_reference(concept)}\t{words}"
    for number, (relation, ends) in enumerate(drawn.relations, start=1):
        if ends is None:
            continue
        head, tail = (mark_name(end) for end in ends)
        yield f"R{number}\t{brat_name(relation.type)} Arg1:{head} Arg2:{tail}"
        if note := _note(relation):
            yield f"#{number}\tAnnotatorNotes R{number}\t{note}"


def _spans(mention: Mention, text: str) -> list[tuple[int, int]]:
    """The stretches of ``mention`` on each line: brat shows none that goes on over a line end.

    Raises:
        FormatError: when it begins or ends with one.
    """
    if "\n" in (text[mention.start], text[mention.end - 1]):
        raise FormatError(f"mention {mention.start}-{mention.end}: expected it to begin and end within a passage")
    ends = [at for at in range(mention.start, mention.end) if text[at] == "\n"]
    starts = [mention.start, *(at + 1 for at in ends)]
    return [(start, end) for start, end in zip(starts, [*ends, mention.end], strict=True) if start < end]


def _reference(concept: str) -> str:
    """``concept`` as VOCABULARY:ID without white space."""
    safe = _SPACES.sub(lambda match: quote(match[0], safe=""), concept)
    return safe if _NAMESPACED.match(safe) else f"{NO_NAMESPACE}:{safe}"


def _note(relation: Relation) -> str:
    """What curators are told of a predicted relation."""
    numbers = {"probability": relation.probability, "score": relation.score}
    told = [f"{name} {number:.{_DIGITS}f}" for name, number in numbers.items() if number is not None]
    told = [f"{relation.head} → {relation.tail}", *told, *([f"model {relation.model}"] if relation.model else [])]
    return ", ".join(told).replace("\t", " ").replace("\n", " ") if len(told) > 1 else ""


def _file_name(id_: str) -> str:
    """A file name for ``id_``, the same for the same one and another for another.

    Raises:
        FormatError: when it would be empty or too long.
    """
    name = re.sub(r"^\.", "%2E", quote(id_, safe=" ()+,;="))
    if not 0 < len(name) <= _LONGEST_NAME:
        raise FormatError(f"id of {len(name)} bytes; expected 1 to {_LONGEST_NAME}", Place(document=id_))
    return name
