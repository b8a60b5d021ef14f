"""Multi-head self-attention over a whole abstract (Vaswani et al. 2017, section 3.2; paper, section 2.1)."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from bran.config import Config
from bran.errors import ConfigError
from bran.nn.attention_bias import AttentionBias, BiasKind
from bran.nn.positions import NoPositionsConfig, PositionsConfig


class AttentionConfig(Config):
    """How tokens attend to each other."""

    heads: int = Field(default=4, ge=1)
    output_projection: bool = False
    """Mix the concatenated heads by one more linear layer. Off: the paper."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Dropout of attention weights."""
    score: Literal["dot", "additive", "general"] = Field(default="dot", exclude_if="dot".__eq__)
    """What a query and a key score. ``dot``: their scaled product (the paper); ``additive``: a perceptron over
    their sum; ``general``: a bilinear form of the two tokens."""
    reach: int | None = Field(default=None, ge=0, exclude_if=lambda value: value is None)
    """Attend to so many tokens to either side; ``null``: to all."""
    within_sentences: bool = Field(default=False, exclude_if=False.__eq__)
    """Attend within a token's own sentence only."""
    bias: tuple[BiasKind, ...] = Field(default=(), exclude_if=lambda kinds: not kinds)
    """What heads learn of where query and key stand: ``distance`` (32 buckets, Raffel et al. 2020), ``sentence`` (the
    same, the next, the one before, another). None: the paper."""

    def build(self, dim: int, positions: PositionsConfig = NoPositionsConfig()) -> SelfAttention:  # noqa: B008
        """The module, for vectors of ``dim``; ``positions`` may act in it."""
        kinds = {"dot": SelfAttention, "additive": AdditiveAttention, "general": GeneralAttention}
        return kinds[self.score](self, dim, positions)

    def build_bias(self) -> AttentionBias | None:
        """What is added to scores in all layers, if anything."""
        return AttentionBias(self.bias, heads=self.heads) if self.bias else None


class Sight:
    """Says which tokens each token may attend to."""

    def __init__(self, config: AttentionConfig) -> None:
        self.reach = config.reach
        self.within_sentences = config.within_sentences

    def __call__(self, mask: Tensor, sentences: Tensor | None) -> Tensor:
        """What is seen.

        Args:
            mask: ``True`` at real tokens, shape ``(windows, tokens)``.
            sentences: number of the sentence of each token, shape ``(windows, tokens)``.

        Returns:
            ``mask`` where nothing is restricted; else ``True`` where a token (second axis) sees another (third),
            shape ``(windows, tokens, tokens)``. Padding sees itself, so that no row is empty, and nothing sees padding.

        Raises:
            ConfigError: when sentences are needed and not given.
        """
        if self.reach is None and not self.within_sentences:
            return mask
        places = torch.arange(mask.shape[1], device=mask.device)
        apart = (places[:, None] - places[None, :]).abs()  # (tokens, tokens)
        seen = mask[:, None, :] if self.reach is None else mask[:, None, :] & (apart <= self.reach)
        if self.within_sentences:
            if sentences is None:
                raise ConfigError("attention.within_sentences = true: this network is not told of sentences")
            seen = seen & (sentences[:, :, None] == sentences[:, None, :])
        return seen | (apart == 0)


