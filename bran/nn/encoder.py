"""The encoder: blocks of self-attention and feed-forward layer, each with residual and layer norm."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator
from torch import Tensor, nn

from bran.config import Config
from bran.encoding.subwords import Subwords
from bran.nn.attention import AttentionConfig, SelfAttention, Sight
from bran.nn.embeddings import EmbeddingConfig, Embeddings
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

    subwords: ClassVar[type[Subwords]] = Subwords

    kind: Literal["bran"] = Field(default="bran", exclude_if="bran".__eq__)
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

    @property
    def summary(self) -> str:
        """What it is, in a few words."""
        return f"{self.blocks} blocks of {self.dim}"

    def build_reader(
        self, embeddings: EmbeddingConfig, *, vocabulary: int, types: int, window: int
    ) -> tuple[Embeddings, Encoder]:
        """Input embeddings of ``vocabulary`` subwords, ``types`` entity types and ``window`` positions; and encoder."""
        table = embeddings.build(vocabulary=vocabulary, types=types, window=window, dim=self.dim)
        return table, self.build(embeddings.positions)

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

    def forward(self, x: Tensor, *given: Tensor) -> Tensor:
        """Apply; ``given`` is what the sub-layer takes beside its input, and shapes are those that it has."""
        changed: Tensor = self.dropout(self.layer(self.norm(x) if self.pre else x, *given))
        changed = x + changed if self.adds else changed
        return changed if self.pre else self.norm(changed)


class Encoder(nn.Module):
    """``blocks`` times attention, then feed-forward, over all tokens of a window at once."""

    def __init__(self, config: EncoderConfig, positions: PositionsConfig) -> None:
        super().__init__()
        self.dim = config.dim
        layers: list[Residual] = []
        for _ in range(config.blocks):
            if config.attention is not None:
                layers.append(Residual(config.attention.build(config.dim, positions), config))
            layers.append(Residual(config.feed_forward.build(config.dim), config))
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(config.dim) if config.norm == "pre" else nn.Identity()
        self.sight = Sight(config.attention or AttentionConfig())
        self.bias = config.attention.build_bias() if config.attention is not None else None

    def forward(self, x: Tensor, mask: Tensor, sentences: Tensor | None = None) -> Tensor:
        """Encode.

        Args:
            x: embeddings, shape ``(windows, tokens, dim)``.
            mask: ``True`` at real tokens, shape ``(windows, tokens)``.
            sentences: number of each token's sentence, shape ``(windows, tokens)``; for attention that minds them.

        Returns:
            shape ``(windows, tokens, dim)``; what stands at padding means nothing.
        """
        seen = [self.sight(mask, sentences)]
        if self.bias is not None:
            seen.append(self.bias(mask, sentences))
        for layer in self.layers:
            x = layer(x, *seen) if layer.attends else layer(x, mask)
        encoded: Tensor = self.norm(x)
        return encoded

    def stack(self) -> list[list[nn.Parameter]]:
        """Its parameters by block, the uppermost first; last come those beneath all blocks, of which it has none."""
        size = 2 if any(layer.attends for layer in self.layers) else 1
        starts = range(0, len(self.layers), size)
        blocks = [list(nn.ModuleList(self.layers[start : start + size]).parameters()) for start in starts] or [[]]
        blocks[-1] += self.norm.parameters()
        return [*reversed(blocks), []]
