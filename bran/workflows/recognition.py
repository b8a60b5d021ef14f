"""What ``bran tagging train`` does: annotated corpora in, a recogniser of entity mentions out.

A run's folder::

    <stage>/checkpoint.safetensors   until all stages are done
    model/                 the recogniser, with hashes of what it was made of in model.json
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from pydantic import Field, model_validator

from bran.config import Config, config_hash
from bran.corpus.document import Document
from bran.corpus.load import content_hash
from bran.encoding.tagging import FindNames, Names, Style, TaggingEncoder, TaggingExample, WindowConfig
from bran.encoding.vectors import SubwordVectors
from bran.errors import ConfigError
from bran.evaluation.tagging import mention_scores, total_scores
from bran.extraction.model_card import CardConfig, render_card
from bran.nn.model_folder import DESCRIPTION
from bran.nn.recogniser import RecogniserConfig
from bran.tagging.network_recogniser import NetworkRecogniser, RecogniserDescription, RecogniserModel
from bran.training.checkpoint import CHECKPOINT
from bran.training.loop import Checkpoints, Hooks, Metrics, Trainer
from bran.training.recognition import RecognitionTrainingConfig
from bran.workflows.bundled import vectors_folder
from bran.workflows.fitting import Machine
from bran.workflows.run_files import MODEL
from bran.workflows.tracking import Run, Tracker
from bran.workflows.train import Display


class CorpusStyle(Config):
    """How one corpus is annotated."""

    relation_schema: str = Field(alias="schema")
    """Schema that its file is read with."""
    annotates: tuple[str, ...]
    """Types, in the recogniser's spelling, of which every mention is annotated."""
    names: dict[str, str] = Field(default_factory=dict)
    """The corpus's spelling of a type to the recogniser's, where they differ."""


class StageConfig(Config):
    """One pass of training; the next goes on from its weights."""

    name: str
    repeat: dict[str, int]
    """How often an epoch goes over each corpus."""
    training: RecognitionTrainingConfig = RecognitionTrainingConfig()


class RecognitionConfig(WindowConfig):
    """All that decides a recogniser."""

    name: str
    types: tuple[str, ...]
    corpora: dict[str, CorpusStyle]
    """Texts are tagged in the style of the first."""
    vectors: str
    """``pubmed``, or a folder that ``bran vectors`` wrote: the vocabulary, and what its embeddings start from."""
    model: RecogniserConfig = RecogniserConfig()
    stages: tuple[StageConfig, ...] = Field(min_length=1)
    card: CardConfig = CardConfig()

    @model_validator(mode="after")
    def _names_are_known(self) -> RecognitionConfig:
        for stage in self.stages:
            if unknown := set(stage.repeat) - set(self.corpora):
                raise ValueError(f"stage {stage.name}: {sorted(unknown)[0]!r} is none of {', '.join(self.corpora)}")
        for name, corpus in self.corpora.items():
            if unknown := set(corpus.annotates) - set(self.types):
                raise ValueError(f"corpus {name}: {sorted(unknown)[0]!r} is none of {', '.join(self.types)}")
        return self

    def styles(self) -> dict[str, Style]:
        """The style of each corpus."""
        return {
            name: Style(index, frozenset(corpus.annotates), corpus.names)
            for index, (name, corpus) in enumerate(self.corpora.items())
        }


