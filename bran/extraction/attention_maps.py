"""Attention of every block and head, as a trained model has it on one document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from bran.encoding.batches import collate
from bran.encoding.examples import Example
from bran.errors import ConfigError
from bran.extraction.explanation import AttentionMap
from bran.extraction.trained_model import TrainedModel
from bran.nn.attention import SelfAttention
from bran.nn.encoder import EncoderConfig

MOST_WEIGHTS = 1 << 26
"""Weights that are kept of a document: 256 MiB."""


def check_attention(model: TrainedModel) -> None:
    """Make sure that there is something to map.

    Raises:
        ConfigError: when the model has no attention, or that of another library.
    """
    encoder = model.description.model.encoder
    if not isinstance(encoder, EncoderConfig):
        raise ConfigError(
            f"model {model.description.name}: reads with {encoder.summary}; expected an encoder of kind bran to explain"
        )
    if encoder.attention is None or not encoder.blocks:
        lacks = "encoder.attention = null" if encoder.blocks else "encoder.blocks = 0"
        raise ConfigError(f"model {model.description.name}: {lacks}; expected a model with attention to explain")


@torch.inference_mode()
def attention_maps(
    model: TrainedModel, example: Example, windows: Sequence[int], *, most: int = MOST_WEIGHTS
) -> tuple[AttentionMap, ...]:
    """The attention in ``windows`` of ``example``, one after the other.

    Args:
        model: with attention, on any device.
        example: a document, encoded.
        windows: their numbers; they are mapped in this order until there are ``most`` weights.
        most: weights that are kept at most; the first window is kept whatever it has.

    Raises:
        ConfigError: when the model has no attention.
    """
    check_attention(model)
    maps: list[AttentionMap] = []
    left = most
    for number in windows:
        length = len(example.windows[number].ids)
        left -= sum(module.heads for module in _attending(model.network)) * length**2
        if maps and left < 0:
            break
        maps.append(_map(model, example, number))
    return tuple(maps)


def _map(model: TrainedModel, example: Example, number: int) -> AttentionMap:
    window = example.windows[number]
    device = next(model.network.parameters()).device
    batch = collate([replace(example, windows=(window,))]).to(device)
    with _recorded(model.network) as recorded:
        model.network.encode(batch)
    weights = torch.stack([block[0] for block in recorded])  # (blocks, heads, tokens, tokens)
    return AttentionMap(window.start, weights.float().cpu().numpy())


@contextmanager
def _recorded(network: nn.Module) -> Iterator[list[Tensor]]:
    """The weights of each attention that runs within the block, in order; nothing stays hooked after it."""
    recorded: list[Tensor] = []

    def record(module: nn.Module, arguments: tuple[Tensor, Tensor]) -> None:
        if isinstance(module, SelfAttention):
            recorded.append(module.weights(*arguments))

    hooks = [module.register_forward_pre_hook(record) for module in _attending(network)]
    try:
        yield recorded
    finally:
        for hook in hooks:
            hook.remove()


def _attending(network: nn.Module) -> list[SelfAttention]:
    return [module for module in network.modules() if isinstance(module, SelfAttention)]
