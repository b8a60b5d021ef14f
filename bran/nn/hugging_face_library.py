"""Hugging Face's transformers: the package itself, and what it builds."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import AfterValidator

from bran.config import Config
from bran.errors import ConfigError
from bran.wording import one_line


def _timeless(config: dict[str, Any]) -> dict[str, Any]:
    """``config`` without what is of the library that read it, and not of the encoder."""
    return {name: value for name, value in config.items() if name != "transformers_version"}


class Architecture(Config):
    """What a pretrained encoder is, without its weights: all that is needed to build it where the original is not."""

    config: Annotated[dict[str, Any], AfterValidator(_timeless)]
    """The content of Hugging Face's ``config.json``, whichever version of transformers has read it."""
    before: tuple[int, ...]
    """Special subwords before a text, by the tokenizer's numbers."""
    after: tuple[int, ...]
    """Those after it."""
    hidden: int
    """The one that stands for a hidden word."""


def library() -> Any:
    """The package transformers, which says nothing on its own account.

    Raises:
        ConfigError: when it is not installed.
    """
    try:
        import transformers
    except ImportError:
        raise ConfigError(
            "model.encoder.kind = hugging_face: needs transformers, which is not installed; "
            "expected bran-relations[transformers]"
        ) from None
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def build_model(architecture: Architecture, *, dropout: float | None) -> Any:
    """A model of transformers with random weights, in 32 bits, without what pools its vectors.

    Args:
        architecture: what to build.
        dropout: replaces every rate of its config; ``None``: they stay.

    Raises:
        ConfigError: when transformers is not installed, or cannot build it.
    """
    transformers = library()
    rates = {} if dropout is None else {name: dropout for name in architecture.config if "dropout" in name}
    try:
        config = transformers.AutoConfig.for_model(**{**architecture.config, **rates})
        model = transformers.AutoModel.from_config(config, trust_remote_code=False, dtype=torch.float32)
        width = model.get_input_embeddings().embedding_dim
    except (AttributeError, KeyError, NotImplementedError, TypeError, ValueError) as error:
        kind, reason = architecture.config.get("model_type"), one_line(error, most=200)
        raise ConfigError(f"encoder {kind!r}: cannot be built ({reason}); expected an encoder of text") from None
    if model.config.is_encoder_decoder or not width:
        raise ConfigError(f"encoder {model.config.model_type!r}: has a decoder; expected an encoder alone")
    if hasattr(model, "pooler"):
        model.pooler = None
    return model
