"""The folder of a pretrained encoder: its embeddings and blocks, what a relation model can start from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

import bran
from bran.config import Config
from bran.encoding.subwords import Subwords
from bran.errors import ConfigError, ModelError
from bran.nn.language_model import LanguageModelConfig, Reader
from bran.nn.model_folder import (
    DESCRIPTION,
    FORMAT_VERSION,
    SUBWORDS,
    load_weights,
    parse_description,
    write_folder,
)


class EncoderDescription(Config):
    """All of a pretrained encoder that is not weights or vocabulary: the content of ``model.json``."""

    format_version: int = FORMAT_VERSION
    bran_version: str = bran.__version__
    kind: Literal["encoder"] = "encoder"
    """Tells it from the folder of a relation model."""
    name: str
    window: int
    model: LanguageModelConfig
    vocabulary: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """Hash of the subwords that the embeddings are of."""
    training: dict[str, Any] = Field(default_factory=dict)
    """How it was made: hashes of config and texts, seed, losses."""


@dataclass
class PretrainedEncoder:
    """Embeddings and encoder with all that is needed to start from them.

    Attributes:
        description: their settings and history.
        subwords: the vocabulary.
        reader: the weights.
    """

    description: EncoderDescription
    subwords: Subwords
    reader: Reader

    def save(self, folder: Path, *, card: str) -> None:
        """Write the folder; the heads that taught the encoder are not in it."""
        write_folder(folder, description=self.description, network=self.reader, subwords=self.subwords, card=card)

    @classmethod
    def load(cls, folder: Path) -> PretrainedEncoder:
        """Read the folder.

        Raises:
            ModelError: when a file is missing or damaged, was written by another format version, or the vocabulary
                is not that of the embeddings.
        """
        description = read_encoder_description(folder)
        subwords = Subwords.load(folder / SUBWORDS)
        if description.vocabulary not in (None, subwords.hash):
            found, expected = f"vocabulary {subwords.hash}", f"{description.vocabulary}, whose embeddings lie beside it"
            raise ModelError(f"{folder / SUBWORDS}: {found}; expected {expected}")
        try:
            reader = description.model.build_reader(vocabulary=len(subwords), window=description.window)
        except ConfigError as error:
            raise ModelError(f"{folder / DESCRIPTION}: {error}") from None
        load_weights(folder, reader)
        return cls(description, subwords, reader)


def read_encoder_description(folder: Path) -> EncoderDescription:
    """The content of ``model.json`` in ``folder``.

    Raises:
        ModelError: when it is missing, damaged, or of another format version.
    """
    return parse_description(folder, EncoderDescription, writer="bran pretrain")


def is_encoder(folder: Path) -> bool:
    """Whether ``folder`` says that it holds a pretrained encoder, and no relation model."""
    try:
        data = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(data, dict) and data.get("kind") == "encoder"
