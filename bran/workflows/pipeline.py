"""What ``bran.load()`` gives: text or documents in, documents with mentions and relations out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bran.corpus.document import Document, Mention, Passage
from bran.corpus.schema import Schema
from bran.errors import ConfigError
from bran.evaluation.thresholds import parse_threshold
from bran.nn.precision import PREDICTING, Precision
from bran.workflows.bundled import MODEL, model_folder
from bran.workflows.pasted import DropLog, text_document, whole
from bran.workflows.tag import TaggingSettings

if TYPE_CHECKING:
    from bran.evaluation.thresholds import Threshold
    from bran.extraction.trained_model import ModelDescription
    from bran.view.notebook import RelationTable
    from bran.workflows.batch.models import Models

_CHUNK = 256
"""Documents that are worked on together."""
_ID_DIGITS = 12
_UNKNOWN = "xorquivane"
"""A name that no lexicon has, so that what compares it with all names is set up."""
_KNOWN = "Haloperidol (HPD) caused catalepsy (CTL) in rats."
"""Names that a lexicon may have, with short forms."""


def load(
    model: str | Path = MODEL,
    *,
    threshold: float | str | None = None,
    ner: str | None = None,
    labels: Mapping[str, str] | None = None,
    lexicon: Path | None = None,
    retag: bool = False,
    device: str = "cpu",
    precision: Precision = PREDICTING,
) -> Pipeline:
    """A model that is ready to read text.

    Args:
        model: the name of a model that ships, or a model folder.
        threshold: least score of relations: a number from 0 to 1, or one of the model's thresholds by name
            (``best-f1``, ``p90``); the model's own when ``None``.
        ner: a recogniser's folder, or a spaCy pipeline by name or folder; the recogniser that ships when ``None``.
        labels: entity types by label of a spaCy pipeline.
        lexicon: folder of the lexicon; the one that ships when ``None``.
        retag: replace the mentions that documents come with.
        device: ``cpu``, ``cuda``, ``auto``, ...; of the relation model.
        precision: number format of its matrix products; with ``fp32``, all kinds of devices agree within 1e-4.

    Raises:
        ModelError: when the model cannot be read.
        ConfigError: when there is no such device or threshold.
    """
    from bran.workflows.batch.models import Models
    from bran.workflows.batch.settings import BatchSettings

    shipped = model_folder(str(model))
    settings = BatchSettings(
        model=shipped if shipped.is_dir() else Path(model),
        tagging=TaggingSettings(ner=ner, labels=dict(labels or {}), lexicon=lexicon, retag=retag),
        device=device,
        precision=precision,
    )
    return Pipeline(Models(settings), threshold=threshold)


class Pipeline:
    """Finds relations in abstracts; documents without linked mentions are tagged first.

    ``model(text)`` reads one abstract, ``model.pipe(texts)`` many, ``model.table(documents)`` makes a table of what
    was found. The recogniser and the lexicon are loaded with the first text that needs them.

    Args:
        models: the relation model and the tagger.
        threshold: as in :func:`load`.

    Attributes:
        threshold: least score of the relations that are kept.

    Raises:
        ConfigError: when the model has no such threshold.
    """

    def __init__(self, models: Models, *, threshold: float | str | None = None) -> None:
        self._models = models
        self.threshold = models.description.threshold
        self.threshold = self.resolve(threshold)

    @property
    def description(self) -> ModelDescription:
        """All of the relation model that is not weights or vocabulary."""
        return self._models.description

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits of the model's weights, vocabulary and settings."""
        return self._models.hash

    @property
    def parameters(self) -> int:
        """Number of weights of the relation model."""
        return self._models.predictor.model.parameters

    @property
    def schema(self) -> Schema:
        """The types of entities and relations that the model knows."""
        return self.description.relation_schema

    @property
    def thresholds(self) -> Mapping[str, Threshold]:
        """The model's thresholds by name, each with what it scores on documents that the model has not seen."""
        return self.description.thresholds

    @property
    def notes(self) -> Mapping[str, int]:
        """How many pairs and mentions could not be scored so far, by the reason why."""
        return {name: count for name, count in self._models.predictor.notes.items() if count}

    def __repr__(self) -> str:
        return f"<bran.Pipeline {self.description.name} {self._models.hash}, threshold {self.threshold:.4g}>"

    def __call__(self, source: str | Document, *, threshold: float | str | None = None) -> Document:
        """``source`` with the relations that the model finds.

        Args:
            source: an abstract as text, or a document; relations that it has are replaced. A text is called after a
                hash of its words, and its first line is its title when a blank line follows.
            threshold: as in :func:`load`; by default that of this object.

        Raises:
            ConfigError: when the model has no such threshold.
            DataError: when there is no word in the text, or a mention has a type that the model does not know.
        """
        (document,) = self.pipe([source], threshold=threshold)
        return document

    def pipe(self, sources: Iterable[str | Document], *, threshold: float | str | None = None) -> Iterator[Document]:
        """Each of ``sources`` as ``model(source)`` gives it, in order; faster than one by one, in constant memory.

        Raises:
            ConfigError: when the model has no such threshold, or ``sources`` is a single text or document.
            DataError: as ``model(source)``, when the iterator comes to it.
        """
        if isinstance(sources, str | Document):
            raise ConfigError("pipe: got one text or document; expected several of them, as in a list")
        return self._extracted(map(as_document, sources), self.resolve(threshold))

    def table(self, documents: Iterable[Document]) -> RelationTable:
        """The relations of ``documents``, which ``model`` or ``model.pipe`` has given, as a table."""
        from bran.export.table import rows
        from bran.view.notebook import RelationTable

        models, version = self._models, self.description.bran_version
        return RelationTable(
            row
            for document in documents
            for row in rows(document, model_version=version, model_hash=models.hash, names=models.names)
        )

    def warm_up(self) -> None:
        """Load what is not loaded yet, so that the first text does not wait for it.

        Raises:
            BranError: when something cannot be loaded.
        """
        self(_KNOWN)
        for type_ in self.schema.entity_types:
            self(Document("warm-up", (Passage("text", _UNKNOWN),), (Mention(0, len(_UNKNOWN), type_),)))

    def resolve(self, threshold: float | str | None) -> float:
        """The least score that ``threshold`` says: a number, a name, or ``None`` for that of this object.

        Raises:
            ConfigError: when it is none of these.
        """
        return self.threshold if threshold is None else parse_threshold(str(threshold), self.thresholds)

    def _extracted(self, documents: Iterator[Document], least: float) -> Iterator[Document]:
        while chunk := list(islice(documents, _CHUNK)):
            yield from self._models.predictor.predict(self._models.tagged(chunk), threshold=least)


def as_document(source: str | Document) -> Document:
    """``source`` itself, or the document that it is the text of, called after a hash of its words.

    Raises:
        ConfigError: when it is neither.
        FormatError: when there is no word in it.
    """
    if isinstance(source, Document):
        return source
    if not isinstance(source, str):
        raise ConfigError(f"{type(source).__name__} {str(source)[:40]!r}: expected text or a bran.Document")
    id_ = hashlib.sha256(whole(source).encode()).hexdigest()[:_ID_DIGITS]
    return text_document(source, id_, on_error=DropLog())
