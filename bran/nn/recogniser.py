"""The recogniser's network: features of every subword, the encoder of BRAN, and a chain of tags."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor, nn

from bran.config import Config
from bran.encoding.subwords import PAD_ID, UNK_ID
from bran.encoding.tagging import TaggingBatch
from bran.errors import ConfigError
from bran.nn.chain import TagChain
from bran.nn.encoder import EncoderConfig

_SPREAD, _VECTOR_SPREAD = 0.3, 0.5
"""Standard deviation of random and of given embeddings, before they are summed and normalised."""


class RecogniserConfig(Config):
    """The parts of the recogniser's network."""

    encoder: EncoderConfig = EncoderConfig(dim=128, norm="pre")
    word_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Probability that a subword is replaced by the unknown one; its other features stay."""
    lexicon_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Probability that a whole window goes without what the lexicon knows of it."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Dropout of input vectors and of what the tags are told from."""

    def build(self, *, sizes: Sequence[int], types: int) -> RecogniserNetwork:
        """The network, for features with ``sizes`` values each (:data:`bran.encoding.tagging.FEATURES`)."""
        return RecogniserNetwork(self, sizes=sizes, types=types)


class FeatureEmbeddings(nn.Module):
    """The sum of one vector for each feature of a subword, normalised."""

    def __init__(self, config: RecogniserConfig, *, sizes: Sequence[int]) -> None:
        super().__init__()
        subwords, *others = [nn.Embedding(size, config.encoder.dim) for size in sizes]
        for table in (subwords, *others):
            nn.init.normal_(table.weight, std=_SPREAD)
        self.subwords, self.others = subwords, nn.ModuleList(others)
        self.norm = nn.LayerNorm(config.encoder.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.word_dropout, self.lexicon_dropout = config.word_dropout, config.lexicon_dropout

    @torch.no_grad()
    def start_from(self, vectors: Tensor) -> None:
        """Set the subwords' vectors to the first dimensions of ``vectors``, shape ``(vocabulary, n)``.

        Raises:
            ConfigError: when there are fewer dimensions than those of the model.
        """
        dim = self.subwords.embedding_dim
        if vectors.shape[1] < dim:
            raise ConfigError(
                f"subword vectors of {vectors.shape[1]} dimensions; expected at least encoder.dim = {dim}"
            )
        self.subwords.weight.copy_(vectors[:, :dim] * (_VECTOR_SPREAD / vectors.std()))

    @torch.no_grad()
    def round(self) -> None:
        """Round the subwords' vectors to 16 bits, in which a model's file holds them in half the room."""
        self.subwords.weight.copy_(self.subwords.weight.half())

    def forward(self, features: Tensor) -> Tensor:
        """Embed ``features``, shape ``(windows, tokens, features)``, to ``(windows, tokens, dim)``."""
        if self.training:
            features = self._drop(features)
        embedded = self.subwords(features[:, :, 0])
        for column, table in enumerate(self.others, start=1):
            embedded = embedded + table(features[:, :, column])
        dropped: Tensor = self.dropout(self.norm(embedded))
        return dropped

    def _drop(self, features: Tensor) -> Tensor:
        subwords, shapes, lexicon, style = features.unbind(2)
        hidden = torch.rand(subwords.shape, device=features.device) < self.word_dropout
        silent = torch.rand(len(features), 1, device=features.device) < self.lexicon_dropout
        subwords = subwords.masked_fill(hidden & (subwords != PAD_ID), UNK_ID)
        return torch.stack([subwords, shapes, lexicon.masked_fill(silent, 0), style], dim=2)


class RecogniserNetwork(nn.Module):
    """Embeddings, encoder, emissions and chain."""

    def __init__(self, config: RecogniserConfig, *, sizes: Sequence[int], types: int) -> None:
        super().__init__()
        self.embeddings = FeatureEmbeddings(config, sizes=sizes)
        self.encoder = config.encoder.build()
        self.dropout = nn.Dropout(config.dropout)
        self.chain = TagChain(types)
        self.emit = nn.Linear(config.encoder.dim, self.chain.tags)

    def forward(self, batch: TaggingBatch) -> Tensor:
        """Emissions of every tag at every token, shape ``(windows, tokens, tags)``."""
        encoded = self.encoder(self.embeddings(batch.features), batch.mask)
        emissions: Tensor = self.emit(self.dropout(encoded))
        return emissions.float()

    def losses(self, batch: TaggingBatch) -> Tensor:
        """Negative log-likelihood of each window's annotation, shape ``(windows,)``."""
        emissions = self(batch)
        with torch.autocast(emissions.device.type, enabled=False):  # sums over whole texts need 32 bits
            return self.chain.losses(emissions, batch.mask, batch.allowed)

    def tag(self, batch: TaggingBatch) -> Tensor:
        """The best tags, shape ``(windows, tokens)``; O at padding."""
        return self.chain.decode(self(batch), batch.mask)
