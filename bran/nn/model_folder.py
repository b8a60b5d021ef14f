"""A model's folder: ``model.json``, ``weights.safetensors``, ``subwords.json``, ``README.md``.

Nothing in the folder is executed when it is read: weights are safetensors, all else is JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from bran.config import Config, parse_config
from bran.encoding.subwords import Subwords
from bran.errors import ConfigError, ModelError
from bran.files import atomic_write, atomic_write_binary
from bran.wording import one_line

FORMAT_VERSION = 1
DESCRIPTION, WEIGHTS, SUBWORDS, CARD = "model.json", "weights.safetensors", "subwords.json", "README.md"

DescriptionT = TypeVar("DescriptionT", bound=Config)


def write_folder(folder: Path, *, description: Config, network: nn.Module, subwords: Subwords, card: str) -> None:
    """Write a model; ``model.json`` comes last and makes it whole."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DESCRIPTION).unlink(missing_ok=True)  # what is half written is no model
    weights = {name: _smallest(tensor.detach().cpu()) for name, tensor in network.state_dict().items()}
    with atomic_write_binary(folder / WEIGHTS) as binary:
        binary.write(save(weights))
    subwords.save(folder / SUBWORDS)
    write_description(folder, description=description, card=card)


def write_description(folder: Path, *, description: Config, card: str) -> None:
    """Write, or replace, ``model.json`` and the card: all that says what a model is, and nothing of what it learned."""
    with atomic_write(folder / CARD) as text:
        text.write(card)
    with atomic_write(folder / DESCRIPTION) as text:
        text.write(json.dumps(description.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")


def load_weights(folder: Path, network: nn.Module) -> None:
    """Read the weights in ``folder`` into ``network``.

    They stay mapped from their file, so processes that run the same model share its memory until one of them trains it.

    Raises:
        ModelError: when they are missing, damaged, or those of another network.
    """
    path = folder / WEIGHTS
    try:
        kinds = {name: tensor.dtype for name, tensor in network.state_dict().items()}
        mapped = {name: tensor.to(kinds.get(name, tensor.dtype)) for name, tensor in load_file(path).items()}
        network.load_state_dict(mapped, assign=True)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read ({error}); expected safetensors weights") from None
    except RuntimeError as error:
        reason = one_line(error, most=200)
        raise ModelError(f"{path}: weights do not fit {DESCRIPTION} ({reason})") from None


def parse_description(folder: Path, cls: type[DescriptionT], *, writer: str) -> DescriptionT:
    """The content of ``model.json`` in ``folder``.

    Args:
        folder: of the model.
        cls: the config class that holds it.
        writer: the command that writes such folders.

    Raises:
        ModelError: when it is missing, damaged, or of another format version.
    """
    path = folder / DESCRIPTION
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ModelError(f"{path}: not a model folder ({reason}); expected what `{writer}` writes") from None
    version = data.get("format_version") if isinstance(data, dict) else None
    if version != FORMAT_VERSION:
        raise ModelError(f"{path}: format version {version!r}; this version of bran reads {FORMAT_VERSION}")
    try:
        return parse_config(cls, data, source=str(path))
    except ConfigError as error:
        raise ModelError(str(error)) from None


def _smallest(tensor: Tensor) -> Tensor:
    """``tensor`` in 16 bits where that loses nothing, as with embeddings that are frozen at 16-bit vectors."""
    half = tensor.half()
    return (half if torch.equal(half.to(tensor.dtype), tensor) else tensor).contiguous()
