"""The encoder as a language model: it tells hidden subwords, and whether one passage follows another.

Devlin et al.: *BERT*, NAACL 2019. What differs: there is no ``[CLS]``, so that passages are told from the means of
their vectors, and no embedding says which passage a subword is of.
"""

from __future__ import annotations

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from bran.config import Config
from bran.nn.embeddings import EmbeddingConfig
from bran.nn.encoder import EncoderConfig
from bran.nn.model import check_positions
from bran.nn.positions import LearnedPositionsConfig, PositionsConfig


class TextEmbeddingConfig(Config):
    """What a subword's input vector is made of where no mentions are known."""

    positions: PositionsConfig = LearnedPositionsConfig()
    dropout: float = Field(default=0.1, ge=0, lt=1)

    def full(self) -> EmbeddingConfig:
        """The same as settings of a relation model: no marks, and words are hidden by masking alone."""
        return EmbeddingConfig(positions=self.positions, types=False, word_dropout=0.0, dropout=self.dropout)


class LanguageModelConfig(Config):
    """The parts that a relation model takes over; keys are those of its ``model``."""

    embeddings: TextEmbeddingConfig = TextEmbeddingConfig()
    encoder: EncoderConfig = EncoderConfig()

    @model_validator(mode="after")
    def _positions_can_act(self) -> LanguageModelConfig:
        check_positions(self.embeddings.positions, self.encoder)
        return self

    def build_reader(self, *, vocabulary: int, window: int) -> Reader:
        """What is taken over, for ``vocabulary`` subwords and windows of at most ``window`` of them."""
        return Reader(self, vocabulary=vocabulary, window=window)

    def build(self, *, vocabulary: int, window: int, next_sentence: bool = False) -> LanguageModel:
        """All of the network; ``next_sentence``: with what tells whether passages follow each other."""
        return LanguageModel(self, vocabulary=vocabulary, window=window, next_sentence=next_sentence)


class Reader(nn.Module):
    """Embeddings and encoder, with the names of weights that they have in :class:`~bran.nn.model.Bran`."""

    def __init__(self, config: LanguageModelConfig, *, vocabulary: int, window: int) -> None:
        super().__init__()
        embeddings = config.embeddings.full()
        self.embeddings = embeddings.build(vocabulary=vocabulary, types=0, window=window, dim=config.encoder.dim)
        self.encoder = config.encoder.build(config.embeddings.positions)

    def forward(self, ids: Tensor, mask: Tensor, sentences: Tensor) -> Tensor:
        """Contextual vectors, shape ``(windows, tokens, dim)``; all arguments have shape ``(windows, tokens)``."""
        encoded: Tensor = self.encoder(self.embeddings(ids, torch.zeros_like(ids)), mask, sentences)
        return encoded


class WordHead(nn.Module):
    """Tells subwords from their vectors; the table of its answers is that of the embeddings."""

    def __init__(self, vocabulary: int, dim: int) -> None:
        super().__init__()
        self.transform = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.LayerNorm(dim))
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, vectors: Tensor, table: Tensor) -> Tensor:
        """Logits of every subword, shape ``(tokens, vocabulary)``.

        Args:
            vectors: shape ``(tokens, dim)``.
            table: the subwords' embeddings, shape ``(vocabulary, dim)``.
        """
        logits: Tensor = functional.linear(self.transform(vectors), table, self.bias)
        return logits


class FollowsHead(nn.Module):
    """Tells from the mean vectors of two passages whether the second follows the first."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2 * dim, dim), nn.Tanh(), nn.Linear(dim, 2))

    def forward(self, vectors: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Logits of "no" and "yes", shape ``(windows, 2)``.

        Args:
            vectors: shape ``(windows, tokens, dim)``.
            first: ``True`` at the first passage, shape ``(windows, tokens)``.
            second: the same of the second.
        """
        logits: Tensor = self.layers(torch.cat([_mean(vectors, first), _mean(vectors, second)], dim=1))
        return logits


class LanguageModel(nn.Module):
    """The reader, and the heads that teach it."""

    def __init__(self, config: LanguageModelConfig, *, vocabulary: int, window: int, next_sentence: bool) -> None:
        super().__init__()
        self.reader = config.build_reader(vocabulary=vocabulary, window=window)
        self.words = WordHead(vocabulary, config.encoder.dim)
        self.follows = FollowsHead(config.encoder.dim) if next_sentence else None

    @property
    def vocabulary(self) -> int:
        """Number of subwords."""
        return len(self.words.bias)

    def tell(self, vectors: Tensor) -> Tensor:
        """Logits of every subword at ``vectors`` of shape ``(tokens, dim)``, shape ``(tokens, vocabulary)``."""
        logits: Tensor = self.words(vectors, self.reader.embeddings.subwords.weight)
        return logits


def _mean(vectors: Tensor, where: Tensor) -> Tensor:
    """Mean of ``vectors`` over the tokens ``where``, shape ``(windows, dim)``; zero where there are none."""
    weights = where[:, :, None].to(vectors.dtype)
    return (vectors * weights).sum(1) / weights.sum(1).clamp_min(1)
