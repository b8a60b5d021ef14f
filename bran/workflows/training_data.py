"""What a fit learns from: documents of its split, and weak ones beside them, labelled as the config says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch

from bran.corpus.document import Document, Pair
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.load import Corpus
from bran.corpus.schema import Schema
from bran.corpus.splits import Split
from bran.encoding.cue_scores import HeldOutScores
from bran.encoding.examples import DocumentEncoder, Example
from bran.encoding.labels import GoldLabels, Labeller, PairFilter, weighted
from bran.encoding.unstated import Unstated
from bran.errors import ConfigError
from bran.extraction.trained_model import TrainedModel
from bran.training.cues import learn_cues
from bran.training.loop import Draw
from bran.training.share import Share
from bran.workflows.run_config import RunConfig
from bran.workflows.teaching import check_teacher, teacher_folder, teacher_labels, teachers_hash
from bran.workflows.weak_corpus import WeakCorpus


class TrainingData:
    """Makes training examples of documents.

    Args:
        config: of the run.
        schema: what it names.
        hypernyms: the filter that the config may ask for.
        device: where teachers run.
    """

    def __init__(self, config: RunConfig, schema: Schema, hypernyms: HypernymFilter, *, device: torch.device) -> None:
        self.config, self.schema = config, schema
        self.hypernyms, self.device = hypernyms, device
        self._corpus = ""

    @cached_property
    def weak(self) -> WeakCorpus | None:
        """The documents that the config has beside the corpus.

        Raises:
            DataError: when they cannot be read, or one stands twice.
        """
        return self.config.weak.load(self.schema) if self.config.weak else None

    def check(self, corpus: Corpus) -> None:
        """Make sure that no document of ``corpus``, which is trained and scored on, is among the weak ones.

        Raises:
            ConfigError: when the config asks for teachers of a student, and there are none.
            DuplicateDocumentError: when such a document is.
        """
        self._check_teachers()
        self._corpus = corpus.hash
        if self.weak:
            self.weak.check(corpus)

    def identity(self, splits: Sequence[str]) -> dict[str, str]:
        """Hashes of what decides the examples of ``splits``, beside the config and the documents of the corpus.

        Raises:
            ModelError: when a teacher of one of them is not there.
        """
        weak = {"weak": self.weak.corpus.hash} if self.weak else {}
        return weak | ({"teacher": teachers_hash(self.config.teachers, splits)} if self.config.teachers else {})

    def record(self, split: str) -> dict[str, Any]:
        """What a model says of its examples of ``split``, beside the documents of the corpus."""
        return {}

    def epoch_size(self, documents: int) -> int:
        """Documents of an epoch, of which ``documents`` are those of a split."""
        return documents + (self.weak.per_epoch if self.weak else 0)

    def labels(self, split: Split, documents: Sequence[Document]) -> Labeller:
        """What ``documents`` of ``split`` state, and what the config takes the rest for.

        A teacher that the config names is asked here, so a fit calls this once.
        """
        return self._labels(self.config.unstated, split, documents)

    def cues(self, documents: Sequence[Document], labels: Labeller) -> HeldOutScores | None:
        """What the words of ``documents`` say of pairs, learned on their ``labels``; ``None`` if not asked for."""
        config = self.config
        if config.cues is None:
            return None
        return learn_cues(
            documents,
            self.schema,
            config.model.scorer.cues,
            labels,
            config.cues,
            seed=config.training.seed,
            within_sentences=config.encoding.mention_pairs == "sentence",
        )

    def examples(
        self,
        model: TrainedModel,
        split: Split,
        documents: Sequence[Document],
        labels: Labeller,
        cues: HeldOutScores | None = None,
    ) -> list[Example]:
        """``documents`` of ``split`` as ``model`` is to read them; all of them come in every epoch.

        Args:
            model: untrained.
            split: what they are the training part of.
            documents: in any order.
            labels: theirs, as :meth:`labels` has them.
            cues: as :meth:`cues` has learned them on these documents; those of ``model`` unless given.
        """
        return self._encode(model, documents, self._targets(split, documents, labels), cues)

    def further(self, model: TrainedModel, split: Split) -> Draw:
        """The weak documents of each epoch, as ``model`` is to read them."""
        weak = self.config.weak
        if weak is None or self.weak is None:
            return lambda epoch: ()
        labels = weighted(self._labels(weak.unstated, split, self.weak.documents), weak.weight)
        examples = self._encode(model, self.weak.documents, labels)
        return Share(examples, weak.per_epoch, seed=self.config.training.seed)

    def _targets(self, split: Split, documents: Sequence[Document], labels: Labeller) -> Labeller:
        """What the network is to say of ``documents`` of ``split``, which have ``labels``."""
        return labels

    def _check_teachers(self) -> None:
        if self.config.distillation is not None:
            raise ConfigError("distillation is given, and no teachers; expected bran distil, or distillation: null")

    def _encode(
        self,
        model: TrainedModel,
        documents: Sequence[Document],
        labels: Labeller,
        cues: HeldOutScores | None = None,
    ) -> list[Example]:
        encoder = DocumentEncoder(
            self.config.encoding,
            model.subwords,
            self.schema,
            labels=labels,
            knowledge=model.knowledge,
            cues=cues or model.cues,
        )
        return encoder(documents)

    def _labels(self, unstated: Unstated, split: Split, documents: Sequence[Document]) -> Labeller:
        """What ``documents`` state, and what ``unstated`` takes the rest for."""

        def teach(model: str) -> Labeller:
            folder = teacher_folder(model, split.name)
            check_teacher(folder, corpus=self._corpus, split=split.name)
            precision = self.config.training.precision
            return teacher_labels(folder, self.schema, documents, device=self.device, precision=precision)

        return unstated.labels(GoldLabels(self.schema, self._filter), teach, exclusive=self.schema.exclusive)

    @cached_property
    def _filter(self) -> PairFilter | None:
        if not self.config.hypernym_filter:
            return None

        def counts(document: Document, pairs: tuple[Pair, ...]) -> list[bool]:
            ignored = self.hypernyms.ignored(document, self.schema)
            return [(pair.head.id, pair.tail.id) not in ignored for pair in pairs]

        return counts
