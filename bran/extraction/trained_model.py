"""A trained model: a network with its vocabulary, settings and history."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import Field

import bran
from bran.config import Config
from bran.corpus.schema import Schema
from bran.encoding.cue_scores import CUES, CueScores
from bran.encoding.examples import DocumentEncoder, EncodingConfig
from bran.encoding.knowledge import KNOWLEDGE, Knowledge
from bran.encoding.subwords import Subwords
from bran.errors import ConfigError, ModelError
from bran.evaluation.calibration import Calibration
from bran.evaluation.thresholds import Threshold, parse_threshold
from bran.extraction.model_card import CardConfig, render_card
from bran.nn.model import Bran, ModelConfig
from bran.nn.model_folder import (
    DESCRIPTION,
    FORMAT_VERSION,
    SUBWORDS,
    load_weights,
    parse_description,
    write_description,
    write_folder,
)


class ModelDescription(Config):
    """All of a model that is not weights or vocabulary: the content of ``model.json``."""

    format_version: int = FORMAT_VERSION
    bran_version: str = bran.__version__
    name: str
    relation_schema: Schema
    encoding: EncodingConfig
    model: ModelConfig
    threshold: float = 0.5
    """Score from which a relation is predicted, chosen on development predictions."""
    thresholds: dict[str, Threshold] = Field(default_factory=dict)
    """Others by name (``best-f1``, ``p90``), each with what it scores on documents that the model has not seen."""
    calibration: Calibration | None = None
    """Turns scores into probabilities; ``None`` when the model has no calibration."""
    card: CardConfig = CardConfig()
    training: dict[str, Any] = Field(default_factory=dict)
    """How it was made: corpus hash, split, seed, config hash, scores with signatures."""

    def render_card(self) -> str:
        """The model card as Markdown."""
        thresholds = {name: threshold.model_dump() for name, threshold in self.thresholds.items()}
        return render_card(
            self.name, self.card, {"threshold": self.threshold, "thresholds": thresholds, **self.training}
        )


@dataclass
class TrainedModel:
    """A network with all that is needed to run it.

    Attributes:
        description: its settings and history.
        subwords: its vocabulary.
        network: in evaluation mode.
        knowledge: what its pairs are told of other documents; ``None`` for a network that hears of none.
        cues: what its pairs are told of the words around mentions; ``None`` likewise.
        encoder: turns documents into its examples.
    """

    description: ModelDescription
    subwords: Subwords
    network: Bran
    knowledge: Knowledge | None = None
    cues: CueScores | None = None
    encoder: DocumentEncoder = field(init=False)

    def __post_init__(self) -> None:
        self.network.eval()
        self.encoder = DocumentEncoder(
            self.description.encoding,
            self.subwords,
            self.description.relation_schema,
            knowledge=self.knowledge,
            cues=self.cues,
        )

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def save(self, folder: Path) -> None:
        """Write the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.knowledge is not None:
            self.knowledge.save(folder / KNOWLEDGE)
        if self.cues is not None:
            self.cues.save(folder / CUES)
        description = self.description
        card = description.render_card()
        write_folder(folder, description=description, network=self.network, subwords=self.subwords, card=card)

    @classmethod
    def load(cls, folder: Path, *, device: torch.device | None = None) -> TrainedModel:
        """Read the folder.

        Raises:
            ModelError: when a file is missing or damaged, or was written by another format version.
        """
        description = read_description(folder)
        subwords = description.model.encoder.subwords.load(folder / SUBWORDS)
        try:
            network = description.model.build(
                schema=description.relation_schema, vocabulary=len(subwords), window=description.encoding.window
            )
        except ConfigError as error:
            raise ModelError(f"{folder / DESCRIPTION}: {error}") from None
        load_weights(folder, network)
        kinds = description.model.scorer.knowledge
        knowledge = load_knowledge(folder / KNOWLEDGE, kinds) if kinds else None
        types = description.model.scorer.cues
        cues = load_cues(folder / CUES, types) if types else None
        return cls(description, subwords, network.to(device or torch.device("cpu")), knowledge, cues)


def load_knowledge(path: Path, kinds: tuple[str, ...]) -> Knowledge:
    """The knowledge at ``path``, for a network that hears of ``kinds``.

    Raises:
        ModelError: when it cannot be read, or is of other kinds.
    """
    knowledge = Knowledge.load(path)
    _check_holds(path, "statements", knowledge.kinds, kinds, setting="scorer.knowledge")
    return knowledge


def load_cues(path: Path, types: tuple[str, ...]) -> CueScores:
    """The scores of words around mentions at ``path``, for a network that hears of relation ``types``.

    Raises:
        ModelError: when they cannot be read, or are of other types.
    """
    cues = CueScores.load(path)
    _check_holds(path, "scores", cues.types, types, setting="scorer.cues")
    return cues


def _check_holds(path: Path, what: str, found: tuple[str, ...], expected: tuple[str, ...], *, setting: str) -> None:
    if found != expected:
        held, asked = ", ".join(found), ", ".join(expected)
        raise ModelError(f"{path}: holds {what} of {held}; expected {asked}, as {setting} has it")


def read_description(folder: Path) -> ModelDescription:
    """The content of ``model.json`` in ``folder``.

    Raises:
        ModelError: when it is missing, damaged, or of another format version.
    """
    return parse_description(folder, ModelDescription, writer="bran train")


def replace_description(folder: Path, description: ModelDescription) -> None:
    """Give the model in ``folder`` another description, and the card that goes with it; its weights stay."""
    write_description(folder, description=description, card=description.render_card())


def resolve_threshold(description: ModelDescription, text: str | None) -> float:
    """The threshold on the score that a user asks for.

    Args:
        description: of the model.
        text: a number from 0 to 1, or the name of one of the model's thresholds (``best-f1``, ``p90``); the model's
            own threshold when ``None``.

    Raises:
        ConfigError: when it is neither; lists the names that the model has.
    """
    return description.threshold if text is None else parse_threshold(text, description.thresholds)
