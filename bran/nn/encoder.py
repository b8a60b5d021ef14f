"""The encoder: blocks of self-attention and feed-forward layer, each with residual and layer norm."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from torch import Tensor, nn

from bran.config import Config
from bran.nn.attention import AttentionConfig, SelfAttention, Sight
from bran.nn.feed_forward import (
    ConvolutionConfig,
    GatedConvolutionConfig,
    LstmConfig,
    NoFeedForwardConfig,
)
from bran.nn.positions import NoPositionsConfig, PositionsConfig

FeedForwardConfig = Annotated[
    ConvolutionConfig | GatedConvolutionConfig | LstmConfig | NoFeedForwardConfig, Field(discriminator="kind")
]


class EncoderConfig(Config):
    """Size of the encoder and the parts of its blocks."""

    dim: int = Field(default=64, ge=1)
    blocks: int = Field(default=2, ge=0)
    attention: AttentionConfig | None = AttentionConfig()
    """``null``: no attention, the paper's "CNN only" row."""
    feed_forward: FeedForwardConfig = ConvolutionConfig()
    norm: Literal["post", "pre"] = "post"
    """Where layer norm stands: after each residual sum (the paper), or before each sub-layer."""
    residual: Literal["all", "attention", "none"] = Field(default="all", exclude_if="all".__eq__)
    """Which sub-layers have a residual sum. ``all``: the paper; ``attention``: the published code, which computes
    that of the convolution and does not use it."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout of each sub-layer's output, before the residual sum."""

    @model_validator(mode="after")
    def _something_comes_through(self) -> EncoderConfig:
        if self.residual != "all" and isinstance(self.feed_forward, NoFeedForwardConfig):
            raise ValueError(f"residual = {self.residual}: nothing comes through feed_forward of kind none")
        return self

    def build(self, positions: PositionsConfig = NoPositionsConfig()) -> Encoder:  # noqa: B008
        """The module; ``positions`` may act in its attention."""
        return Encoder(self, positions)


class Residual(nn.Module):
    """One sub-layer with its residual sum, dropout and layer norm.

    Post-norm: ``norm(x + f(x))``. Pre-norm: ``x + f(norm(x))``. Either may go without ``x +``.
    """

    def __init__(self, layer: nn.Module, config: EncoderConfig) -> None:
        super().__init__()
        self.layer = layer
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.pre = config.norm == "pre"
        self.attends = isinstance(layer, SelfAttention)
        self.adds = config.residual == "all" or (config.residual == "attention" and self.attends)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Apply; shapes are those of the sub-layer."""
        changed: Tensor = self.dropout(self.layer(self.norm(x) if self.pre else x, mask))
        changed = x + changed if self.adds else changed
        return changed if self.pre else self.norm(changed)


class Encoder(nn.Module):
    """``blocks`` times attention, then feed-forward, over all tokens of a window at once."""

    def __init__(self, config: EncoderConfig, positions: PositionsConfig) -> None:
        super().__init__()
        layers: list[Residual] = []
        for _ in range(config.blocks):
            if config.attention is not None:
                layers.append(Residual(config.attention.build(config.dim, positions), config))
            layers.append(Residual(config.feed_forward.build(config.dim), config))
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(config.dim) if config.norm == "pre" else nn.Identity()
        self.sight = Sight(config.attention or AttentionConfig())

    def forward(self, x: Tensor, mask: Tensor, sentences: Tensor | None = None) -> Tensor:
        """Encode.

        Args:
            x: embeddings, shape ``(windows, tokens, dim)``.
            mask: ``True`` at real tokens, shape ``(windows, tokens)``.
            sentences: number of each token's sentence, shape ``(windows, tokens)``; for attention within sentences.

        Returns:
            shape ``(windows, tokens, dim)``; what stands at padding means nothing.
        """
        seen = self.sight(mask, sentences)
        for layer in self.layers:
            x = layer(x, seen if layer.attends else mask)
        encoded: Tensor = self.norm(x)
        return encoded