class SelfAttention(nn.Module):
    """Scaled dot-product attention of every token to those that it sees."""

    def __init__(self, config: AttentionConfig, dim: int, positions: PositionsConfig) -> None:
        super().__init__()
        if dim % config.heads:
            raise ConfigError(f"encoder.dim = {dim}: expected a multiple of the {config.heads} attention heads")
        self.heads = config.heads
        self.dropout = config.dropout
        columns, size = self._sizes(dim)
        self.project = nn.Linear(dim, columns)
        self.output = nn.Linear(dim, dim) if config.output_projection else nn.Identity()
        self.place = positions.build_attention(size=size)

    def forward(self, x: Tensor, mask: Tensor, bias: Tensor | None = None) -> Tensor:
        """Attend.

        Args:
            x: shape ``(windows, tokens, dim)``.
            mask: ``True`` at real tokens, shape ``(windows, tokens)``, or where each sees another (:class:`Sight`),
                ``(windows, tokens, tokens)``.
            bias: what to add to the scores of each query and key, shape ``(windows, heads, tokens, tokens)``.

        Returns:
            shape ``(windows, tokens, dim)``.
        """
        windows, tokens, dim = x.shape
        query, key, value = self._project(x)
        query, key, offsets = self.place(query, key)
        offsets = _sum(offsets, bias)
        attended = self._attend(query, key, value, mask.view(windows, 1, mask.shape[1:-1].numel(), tokens), offsets)
        output: Tensor = self.output(attended.transpose(1, 2).reshape(windows, tokens, dim))
        return output

    def weights(self, x: Tensor, mask: Tensor, bias: Tensor | None = None) -> Tensor:
        """How much each token attends to each other, as :meth:`forward` does without dropout.

        A pass of its own: the fused kernels never hold them.

        Args:
            x: as in :meth:`forward`.
            mask: the same.
            bias: the same.

        Returns:
            shape ``(windows, heads, tokens, tokens)``: a row for the token that attends. Rows of real tokens sum to 1,
            with 0 at what they do not see.
        """
        windows, tokens, _ = x.shape
        query, key, _ = self._project(x)
        query, key, offsets = self.place(query, key)
        scores, offsets = self._scores(query, key), _sum(offsets, bias)
        scores = scores if offsets is None else scores + offsets
        weights: Tensor = _hide(scores, mask.view(windows, 1, mask.shape[1:-1].numel(), tokens)).softmax(-1)
        return weights

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        """What queries and keys score, ``(windows, heads, tokens, tokens)``; arguments as in :meth:`_attend`."""
        scores: Tensor = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
        return scores

    def _sizes(self, dim: int) -> tuple[int, int]:
        """Columns of the projection, and the size of a head's queries and keys."""
        return 3 * dim, dim // self.heads

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each ``(windows, heads, tokens, size)``."""
        windows, tokens, dim = x.shape
        projected = self.project(x).view(windows, tokens, 3, self.heads, dim // self.heads)
        query, key, value = projected.permute(2, 0, 3, 1, 4)
        return query, key, value

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor, offsets: Tensor | None) -> Tensor:
        """Attend per head.

        Args:
            query: shape ``(windows, heads, tokens, size)``.
            key: the same.
            value: shape ``(windows, heads, tokens, dim / heads)``, which is also that of the result.
            mask: shape ``(windows, 1, 1, tokens)``, or ``(windows, 1, tokens, tokens)``.
            offsets: what to add to the scores, shape ``(windows, heads, tokens, tokens)``.
        """
        dropout = self.dropout if self.training else 0.0
        if offsets is not None:
            mask = _hide(offsets.to(query.dtype), mask)
        elif mask.shape[2] == 1 and query.dtype == torch.bfloat16 and query.device.type == "cpu":
            return _attend_by_window(query, key, value, mask, dropout)
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout)


class GeneralAttention(SelfAttention):
    """Scores ``x_i W x_j / sqrt(dim)`` with a matrix of full rank for each head, where a dot product has one of rank
    ``dim / heads``.

    Luong, Pham, Manning: *Effective approaches to attention-based neural machine translation*, EMNLP 2015, section 3.1,
    scaled as dot products are.
    """

    def _sizes(self, dim: int) -> tuple[int, int]:
        return (self.heads + 1) * dim, dim

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        dim = x.shape[2]
        query, value = self.project(x).split([self.heads * dim, dim], dim=2)
        key = x.to(query.dtype)[:, None].expand(-1, self.heads, -1, -1)
        return self._by_head(query), key, self._by_head(value)

    def _by_head(self, x: Tensor) -> Tensor:
        """``(windows, tokens, heads * size)`` to ``(windows, heads, tokens, size)``."""
        windows, tokens, _ = x.shape
        return x.view(windows, tokens, self.heads, -1).transpose(1, 2)


class AdditiveAttention(SelfAttention):
    """Scores ``w . tanh(q_i + k_j)``.

    Bahdanau, Cho, Bengio: *Neural machine translation by jointly learning to align and translate*, ICLR 2015, appendix
    A.1.2. One window after the other: a vector for every pair of tokens takes ``tokens`` times the room.
    """

    def __init__(self, config: AttentionConfig, dim: int, positions: PositionsConfig) -> None:
        super().__init__(config, dim, positions)
        self.weight = nn.Parameter(torch.empty(self.heads, dim // self.heads))
        nn.init.normal_(self.weight, std=(dim // self.heads) ** -0.5)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor, offsets: Tensor | None) -> Tensor:
        attended = []
        for window in range(len(query)):
            scores = self._window_scores(query[window], key[window])
            scores = _hide(scores if offsets is None else scores + offsets[window], mask[window])
            weights = functional.dropout(scores.softmax(-1), self.dropout, self.training)
            attended.append(weights.to(value.dtype) @ value[window])
        return torch.stack(attended)

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        return torch.stack([self._window_scores(*window) for window in zip(query, key, strict=True)])

    def _window_scores(self, query: Tensor, key: Tensor) -> Tensor:
        """``(heads, tokens, size)`` twice to ``(heads, tokens, tokens)``."""
        heads, tokens, _ = query.shape
        queries, keys = query.transpose(1, 2).contiguous(), key.transpose(1, 2).contiguous()  # (heads, size, tokens)
        hidden = (queries[..., None] + keys[:, :, None]).tanh()  # (heads, size, tokens, tokens)
        return (self.weight[:, None] @ hidden.flatten(2)).view(heads, tokens, tokens)


def _sum(first: Tensor | None, second: Tensor | None) -> Tensor | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second


def _hide(scores: Tensor, mask: Tensor) -> Tensor:
    """``scores``, where ``mask`` is ``False`` so low that no weight is left, and still numbers in a row of these."""
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min / 2)


def _attend_by_window(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, dropout: float) -> Tensor:
    """Attend in plain products, one window after the other, so that its weights stay in the cache.

    The fused kernel of CPUs turns bfloat16 into 32 bits before it multiplies, which takes up to twice as long,
    and three times in its backward pass. The mask is one more dimension of the keys: a pass over the weights less.
    """
    hidden = torch.where(mask, 0.0, torch.finfo(key.dtype).min / 2).to(key.dtype)  # (windows, 1, 1, tokens)
    keys = torch.cat([key.transpose(-1, -2), hidden.expand(-1, key.shape[1], -1, -1)], dim=2)
    queries = functional.pad(query * query.shape[-1] ** -0.5, (0, 1), value=1.0)
    attended = []
    for q, k, v in zip(queries, keys, value, strict=True):  # (heads, tokens, size)
        weights = functional.dropout((q @ k).softmax(-1), dropout)  # (heads, tokens, tokens)
        attended.append(weights @ v)
    return torch.stack(attended)
