"""Pretrained encoders of other libraries in a run: what its config only names is read from their folders."""

from __future__ import annotations

import torch

from bran.extraction.trained_model import ModelDescription, TrainedModel
from bran.nn.hugging_face import HuggingFaceConfig
from bran.nn.hugging_face_files import completed, folder_hash, read_subwords, take_weights
from bran.nn.model import ModelConfig


def with_architecture(model: ModelConfig) -> ModelConfig:
    """``model`` with all that is needed to build its network where a pretrained encoder is not.

    Raises:
        ConfigError: when the encoder that it names cannot be read.
        NetworkError: when it cannot be fetched.
    """
    if not isinstance(model.encoder, HuggingFaceConfig):
        return model
    return model.model_copy(update={"encoder": completed(model.encoder)})


def encoder_hash(model: ModelConfig) -> str | None:
    """Names the content of the pretrained encoder that ``model`` names; ``None`` when it names none."""
    return folder_hash(model.encoder) if isinstance(model.encoder, HuggingFaceConfig) else None


def start_from_encoder(wanted: ModelDescription, *, seed: int, device: torch.device) -> TrainedModel:
    """An untrained model over the pretrained encoder that its config names.

    Args:
        wanted: what the config asks for, with the encoder's architecture.
        seed: of the weights that are not pretrained.
        device: where the model is to be.

    Raises:
        ConfigError: when weights or tokenizer cannot be read, or do not belong together.
    """
    config = wanted.model.encoder
    if not isinstance(config, HuggingFaceConfig):
        raise TypeError(f"{config.kind} encoders are not pretrained elsewhere")
    subwords = read_subwords(config)
    torch.manual_seed(seed)
    network = wanted.model.build(schema=wanted.relation_schema, vocabulary=len(subwords), window=wanted.encoding.window)
    take_weights(config, network)
    return TrainedModel(wanted, subwords, network.to(device))
