"""What ``bran pretrain`` does: unlabelled texts in, an encoder out that relation models can start from.

A run's folder::

    checkpoint.safetensors   until training is done
    model/                   the encoder; hashes of what it was made of stand in model.json
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field, model_validator

from bran.config import Config, config_hash
from bran.corpus.document import Document
from bran.corpus.load import content_hash
from bran.encoding.batches import pack
from bran.encoding.mention_classes import MentionClasses
from bran.encoding.subwords import SubwordConfig, Subwords
from bran.encoding.texts import TextBatch, TextEncoder, TextExample, collate_texts
from bran.encoding.vectors import SubwordVectors
from bran.errors import ConfigError, TrainingError
from bran.extraction.model_card import CardConfig, render_card
from bran.nn.devices import autocast, choose_device
from bran.nn.language_model import LanguageModel, LanguageModelConfig
from bran.nn.model_folder import DESCRIPTION
from bran.nn.pretrained import EncoderDescription, PretrainedEncoder
from bran.training.checkpoint import CHECKPOINT, Progress
from bran.training.loop import Checkpoints, Hooks, Metrics, Trainer
from bran.training.pretraining import PERPLEXITY, PretrainingConfig, held_out_metrics
from bran.workflows.bundled import vectors_folder
from bran.workflows.fitting import Listener, Machine
from bran.workflows.run_files import MODEL
from bran.workflows.starts import check_encoder, start_hash
from bran.workflows.tracking import Run, Tracker
from bran.workflows.train import Display


class PretrainConfig(Config):
    """All that decides a pretrained encoder, but for the texts."""

    name: str = "pretrained"
    vectors: str | None = None
    """``pubmed``, or a folder that ``bran vectors`` wrote: the vocabulary, and what its embeddings start from."""
    init: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """Folder of an encoder that ``bran pretrain`` wrote: the vocabulary, and the weights to go on from."""
    subwords: SubwordConfig = SubwordConfig()
    """How the vocabulary is learned on the texts, without ``vectors`` or ``init``."""
    window: int = Field(default=1280, ge=8)
    """Longest window, in subwords; longer texts are cut at sentences. With learned positions, ``encoding.window`` of
    the relation model."""
    next_sentence: bool = False
    """Learn to tell as well whether one passage follows another."""
    validation: float = Field(default=0.01, ge=0, lt=1)
    """Share of the texts that is not learned from, but scored after each epoch; the best epoch is kept."""
    model: LanguageModelConfig = LanguageModelConfig()
    training: PretrainingConfig = PretrainingConfig()
    card: CardConfig = CardConfig()

    @model_validator(mode="after")
    def _one_start(self) -> PretrainConfig:
        if self.init is not None and self.vectors is not None:
            raise ValueError(f"init = {self.init}: has a vocabulary and embeddings of its own; expected no vectors")
        if self.model.embeddings.frozen and self.init is None and self.vectors is None:
            raise ValueError(
                "model.embeddings.frozen = true: random embeddings would stay so; expected vectors or init"
            )
        return self


class PretrainingRun:
    """One run of ``bran pretrain``; started again in the same folder, it goes on.

    Args:
        config: what to do.
        documents: what to learn from; ids need not differ.
        folder: where everything goes.
        machine: where to run.
    """

    def __init__(
        self, config: PretrainConfig, documents: Sequence[Document], folder: Path, *, machine: Machine
    ) -> None:
        width = len(str(len(documents)))
        self.documents = [
            replace(document, id=f"{number:0{width}} {document.id}".strip())
            for number, document in enumerate(documents, 1)
        ]
        self.config, self.folder, self.machine = config, folder, machine
        self.device = choose_device(machine.device)

    def run(self, *, tracker: Tracker, display: Display, sources: Sequence[Path]) -> PretrainedEncoder:
        """Train and write the encoder; when an earlier start has done so, read it.

        Args:
            tracker: where the run is logged.
            display: shows progress.
            sources: files that the texts were read from, for the record.

        Raises:
            ConfigError: when the folder holds the encoder of another config or other texts.
            TrainingError: when there is nothing to learn from.
            ModelError: when the vectors or the encoder to start from are damaged, or do not fit the config.
        """
        if (self.folder / MODEL / DESCRIPTION).exists():
            return self._finished()
        subwords, network = self._new()
        train, held_out = self._examples(subwords)
        with tracker.start(self.config.name, tags=self.identity) as run:
            self._log_settings(run, sources)
            with display.fit(self.config.name, len(train) * self.config.training.epochs) as listener:
                progress = self._train(network, train, held_out, _tracked(listener, run))
            encoder = self._described(subwords, network, progress)
            run.log_dict(encoder.description.model_dump(mode="json"), DESCRIPTION)
        (self.folder / CHECKPOINT).unlink(missing_ok=True)
        return encoder

    @cached_property
    def identity(self) -> dict[str, str]:
        """Hashes of what decides the result."""
        config = self.config
        vectors = {"vectors": self._vectors.hash} if self._vectors else {}
        init = {"init": start_hash(Path(config.init))} if config.init else {}
        return {"config": config_hash(config), "corpus": content_hash(self.documents), **vectors, **init}

    @cached_property
    def _vectors(self) -> SubwordVectors | None:
        return SubwordVectors.load(vectors_folder(self.config.vectors)) if self.config.vectors else None

    @cached_property
    def _classes(self) -> MentionClasses:
        """What is to be told of mentions.

        Raises:
            TrainingError: when mentions are to be hidden, and there is none.
        """
        training = self.config.training
        if training.masking.mentions and not any(document.mentions for document in self.documents):
            found = f"none of the {len(self.documents)} texts has a mention"
            raise TrainingError(
                f"masking.mentions = {training.masking.mentions}: {found}; expected what `bran tag` writes"
            )
        if training.mentions is None:
            return MentionClasses()
        asked = training.mentions
        return MentionClasses.count(self.documents, types=asked.types, concepts=asked.concepts)

    def _finished(self) -> PretrainedEncoder:
        encoder = PretrainedEncoder.load(self.folder / MODEL)
        for key, expected in self.identity.items():
            found = encoder.description.training.get(key)
            if found != expected:
                message = f"{self.folder}: holds the encoder of {key} {found}, this run has {expected}"
                raise ConfigError(f"{message}; expected another folder, or an empty one")
        return encoder

    def _new(self) -> tuple[Subwords, LanguageModel]:
        config = self.config
        start = self._start() if config.init else None
        torch.manual_seed(config.training.seed)
        subwords = start.subwords if start else self._vocabulary()
        network = config.model.build(
            vocabulary=len(subwords),
            window=config.window,
            next_sentence=config.next_sentence,
            types=len(self._classes.types),
            concepts=len(self._classes.concepts),
        )
        if start:
            network.reader.load_state_dict(start.reader.state_dict())
        elif self._vectors:
            network.reader.embeddings.start_from(torch.from_numpy(self._vectors.vectors))
        return subwords, network.to(self.device)

    def _start(self) -> PretrainedEncoder:
        config, folder = self.config, Path(self.config.init or "")
        encoder = PretrainedEncoder.load(folder)
        check_encoder(folder, EncoderDescription(name=config.name, window=config.window, model=config.model))
        return encoder

    def _vocabulary(self) -> Subwords:
        if self._vectors:
            return self._vectors.subwords
        return Subwords.learn((document.text for document in self.documents), self.config.subwords)

    def _examples(self, subwords: Subwords) -> tuple[list[TextExample], list[TextExample]]:
        """What is learned from, and what is not; no text gives to both."""
        config = self.config
        order = np.random.default_rng(config.training.seed).permutation(len(self.documents)).tolist()
        count = round(config.validation * len(order))
        encode = TextEncoder(
            subwords,
            window=config.window,
            next_sentence=config.next_sentence,
            seed=config.training.seed,
            classes=self._classes,
        )
        train, held_out = (
            encode([self.documents[index] for index in sorted(part)]) for part in (order[count:], order[:count])
        )
        return train, [example for example in held_out if example.length]

    def _train(
        self, network: LanguageModel, train: list[TextExample], held_out: list[TextExample], listener: Listener
    ) -> Progress:
        training = self.config.training
        packed = pack(held_out, max_tokens=training.batches.max_tokens)
        batches = [collate_texts([held_out[index] for index in indices]).to(self.device) for indices in packed]
        trainer = Trainer(
            network,
            training,
            train,
            hooks=Hooks(
                (lambda model: self._validate(model, batches)) if batches else None, listener.epoch, listener.advance
            ),
            checkpoints=Checkpoints(self.folder, "-".join(self.identity.values()), self.machine.checkpoint_steps),
            device=self.device,
        )
        return trainer.run()

    def _validate(self, model: LanguageModel, batches: Sequence[TextBatch]) -> Metrics:
        with autocast(self.device, self.config.training.precision):
            return held_out_metrics(model, self.config.training, batches)

    def _described(self, subwords: Subwords, network: LanguageModel, progress: Progress) -> PretrainedEncoder:
        """The encoder, with how it was made; written to the folder."""
        config = self.config
        metrics = {k: v for k, v in progress.history[-1].items() if k != "documents_per_second"}
        kept = progress.best_epoch if progress.best_epoch and config.training.keep_best else progress.epoch
        record: dict[str, Any] = {
            **self.identity,
            "seed": config.training.seed,
            "documents": len(self.documents),
            "epochs": progress.epoch,
            "kept_epoch": kept,
            "steps": progress.step,
            **self._held_out(progress.history[kept - 1]),
            "last_epoch": metrics,
        }
        description = EncoderDescription(
            name=config.name,
            window=config.window,
            model=config.model,
            vocabulary=subwords.hash,
            training=record,
        )
        encoder = PretrainedEncoder(description, subwords, network.reader.eval())
        encoder.save(self.folder / MODEL, card=render_card(config.name, config.card, record))
        return encoder

    def _held_out(self, metrics: Mapping[str, float]) -> dict[str, Any]:
        """How well the kept weights tell texts that they did not learn from, and what was hidden of these."""
        if PERPLEXITY not in metrics:
            return {}
        masking = self.config.training.masking
        asked = {"unit": masking.unit.kind, "rate": masking.rate}
        mentions = {"mentions": masking.mentions} if masking.mentions else {}
        return {"held_out": {"perplexity": metrics[PERPLEXITY], **asked, **mentions}}

    def _log_settings(self, run: Run, sources: Sequence[Path]) -> None:
        settings = self.config.model_dump(mode="json")
        run.log_params({key: value for key, value in settings.items() if key != "card"})
        run.log_dict(settings, "config.yaml")
        for source in sources:
            run.log_corpus(source.name, source=source, digest=self.identity["corpus"], documents=len(self.documents))


def _tracked(listener: Listener, run: Run) -> Listener:
    """``listener``, and ``run`` beside it."""

    def on_epoch(metrics: Metrics, epoch: int) -> None:
        listener.epoch(metrics, epoch)
        run.log_metrics(metrics, step=epoch)

    return Listener(on_epoch, listener.advance)
