"""The encoder: blocks of self-attention and convolution, each with residual and layer norm."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn

from bran.config import Config
from bran.nn.attention import AttentionConfig
from bran.nn.feed_forward import ConvolutionConfig, NoFeedForwardConfig

FeedForwardConfig = Annotated[ConvolutionConfig | NoFeedForwardConfig, Field(discriminator="kind")]


class EncoderConfig(Config):
    """Size of the encoder and the parts of its blocks."""

    dim: int = Field(default=64, ge=1)
    blocks: int = Field(default=2, ge=0)
    attention: AttentionConfig | None = AttentionConfig()
    """``null``: no attention, the paper's "CNN only" row."""
    feed_forward: FeedForwardConfig = ConvolutionConfig()
    norm: Literal["post", "pre"] = "post"
    """Where layer norm stands: after each residual sum (the paper), or before each sub-layer."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout of each sub-layer's output, before the residual sum."""

    def build(self) -> Encoder:
        """The module."""
        return Encoder(self)


class Residual(nn.Module):
    """One sub-layer with its residual sum, dropout and layer norm.

    Post-norm: ``norm(x + f(x))``. Pre-norm: ``x + f(norm(x))``.
    """

    def __init__(self, layer: nn.Module, config: EncoderConfig) -> None:
        super().__init__()
        self.layer = layer
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.pre = config.norm == "pre"

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Apply; shapes ``(windows, tokens, dim)`` and ``(windows, tokens)``."""
        changed: Tensor = x + self.dropout(self.layer(self.norm(x) if self.pre else x, mask))
        return changed if self.pre else self.norm(changed)


class Encoder(nn.Module):
    """``blocks`` times attention, then feed-forward, over all tokens of a window at once."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        layers: list[Residual] = []
        for _ in range(config.blocks):
            if config.attention is not None:
                layers.append(Residual(config.attention.build(config.dim), config))
            layers.append(Residual(config.feed_forward.build(config.dim), config))
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(config.dim) if config.norm == "pre" else nn.Identity()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Encode.

        Args:
            x: embeddings, shape ``(windows, tokens, dim)``.
            mask: ``True`` at real tokens, shape ``(windows, tokens)``.

        Returns:
            shape ``(windows, tokens, dim)``; what stands at padding means nothing.
        """
        for layer in self.layers:
            x = layer(x, mask)
        encoded: Tensor = self.norm(x)
        return encoded
