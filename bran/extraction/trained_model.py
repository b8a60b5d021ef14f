"""A trained model and its folder: ``model.json``, ``weights.safetensors``, ``subwords.json``, ``README.md``.

Nothing in the folder is executed when it is read: weights are safetensors, all else is JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

import bran
from bran.config import Config, parse_config
from bran.corpus.schema import Schema
from bran.encoding.examples import DocumentEncoder, EncodingConfig
from bran.encoding.subwords import Subwords
from bran.errors import ConfigError, ModelError
from bran.extraction.model_card import CardConfig, render_card
from bran.files import atomic_write, atomic_write_binary
from bran.nn.model import Bran, ModelConfig

FORMAT_VERSION = 1
DESCRIPTION, WEIGHTS, SUBWORDS, CARD = "model.json", "weights.safetensors", "subwords.json", "README.md"


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
    card: CardConfig = CardConfig()
    training: dict[str, Any] = Field(default_factory=dict)
    """How it was made: corpus hash, split, seed, config hash, scores with signatures."""


@dataclass
class TrainedModel:
    """A network with all that is needed to run it.

    Attributes:
        description: its settings and history.
        subwords: its vocabulary.
        network: in evaluation mode.
        encoder: turns documents into its examples.
    """

    description: ModelDescription
    subwords: Subwords
    network: Bran
    encoder: DocumentEncoder = field(init=False)

    def __post_init__(self) -> None:
        self.network.eval()
        self.encoder = DocumentEncoder(self.description.encoding, self.subwords, self.description.relation_schema)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def save(self, folder: Path) -> None:
        """Write the folder; ``model.json`` comes last and makes it whole."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DESCRIPTION).unlink(missing_ok=True)  # what is half written is no model
        weights = {name: _smallest(tensor.detach().cpu()) for name, tensor in self.network.state_dict().items()}
        with atomic_write_binary(folder / WEIGHTS) as binary:
            binary.write(save(weights))
        self.subwords.save(folder / SUBWORDS)
        facts = {"threshold": self.description.threshold, **self.description.training}
        with atomic_write(folder / CARD) as text:
            text.write(render_card(self.description.name, self.description.card, facts))
        with atomic_write(folder / DESCRIPTION) as text:
            text.write(json.dumps(self.description.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path, *, device: torch.device | None = None) -> TrainedModel:
        """Read the folder.

        Raises:
            ModelError: when a file is missing or damaged, or was written by another format version.
        """
        description = read_description(folder)
        subwords = Subwords.load(folder / SUBWORDS)
        try:
            network = description.model.build(
                schema=description.relation_schema, vocabulary=len(subwords), window=description.encoding.window
            )
            network.load_state_dict(load_file(folder / WEIGHTS))
        except ConfigError as error:
            raise ModelError(f"{folder / DESCRIPTION}: {error}") from None
        except (OSError, SafetensorError) as error:
            raise ModelError(f"{folder / WEIGHTS}: cannot be read ({error}); expected safetensors weights") from None
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise ModelError(f"{folder / WEIGHTS}: weights do not fit {DESCRIPTION} ({reason})") from None
        return cls(description, subwords, network.to(device or torch.device("cpu")))


def _smallest(tensor: Tensor) -> Tensor:
    """``tensor`` in 16 bits where that loses nothing, as with embeddings that are frozen at 16-bit vectors."""
    half = tensor.half()
    return (half if torch.equal(half.to(tensor.dtype), tensor) else tensor).contiguous()


def read_description(folder: Path) -> ModelDescription:
    """The content of ``model.json`` in ``folder``.

    Raises:
        ModelError: when it is missing, damaged, or of another format version.
    """
    path = folder / DESCRIPTION
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ModelError(f"{path}: not a model folder ({reason}); expected what `bran train` writes") from None
    version = data.get("format_version") if isinstance(data, dict) else None
    if version != FORMAT_VERSION:
        raise ModelError(f"{path}: format version {version!r}; this version of bran reads {FORMAT_VERSION}")
    try:
        return parse_config(ModelDescription, data, source=str(path))
    except ConfigError as error:
        raise ModelError(str(error)) from None
