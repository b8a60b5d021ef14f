"""The models of a worker process: loaded once, the tagger when the first text comes that needs it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from bran.corpus.document import Document
from bran.export.table import Names
from bran.extraction.model_hash import model_hash
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import ModelDescription, TrainedModel
from bran.nn.devices import choose_device
from bran.tagging.lexicon import Lexicon
from bran.workflows.batch.settings import BatchSettings
from bran.workflows.workers import Process

_CPU_TOKENS, _TOKENS = 2048, 8192
"""Padded subwords of a batch: on a core, small ones are as fast and hold 250 MB less."""


class Models:
    """Texts or tagged documents in, documents with relations out.

    Args:
        settings: say which models.

    Attributes:
        hash: of the relation model.

    Raises:
        ModelError: when the relation model cannot be read.
    """

    def __init__(self, settings: BatchSettings) -> None:
        self.settings = settings
        device = choose_device(settings.device)
        model = TrainedModel.load(settings.model, device=device)
        self.predictor = Predictor(
            model, device=device, precision=settings.precision, evidence=True, chunk=settings.chunk
        )
        self.hash = model_hash(settings.model)

    @property
    def description(self) -> ModelDescription:
        """Of the relation model."""
        return self.predictor.model.description

    @cached_property
    def names(self) -> Names:
        """Preferred names of concepts, from the lexicon."""
        return Lexicon.load(self.settings.tagging.lexicon).name

    @cached_property
    def tag(self) -> Process:
        """The tagger."""
        return self.settings.tagging()

    def prepare(self, documents: Iterable[Document]) -> None:
        """Load what ``documents`` need."""
        if any(self._is_bare(document) for document in documents):
            _ = self.tag

    def extract(self, documents: Sequence[Document]) -> list[Document]:
        """``documents``, tagged where they are bare, with their relations."""
        return list(self.predictor.predict(self.tagged(documents), threshold=self.settings.threshold))

    def tagged(self, documents: Sequence[Document]) -> Iterable[Document]:
        """``documents``, tagged where they are bare."""
        return self.tag(documents) if any(self._is_bare(document) for document in documents) else documents

    def _is_bare(self, document: Document) -> bool:
        return self.settings.tagging.retag or not document.is_linked


class _Loaded:
    """What this process has loaded."""

    models: Models | None = None


def loaded(settings: BatchSettings) -> Models:
    """The models that ``settings`` name, from an earlier task where they are the same."""
    if _Loaded.models is None or _Loaded.models.settings != settings:
        _Loaded.models = None  # the old ones go before the new ones come
        _Loaded.models = Models(settings)
    return _Loaded.models
