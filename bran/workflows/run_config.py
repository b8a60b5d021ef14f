"""The config of a training run: one YAML file says all that decides its result."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from bran.config import Config
from bran.corpus.splits import GivenConfig, SplitConfig
from bran.encoding.cues import CueConfig
from bran.encoding.distillation import DistillationConfig
from bran.encoding.examples import EncodingConfig
from bran.encoding.subwords import SubwordConfig
from bran.encoding.unstated import NegativeConfig, TeacherConfig, Unstated
from bran.extraction.model_card import CardConfig
from bran.nn.hugging_face import HuggingFaceConfig
from bran.nn.model import ModelConfig
from bran.training.loop import TrainingConfig
from bran.workflows.weak_corpus import WeakConfig


class RunConfig(Config):
    """What to train, on what part of the corpus, and what to measure."""

    name: str = "bran"
    """Name of the model; predicted relations carry it."""
    relation_schema: str = Field(default="cdr", alias="schema")
    """Name of a schema that ships, or the path of a YAML file."""
    splits: tuple[SplitConfig, ...] = ()
    """Ways to part the corpus; each of their splits is trained and tested on its own."""
    refit: bool = False
    """Then train on the whole corpus as well. Its threshold comes from the predictions on the test parts
    of the first entry of ``splits``: models that did not see those documents."""
    hypernym_filter: bool = True
    """Leave negatives out of training that are hypernyms of a positive."""
    protocol: Literal["raw", "filtered"] = "filtered"
    """Which F1 chooses the epoch and the threshold."""
    vectors: str | None = None
    """``pubmed``, or a folder that ``bran vectors`` wrote: the vocabulary, and what its embeddings start from.
    Without, the vocabulary is learned on the training documents and embeddings start at random."""
    knowledge: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """Name of a knowledge base that ships, or a folder that ``bran knowledge build`` wrote: what other documents state
    of a pair, for the kinds that ``model.scorer.knowledge`` names."""
    cues: CueConfig | None = Field(default=None, exclude_if=lambda value: value is None)
    """How the words around mentions are weighed, for the relation types that ``model.scorer.cues`` names; they are
    weighed on the training part of each split, before anything else is trained."""
    init: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """Folder of a model, or of an encoder that ``bran pretrain`` wrote: the vocabulary, and the weights that training
    starts from. ``--init`` goes before it."""
    weak: WeakConfig | None = Field(default=None, exclude_if=lambda value: value is None)
    """Documents with labels by distant supervision, to be read beside the training part of every split."""
    unstated: Unstated = Field(default=NegativeConfig(), exclude_if=NegativeConfig().__eq__)
    """What pairs of the corpus itself are taken for of which nothing is stated. In validation and test parts they are
    negatives."""
    distillation: DistillationConfig | None = Field(default=None, exclude_if=lambda value: value is None)
    """How ``bran distil`` has a student learn from its teachers; ``bran train`` has none."""
    card: CardConfig = CardConfig()
    encoding: EncodingConfig = EncodingConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()

    @property
    def teachers(self) -> tuple[str, ...]:
        """Models that say what is not stated, as the config names them."""
        treatments = (self.unstated, self.weak.unstated if self.weak else None)
        return tuple(treatment.model for treatment in treatments if isinstance(treatment, TeacherConfig))

    @property
    def parts(self) -> tuple[str, ...]:
        """Published parts of the corpus that are read: Training and Development, and what ``given`` splits name."""
        named = (part for split in self.splits if isinstance(split, GivenConfig) for part in (*split.train, split.test))
        return tuple(dict.fromkeys(("training", "development", *filter(None, named))))

    @model_validator(mode="after")
    def _trains_something(self) -> RunConfig:
        if not self.splits and not self.refit:
            raise ValueError("neither splits nor refit are given, so there is nothing to train")
        return self

    @model_validator(mode="after")
    def _cues_are_learned(self) -> RunConfig:
        types = ", ".join(self.model.scorer.cues)
        if bool(types) != (self.cues is not None):
            given = "null" if self.cues is None else "given"
            raise ValueError(f"cues = {given}, model.scorer.cues = {types or 'none'}: expected both or neither")
        return self

    @model_validator(mode="after")
    def _soft_labels_are_whole(self) -> RunConfig:
        if self.distillation is not None and self.unstated.kind == "positive_unlabelled":
            raise ValueError("distillation = given, unstated.kind = positive_unlabelled: expected one of them")
        return self

    @model_validator(mode="after")
    def _knowledge_is_given(self) -> RunConfig:
        if bool(self.model.scorer.knowledge) != (self.knowledge is not None):
            kinds = ", ".join(self.model.scorer.knowledge) or "none"
            raise ValueError(
                f"knowledge = {self.knowledge}, model.scorer.knowledge = {kinds}: expected both or neither"
            )
        return self

    @model_validator(mode="after")
    def _one_vocabulary(self) -> RunConfig:
        encoder, learned = self.model.encoder, self.encoding.subwords
        if isinstance(encoder, HuggingFaceConfig) and (self.vectors is not None or learned != SubwordConfig()):
            other = f"vectors = {self.vectors}" if self.vectors else f"encoding.subwords = {learned.model_dump()}"
            raise ValueError(f"{other}: {encoder.name} has a vocabulary of its own; expected no other")
        return self

    @model_validator(mode="after")
    def _one_start(self) -> RunConfig:
        if self.init is not None and self.vectors is not None:
            raise ValueError(f"init = {self.init}: has a vocabulary and embeddings of its own; expected no vectors")
        return self
