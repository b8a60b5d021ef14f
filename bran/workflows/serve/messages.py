"""What the API takes and gives: the schemas of its OpenAPI description."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bran.view.document_data import DocumentData, Text, TypeData

_ID = 200
"""Longest id of a document, in characters."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class DocumentIn(_Message):
    """One of: plain text; a title, an abstract or both; a PubTator block, which may hold several documents."""

    id: Annotated[Text, StringConstraints(min_length=1, max_length=_ID)] | None = None
    """What it is called in the answer; by default by its number. A PubTator block brings its ids."""
    text: Text | None = None
    """Plain text; the first line is the title when a blank line follows."""
    title: Text | None = None
    abstract: Text | None = None
    pubtator: Text | None = None
    """Rows ``PMID|t|title``, ``PMID|a|abstract``, and tab-separated mentions and relations, if any."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        abstract = self.title is not None or self.abstract is not None
        if (self.text is not None) + abstract + (self.pubtator is not None) != 1:
            raise ValueError("expected one of text, title with abstract, or pubtator")
        if self.pubtator is not None and self.id is not None:
            raise ValueError("a PubTator block brings its ids; expected no id beside it")
        return self


class ExtractRequest(_Message):
    """Documents, and the least score of relations that are wanted."""

    documents: Annotated[list[DocumentIn], Field(min_length=1)]
    threshold: Annotated[float, Field(ge=0, le=1, strict=True)] | Text | None = None
    """A number from 0 to 1, or the name of a threshold of the model; by default the model's own."""


class ExtractAnswer(_Message):
    """Every document with its mentions and relations, in the order of the request."""

    documents: tuple[DocumentData, ...]
    types: tuple[TypeData, ...]
    """How entity types are told apart on a page."""
    model: Text
    threshold: float
    """The least score that was used."""
    notes: tuple[Text, ...]
    """What was left out or read otherwise than it stands, one line each."""


class ThresholdAnswer(_Message):
    """A threshold of the model, and what it scores on documents that the model has not seen."""

    value: float
    precision: float
    recall: float
    f1: float


class LimitsAnswer(_Message):
    """What a request may hold."""

    body: int
    documents: int
    characters: int
    mentions: int
    seconds: float


class ModelAnswer(_Message):
    """The model that is served."""

    name: Text
    version: Text
    """Of bran, when the model was made."""
    hash: Text
    """Twelve hexadecimal digits of its weights, vocabulary and settings."""
    parameters: int
    threshold: float
    """Used when a request names none."""
    thresholds: dict[str, ThresholdAnswer]
    calibrated: bool
    """Whether relations have probabilities."""
    entity_types: tuple[TypeData, ...]
    relation_types: tuple[Text, ...]
    limits: LimitsAnswer


class HealthAnswer(_Message):
    """What a server has done since it was started."""

    status: str
    documents: int
    batches: int
    """Passes through the model; fewer than requests where these came at once."""
    not_scored: dict[str, int]
    """Pairs and mentions that could not be scored, by the reason why."""


class ReadyAnswer(_Message):
    """A server that takes documents."""

    status: str


class ErrorDetail(_Message):
    """What is wrong."""

    code: Text
    """One word for programs."""
    message: Text
    """One line for people: where, which value, what was expected."""


class ErrorAnswer(_Message):
    """The form of every error."""

    error: ErrorDetail
