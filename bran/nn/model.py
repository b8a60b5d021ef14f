"""BRAN, the bi-affine relation attention network, on one screen.

Verga, Strubell, McCallum: *Simultaneously Self-Attending to All Mentions for Full-Abstract Biological
Relation Extraction*, NAACL 2018.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator
from torch import Tensor, nn

from bran.config import Config
from bran.corpus.schema import Schema
from bran.encoding.batches import Batch
from bran.nn.embeddings import EmbeddingConfig, Embeddings
from bran.nn.encoder import Encoder, EncoderConfig
from bran.nn.hugging_face import HuggingFaceConfig, HuggingFaceEncoder
from bran.nn.links import LinkKind, build_link
from bran.nn.positions import PositionsConfig
from bran.nn.scorer import ScorerConfig


def check_positions(positions: PositionsConfig, encoder: EncoderConfig) -> None:
    """Make sure that ``positions`` have something to act in.

    Raises:
        ValueError: when there is no attention for them, or one that they cannot act in.
    """
    kind, attention = positions.kind, encoder.attention
    if positions.in_attention and attention is None:
        raise ValueError(f"embeddings.positions = {kind}: acts in attention, and encoder.attention is null")
    if kind == "rotary" and attention is not None and attention.score == "additive":
        raise ValueError(
            "embeddings.positions = rotary: turns what is multiplied; expected a score other than additive"
        )


def _of_its_kind(value: Any) -> Any:
    """The config of the encoder that ``kind`` names; without one it is bran's own, the only one there was at first."""
    if not isinstance(value, dict):
        return value
    kinds: dict[str, type[EncoderConfig] | type[HuggingFaceConfig]]
    kind, kinds = value.get("kind", "bran"), {"bran": EncoderConfig, "hugging_face": HuggingFaceConfig}
    if kind not in kinds:
        raise ValueError(f"kind {kind!r}: expected {' or '.join(kinds)}")
    return kinds[kind].model_validate(value)


class ModelConfig(Config):
    """The parts of the network; a variant of it is a difference in here."""

    embeddings: EmbeddingConfig = EmbeddingConfig()
    encoder: Annotated[EncoderConfig | HuggingFaceConfig, BeforeValidator(_of_its_kind)] = EncoderConfig()
    scorer: ScorerConfig = ScorerConfig()
    link: LinkKind = Field(default="plain", exclude_if="plain".__eq__)
    """What makes scores of logits, and the loss of them: ``plain``, the paper's softmax (a sigmoid for each type where
    several may hold), or the adaptive ``threshold`` of Zhou et al. 2021 (:mod:`bran.nn.links`)."""

    @model_validator(mode="after")
    def _positions_can_act(self) -> ModelConfig:
        if isinstance(self.encoder, HuggingFaceConfig):
            self.encoder.check(self.embeddings)
        else:
            check_positions(self.embeddings.positions, self.encoder)
        return self

    def build(self, *, schema: Schema, vocabulary: int, window: int) -> Bran:
        """The network for ``schema``, ``vocabulary`` subwords and windows of at most ``window`` of them."""
        return Bran(self, schema=schema, vocabulary=vocabulary, window=window)


class Bran(nn.Module):
    """Embeddings, encoder, pair scorer; and a tagger on the same encoder for joint training."""

    def __init__(self, config: ModelConfig, *, schema: Schema, vocabulary: int, window: int) -> None:
        super().__init__()
        types = len(schema.entity_types)
        self.link = build_link(config.link, exclusive=schema.exclusive)
        self.embeddings: Embeddings
        self.encoder: Encoder | HuggingFaceEncoder
        self.embeddings, self.encoder = config.encoder.build_reader(
            config.embeddings, vocabulary=vocabulary, types=types, window=window
        )
        dim = self.encoder.dim
        self.scorer = config.scorer.build(dim=dim, labels=self.link.logits(len(schema.labels)))
        self.tagger = nn.Linear(dim, 2 * types + 1)

    def forward(self, batch: Batch) -> Tensor:
        """Logits of every entity pair of the batch, shape ``(pairs, logits)``: one pass per abstract."""
        logits: Tensor = self.scorer(self.encode(batch), batch)
        return logits

    def tag(self, batch: Batch) -> Tensor:
        """Logits of the BIO tags, shape ``(windows, tokens, tags)``, from unmarked text (paper, section 2.4)."""
        logits: Tensor = self.tagger(self.encode(batch.without_types()))
        return logits

    def encode(self, batch: Batch) -> Tensor:
        """Contextual vectors of every subword, shape ``(windows, tokens, dim)``."""
        return self.contextualise(self.embed(batch), batch)

    def embed(self, batch: Batch) -> Tensor:
        """Input vectors of every subword, shape ``(windows, tokens, dim)``."""
        embedded: Tensor = self.embeddings(batch.token_ids, batch.types)
        return embedded

    def contextualise(self, embedded: Tensor, batch: Batch) -> Tensor:
        """What the encoder makes of input vectors, both of shape ``(windows, tokens, dim)``."""
        encoded: Tensor = self.encoder(embedded, batch.mask, batch.sentences)
        return encoded

    def stack(self) -> list[list[nn.Parameter]]:
        """The parameters of what can be pretrained: by layer, the uppermost first, and last what lies beneath them."""
        *layers, beneath = self.encoder.stack()
        read = [p for name, p in self.embeddings.named_parameters() if name.startswith(("subwords", "positions"))]
        return [*layers, [*beneath, *read]]
