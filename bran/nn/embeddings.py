"""Input embeddings: subword + position + entity type (paper, section 2.1)."""

from __future__ import annotations

import math

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from bran.config import Config
from bran.encoding.subwords import PAD_ID, UNK_ID
from bran.errors import ConfigError
from bran.nn.positions import LearnedPositionsConfig, PositionsConfig


class EmbeddingConfig(Config):
    """What a subword's input vector is made of."""

    positions: PositionsConfig = LearnedPositionsConfig()
    """How it is known where tokens stand: a kind of :mod:`bran.nn.positions`. ``learned``: the paper."""
    types: bool = True
    """Mark the subwords of mentions with their entity type. Off: the paper."""
    markers: bool = Field(default=False, exclude_if=False.__eq__)
    """Mark where mentions begin and end as well, by vectors of their entity type (after the entity markers of Baldini
    Soares et al. 2019). Off: the paper."""
    mask_mentions: bool = Field(default=False, exclude_if=False.__eq__)
    """Put a token of its entity type for every subword of a mention: what is named is hidden, for good."""
    frozen: bool = False
    """Leave subword embeddings as they start, where they start from vectors: a thousand documents teach more
    names by heart than meanings."""
    word_dropout: float = Field(default=0.15, ge=0, lt=1)
    """Probability that a subword is replaced by the unknown one."""
    mention_dropout: float = Field(default=0.0, ge=0, lt=1)
    """The same for subwords of mentions: hides names, so that the context has to tell."""
    dropout: float = Field(default=0.1, ge=0, lt=1)

    def build(self, *, vocabulary: int, types: int, window: int, dim: int) -> Embeddings:
        """The module, for ``vocabulary`` subwords, ``types`` entity types and ``window`` positions."""
        return Embeddings(self, vocabulary=vocabulary, types=types, window=window, dim=dim)


class Embeddings(nn.Module):
    """Sum of subword, position and entity-type embeddings, scaled by ``sqrt(dim)``."""

    def __init__(self, config: EmbeddingConfig, *, vocabulary: int, types: int, window: int, dim: int) -> None:
        super().__init__()
        self.scale = math.sqrt(dim)
        self.subwords = nn.Embedding(vocabulary, dim, padding_idx=PAD_ID)
        self.subwords.weight.requires_grad_(not config.frozen)
        self.positions = config.positions.build_input(window=window, dim=dim)
        self.types = nn.Embedding(types + 1, dim, padding_idx=0) if config.types else None
        self.masks = nn.Embedding(types + 1, dim, padding_idx=0) if config.mask_mentions else None
        self.markers = Markers(types, dim) if config.markers else None
        self.word_dropout = config.word_dropout
        self.mention_dropout = config.mention_dropout
        self.dropout = nn.Dropout(config.dropout)
        for table in (self.subwords, self.positions, self.types, self.masks):
            if isinstance(table, nn.Embedding):
                nn.init.normal_(table.weight, std=1 / self.scale)
                if table.padding_idx is not None:
                    nn.init.zeros_(table.weight[table.padding_idx])

    @torch.no_grad()
    def start_from(self, vectors: Tensor) -> None:
        """Set the subword embeddings to the first dimensions of ``vectors``, in the scale of random ones.

        Args:
            vectors: shape ``(vocabulary, n)``.

        Raises:
            ConfigError: when there are fewer dimensions than those of the model.
        """
        dim = self.subwords.weight.shape[1]
        if vectors.shape[1] < dim:
            raise ConfigError(
                f"subword vectors of {vectors.shape[1]} dimensions; expected at least encoder.dim = {dim}"
            )
        chosen = vectors[:, :dim]
        self.subwords.weight[UNK_ID + 1 :] = (chosen / (chosen.std() * self.scale))[UNK_ID + 1 :]
        # Rounded to 16 bits, so that a frozen table takes half the room in a model's file.
        self.subwords.weight.copy_(self.subwords.weight.half())

    def forward(self, token_ids: Tensor, types: Tensor) -> Tensor:
        """Embed subwords.

        Args:
            token_ids: shape ``(windows, tokens)``.
            types: entity type of each, 0 for none, shape ``(windows, tokens)``.

        Returns:
            shape ``(windows, tokens, dim)``.
        """
        if self.training:
            token_ids = self._drop_words(token_ids, types)
        embedded = self.subwords(token_ids)  # (windows, tokens, dim)
        if self.masks is not None:
            embedded = torch.where(types[:, :, None] > 0, self.masks(types), embedded)
        if self.positions is not None:
            embedded = embedded + self.positions(torch.arange(token_ids.shape[1], device=token_ids.device))
        if self.types is not None:
            embedded = embedded + self.types(types)
        if self.markers is not None:
            embedded = embedded + self.markers(types)
        dropped: Tensor = self.dropout(embedded * self.scale)
        return dropped

    def _drop_words(self, token_ids: Tensor, types: Tensor) -> Tensor:
        rates = torch.where(types > 0, max(self.mention_dropout, self.word_dropout), self.word_dropout)
        dropped = torch.rand(token_ids.shape, device=token_ids.device) < rates
        return token_ids.masked_fill(dropped & (token_ids != PAD_ID), UNK_ID)


class Markers(nn.Module):
    """A vector of its entity type on the first subword of each mention, and another on the last; they start at zero.

    Baldini Soares, FitzGerald, Ling, Kwiatkowski: *Matching the blanks*, ACL 2019, put tokens there; vectors leave the
    text as long as it was. Mentions of one type that touch are marked as one.
    """

    def __init__(self, types: int, dim: int) -> None:
        super().__init__()
        self.begins = nn.Embedding(types + 1, dim, padding_idx=0)
        self.ends = nn.Embedding(types + 1, dim, padding_idx=0)
        for table in (self.begins, self.ends):
            nn.init.zeros_(table.weight)

    def forward(self, types: Tensor) -> Tensor:
        """Vectors to add, shape ``(windows, tokens, dim)``, for the entity type of each token, 0 for none."""
        around = functional.pad(types, (1, 1))
        first, last = types != around[:, :-2], types != around[:, 2:]
        marks: Tensor = self.begins(types * first) + self.ends(types * last)
        return marks
