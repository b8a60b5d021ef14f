"""What a fit starts from, in place of random weights: a relation model, or an encoder that has read plain text."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from typing import Any

import torch

from bran.config import Config, config_hash
from bran.corpus.schema import Schema
from bran.encoding.subwords import Subwords
from bran.encoding.vectors import SUBWORDS
from bran.errors import ModelError
from bran.extraction.trained_model import ModelDescription, TrainedModel, read_description
from bran.nn.language_model import LanguageModelConfig
from bran.nn.model import ModelConfig
from bran.nn.pretrained import EncoderDescription, PretrainedEncoder, is_encoder, read_encoder_description
from bran.workflows.bundled import vectors_folder
from bran.workflows.pretrained_encoders import with_architecture
from bran.workflows.run_config import RunConfig

_OF_TRAINING = ("dropout", "frozen", "frozen_layers", "checkpointing", "download")
"""What settings end with that are of training alone, or of where an encoder comes from: the same weights fit, whatever
they are."""


def describe(config: RunConfig, schema: Schema) -> ModelDescription:
    """The model that ``config`` asks for, before it is trained.

    Raises:
        ConfigError: when it names a pretrained encoder that cannot be read.
        NetworkError: when that cannot be fetched.
    """
    return ModelDescription(
        name=config.name,
        relation_schema=schema,
        encoding=config.encoding,
        model=with_architecture(config.model),
        card=config.card,
    )


def start_from(folder: Path, wanted: ModelDescription, *, seed: int, device: torch.device) -> TrainedModel:
    """An untrained model with the weights and the vocabulary that lie in ``folder``.

    Args:
        folder: of a relation model, all of which is taken over; or of a pretrained encoder, whose embeddings and
            blocks are: scorer, tagger and embeddings of entity types start at random.
        wanted: what the config asks for.
        seed: of random weights.
        device: where the model is to be.

    Raises:
        ModelError: when it was built for another schema, or by settings that its weights do not fit, or is no such
            folder.
    """
    start = PretrainedEncoder.load(folder) if is_encoder(folder) else TrainedModel.load(folder)
    check_start(folder, wanted)
    given = start.reader if isinstance(start, PretrainedEncoder) else start.network
    torch.manual_seed(seed)
    network = wanted.model.build(
        schema=wanted.relation_schema, vocabulary=len(start.subwords), window=wanted.encoding.window
    )
    network.load_state_dict({**network.state_dict(), **given.state_dict()})
    return TrainedModel(wanted, start.subwords, network.to(device))


def start_hash(folder: Path) -> str:
    """Names the model or encoder in ``folder``.

    Raises:
        ModelError: when it is neither.
    """
    return config_hash(_read(folder))


def check_start(folder: Path, wanted: ModelDescription) -> None:
    """Make sure that what lies in ``folder`` fits what the config asks for.

    Raises:
        ModelError: when it was built for another schema or by other settings, or is no such folder.
    """
    found = _read(folder)
    if isinstance(found, ModelDescription):
        differences = [_difference(part, found, wanted) for part in ("relation_schema", "model", "encoding.window")]
    else:
        differences = _encoder_differences(found, wanted.model, "encoding.window", wanted.encoding.window)
    _refuse(folder, differences)


def check_encoder(folder: Path, wanted: EncoderDescription) -> None:
    """Make sure that the pretrained encoder in ``folder`` fits what more is to be pretrained.

    Raises:
        ModelError: when it was built by other settings, or is no such folder.
    """
    found = read_encoder_description(folder)
    _refuse(folder, _encoder_differences(found, wanted.model, "window", wanted.window))


def check_vocabulary(folder: Path, subwords: Subwords, vectors: str) -> None:
    """Make sure that a start has the vocabulary of the ``vectors`` that the config names beside it.

    Args:
        folder: of the start.
        subwords: its vocabulary.
        vectors: ``pubmed``, or a folder that ``bran vectors`` wrote.

    Raises:
        ModelError: when it has another.
    """
    expected = Subwords.load(vectors_folder(vectors) / SUBWORDS)
    if subwords.hash != expected.hash:
        found = f"{len(subwords)} subwords ({subwords.hash})"
        message = f"has a vocabulary of {found}; expected the {len(expected)} of vectors {vectors} ({expected.hash})"
        raise ModelError(f"{folder}: {message}, or vectors: null")


def _read(folder: Path) -> ModelDescription | EncoderDescription:
    return read_encoder_description(folder) if is_encoder(folder) else read_description(folder)


def _encoder_differences(
    found: EncoderDescription, model: ModelConfig | LanguageModelConfig, window_key: str, window: int
) -> list[str]:
    """Where the encoder that was ``found`` differs from that of ``model`` in what is taken over."""
    differences = [
        _compare("model.embeddings.positions", found.model.embeddings.positions, model.embeddings.positions),
        _compare("model.encoder", found.model.encoder, model.encoder),
    ]
    if found.model.embeddings.positions.kind == "learned":  # one vector for each place in a window
        differences.append(_compare(window_key, found.window, window))
    return differences


def _refuse(folder: Path, differences: Iterable[str]) -> None:
    for difference in filter(None, differences):
        raise ModelError(f"{folder}: has {difference}, as the config has it; the model is no start for it")


def _difference(part: str, found: Config, wanted: Config) -> str:
    """Where the ``part`` of two configs first differs, empty for nowhere."""
    return _compare(part, attrgetter(part)(found), attrgetter(part)(wanted))


def _compare(name: str, found: Any, expected: Any) -> str:
    """Where two settings called ``name`` first differ, empty for nowhere; :data:`_OF_TRAINING` may."""
    if isinstance(found, Config) and type(found) is type(expected):
        fields = [field for field in type(found).model_fields if not field.endswith(_OF_TRAINING)]
        parts = (_compare(f"{name}.{field}", getattr(found, field), getattr(expected, field)) for field in fields)
        return next(filter(None, parts), "")
    if isinstance(found, dict) and isinstance(expected, dict):
        keys = dict.fromkeys([*found, *expected])
        return next(filter(None, (_compare(f"{name}.{key}", found.get(key), expected.get(key)) for key in keys)), "")
    return "" if found == expected else f"{name} = {found!r}; expected {expected!r}"