class RecognitionRun:
    """Trains a recogniser; started again in the same folder, it goes on.

    Args:
        config: what to do.
        corpora: training documents, by the names of ``config.corpora``.
        validation: documents in the style of the first corpus that epochs are scored on; may be empty.
        names: the lexicons.
        folder: where everything goes.
        machine: where to run.
    """

    def __init__(
        self,
        config: RecognitionConfig,
        corpora: Mapping[str, Sequence[Document]],
        *,
        validation: Sequence[Document],
        names: Names,
        folder: Path,
        machine: Machine,
    ) -> None:
        for name in {name for stage in config.stages for name in stage.repeat}:
            if not corpora.get(name):
                raise ConfigError(f"corpus {name!r}: no documents; expected --corpus {name}=FILE")
        self.config, self.corpora, self.validation = config, corpora, validation
        self.names, self.folder, self.machine = names, folder, machine
        self._vectors = SubwordVectors.load(vectors_folder(config.vectors))
        self._styles = config.styles()

    def run(self, *, tracker: Tracker, display: Display) -> RecogniserModel:
        """Train all stages and write the model; when an earlier start has done so, read it.

        Raises:
            ConfigError: when the folder holds the recogniser of another config or corpus.
        """
        if (self.folder / MODEL / DESCRIPTION).exists():
            return self._finished()
        model = self._new()
        record: dict[str, Any] = {**self.identity, "documents": {k: len(v) for k, v in self.corpora.items()}}
        with tracker.start(self.config.name, tags=self.identity) as run:
            run.log_params(self.config.model_dump(mode="json", by_alias=True, exclude={"card"}))
            for stage in self.config.stages:
                with run.start(stage.name) as child:
                    record[stage.name] = self._stage(model, stage, child, display)
            model.network.embeddings.round()
            model.description = model.description.model_copy(update={"training": record})
            model.save(self.folder / MODEL, card=render_card(self.config.name, self.config.card, record))
            run.log_dict(model.description.model_dump(mode="json"), DESCRIPTION)
        for stage in self.config.stages:
            (self.folder / stage.name / CHECKPOINT).unlink(missing_ok=True)
        return model

    @cached_property
    def identity(self) -> dict[str, str]:
        """Hashes of what decides the result."""
        documents = [document for name in sorted(self.corpora) for document in self.corpora[name]]
        return {"config": config_hash(self.config), "corpus": content_hash(documents)}

    def _finished(self) -> RecogniserModel:
        model = RecogniserModel.load(self.folder / MODEL, find_names=self.names.everything)
        for key, expected in self.identity.items():
            found = model.description.training.get(key)
            if found != expected:
                message = f"{self.folder}: holds the recogniser of {key} {found}, this run has {expected}"
                raise ConfigError(f"{message}; expected another folder, or an empty one")
        return model

    def _new(self) -> RecogniserModel:
        config, subwords = self.config, self._vectors.subwords
        torch.manual_seed(config.stages[0].training.seed)
        sizes = self._encoder(self.names.everything).sizes(len(config.corpora))
        network = config.model.build(sizes=sizes, types=len(config.types))
        network.embeddings.start_from(torch.from_numpy(self._vectors.vectors))
        description = RecogniserDescription(
            name=config.name,
            types=config.types,
            styles=tuple(config.corpora),
            window=config.window,
            overlap=config.overlap,
            model=config.model,
        )
        return RecogniserModel(description, subwords, network, self.names.everything)

    def _encoder(self, find_names: FindNames) -> TaggingEncoder:
        config = self.config
        return TaggingEncoder(
            self._vectors.subwords, config.types, find_names, window=config.window, overlap=config.overlap
        )

    def _examples(self, stage: StageConfig) -> list[TaggingExample]:
        found: list[TaggingExample] = []
        for name, times in stage.repeat.items():
            for find_names, documents in self.names.group(self.corpora[name]):
                found += self._encoder(find_names)(documents, self._styles[name]) * times
        return found

    def _stage(self, model: RecogniserModel, stage: StageConfig, run: Run, display: Display) -> dict[str, Any]:
        """Train one stage; what is to be remembered of it."""
        examples = self._examples(stage)
        key = f"{self.identity['config']}-{stage.name}-{_content(examples)}"
        with display.fit(stage.name, len(examples) * stage.training.epochs) as listener:

            def log(metrics: Metrics, epoch: int) -> None:
                listener.epoch(metrics, epoch)
                run.log_metrics(metrics, step=epoch)

            trainer = Trainer(
                model.network,
                stage.training,
                examples,
                hooks=Hooks((lambda _: self._score(model)) if self.validation else None, log, listener.advance),
                checkpoints=Checkpoints(self.folder / stage.name, key, self.machine.checkpoint_steps),
            )
            progress = trainer.run()
        model.network.eval()
        return {"epochs": progress.epoch, "steps": progress.step, **progress.history[-1]}

    def _score(self, model: RecogniserModel) -> dict[str, float]:
        """F1 of exact spans with their types on the validation documents: of all, as ``score``, and of each type."""
        scores = mention_scores(self.validation, list(NetworkRecogniser(model).recognise(self.validation)))
        return {"score": total_scores(scores).f1, **{type_: value.f1 for type_, value in scores.items()}}


def _content(examples: Sequence[TaggingExample]) -> str:
    """Names what the network reads: texts and annotation, but also corpus styles and lexicons."""
    digest = hashlib.sha256()
    for window in (window for example in examples for window in example.windows):
        digest.update(window.features.tobytes())
        digest.update(window.allowed.tobytes())
    return digest.hexdigest()[:12]
