"""The parts of a BioC document, checked: the same for XML and JSON.

Comeau et al.: *BioC: a minimalist approach to interoperability for biomedical text processing*, Database 2013.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field

from bran.corpus.readers.records import Record

PartT = TypeVar("PartT")
Infons = Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})]
_Many = Annotated[tuple[PartT, ...], BeforeValidator(lambda value: value or ())]


class BioCLocation(Record):
    """A stretch of text; BioC counts from the beginning of the document."""

    offset: int
    length: int


class BioCAnnotation(Record):
    """A mention."""

    id: str | None = None
    infons: Infons = Field(default_factory=dict)
    text: str | None = None
    locations: _Many[BioCLocation] = ()


class BioCNode(Record):
    """An end of a relation."""

    refid: str
    role: str | None = None


class BioCRelation(Record):
    """What stands in a relation's infons, or between its nodes, differs between corpora."""

    infons: Infons = Field(default_factory=dict)
    nodes: _Many[BioCNode] = ()


class BioCSentence(Record):
    """A sentence; also what a passage has in common with it."""

    infons: Infons = Field(default_factory=dict)
    offset: int | None = None
    text: str | None = None
    annotations: _Many[BioCAnnotation] = ()
    relations: _Many[BioCRelation] = ()


class BioCPassage(BioCSentence):
    """A title, an abstract, a paragraph: its text stands in it or in its sentences."""

    sentences: _Many[BioCSentence] = ()


class BioCRecord(Record):
    """A document."""

    id: str
    infons: Infons = Field(default_factory=dict)
    passages: _Many[BioCPassage] = ()
    annotations: _Many[BioCAnnotation] = ()
    relations: _Many[BioCRelation] = ()
