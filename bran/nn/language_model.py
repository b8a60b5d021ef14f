"""The encoder as a language model: it tells hidden subwords, what hidden mentions name, and whether one passage follows
another.

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
    frozen: bool = Field(default=False, exclude_if=False.__eq__)
    """Leave subword embeddings as they start, from vectors: what a relation model with ``frozen`` takes over."""
    dropout: float = Field(default=0.1, ge=0, lt=1)

    def full(self) -> EmbeddingConfig:
        """The same as settings of a relation model: no marks, and words are hidden by masking alone."""
        return EmbeddingConfig(
            positions=self.positions, types=False, frozen=self.frozen, word_dropout=0.0, dropout=self.dropout
        )


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

    def build(
        self, *, vocabulary: int, window: int, next_sentence: bool = False, types: int = 0, concepts: int = 0
    ) -> LanguageModel:
        """All of the network.

        Args:
            vocabulary: number of subwords.
            window: the longest one.
            next_sentence: with what tells whether passages follow each other.
            types: with what tells so many entity types of mentions; 0: without.
            concepts: the same of concepts.
        """
        reader = self.build_reader(vocabulary=vocabulary, window=window)
        dim = self.encoder.dim
        return LanguageModel(
            reader,
            WordHead(vocabulary, dim),
            follows=FollowsHead(dim) if next_sentence else None,
            types=MentionHead(dim, types) if types else None,
            concepts=MentionHead(dim, concepts) if concepts else None,
        )


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


class MentionHead(nn.Module):
    """Tells what a mention names from the mean of its vectors."""

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.LayerNorm(dim), nn.Linear(dim, classes))

    def forward(self, vectors: Tensor) -> Tensor:
        """Logits of every class, shape ``(mentions, classes)``, of ``vectors`` of shape ``(mentions, dim)``."""
        logits: Tensor = self.layers(vectors)
        return logits


class LanguageModel(nn.Module):
    """The reader, and the heads that teach it; a head that is ``None`` teaches nothing."""

    def __init__(
        self,
        reader: Reader,
        words: WordHead,
        *,
        follows: FollowsHead | None,
        types: MentionHead | None,
        concepts: MentionHead | None,
    ) -> None:
        super().__init__()
        self.reader = reader
        self.words = words
        self.follows = follows
        self.types = types
        self.concepts = concepts

    @property
    def vocabulary(self) -> int:
        """Number of subwords."""
        return len(self.words.bias)

    def tell(self, vectors: Tensor) -> Tensor:
        """Logits of every subword at ``vectors`` of shape ``(tokens, dim)``, shape ``(tokens, vocabulary)``."""
        logits: Tensor = self.words(vectors, self.reader.embeddings.subwords.weight)
        return logits


def mention_vectors(vectors: Tensor, mentions: Tensor, count: int) -> Tensor:
    """Mean of the vectors of each mention, shape ``(count, dim)``.

    Args:
        vectors: shape ``(windows, tokens, dim)``.
        mentions: number of the mention that covers each token, from 1, 0 for none, shape ``(windows, tokens)``.
        count: number of mentions.
    """
    owners, flat = mentions.flatten(), vectors.flatten(0, 1).float()
    sums = flat.new_zeros((count + 1, flat.shape[1])).index_add(0, owners, flat)
    tokens = owners.bincount(minlength=count + 1)
    return (sums / tokens.clamp_min(1)[:, None])[1:]


def _mean(vectors: Tensor, where: Tensor) -> Tensor:
    """Mean of ``vectors`` over the tokens ``where``, shape ``(windows, dim)``; zero where there are none."""
    weights = where[:, :, None].to(vectors.dtype)
    return (vectors * weights).sum(1) / weights.sum(1).clamp_min(1)
