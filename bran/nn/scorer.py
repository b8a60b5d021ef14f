"""The bi-affine pair scorer: every token pair of every entity pair in one pass (paper, section 2.2)."""

from __future__ import annotations

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from bran.config import Config
from bran.encoding.batches import Batch
from bran.encoding.cue_scores import TYPE_FEATURES
from bran.encoding.knowledge import KIND_FEATURES
from bran.encoding.layout import LAYOUTS
from bran.encoding.structure import FEATURES
from bran.nn.context import PairContext
from bran.nn.pooling import PoolingConfig


class ScorerConfig(Config):
    """Size of the head and tail representations and how token pairs are pooled."""

    dim: int | None = Field(default=None, ge=1)
    """Size of head and tail representations; ``null``: that of the encoder."""
    dropout: float = Field(default=0.35, ge=0, lt=1)
    """Dropout inside and after the two multi-layer perceptrons."""
    layouts: bool = False
    """Add a learned score for how the two mentions stand to each other (sentences apart, in the title,
    order), so that near mention pairs can weigh more in the pool. Off: the paper."""
    structure: int = Field(default=0, ge=0)
    """Hidden units of a perceptron over what the layout says of the pair (:mod:`bran.encoding.structure`),
    added to the pooled score. 0: none, the paper."""
    knowledge: tuple[str, ...] = Field(default=(), exclude_if=lambda kinds: not kinds)
    """Kinds of statements of other documents that the same perceptron hears of (:mod:`bran.encoding.knowledge`)."""
    cues: tuple[str, ...] = Field(default=(), exclude_if=lambda types: not types)
    """Relation types of which it hears what the words around mentions say (:mod:`bran.encoding.cues`)."""
    context: int = Field(default=0, ge=0, exclude_if=(0).__eq__)
    """Heads of attention from a pair to the tokens that matter to both of its entities, which add a score
    (:mod:`bran.nn.context`; Zhou et al. 2021). 0: none, the paper."""
    pooling: PoolingConfig = PoolingConfig()

    @model_validator(mode="after")
    def _what_is_told_is_heard(self) -> ScorerConfig:
        for name, told in (("knowledge", self.knowledge), ("cues", self.cues)):
            if told and not self.structure:
                raise ValueError(f"{name} = {', '.join(told)}: expected structure > 0, the units that hear of it")
        return self

    @property
    def features(self) -> int:
        """Numbers per pair that the structure perceptron reads."""
        return max(self.feature_ends.values())

    @property
    def feature_ends(self) -> dict[str, int]:
        """Where those of each kind end: ``structure``, and ``knowledge`` and ``cues`` if it hears of them."""
        knowledge = FEATURES + len(KIND_FEATURES) * len(self.knowledge)
        cues = knowledge + len(TYPE_FEATURES) * len(self.cues)
        ends = {"structure": FEATURES, "knowledge": knowledge, "cues": cues}
        return {name: end for name, end in ends.items() if name == "structure" or getattr(self, name)}

    def build(self, *, dim: int, labels: int) -> PairScorer:
        """The module, over an encoder of ``dim``, for ``labels`` scores per pair."""
        return PairScorer(self, dim=dim, labels=labels)


class Biaffine(nn.Module):
    """``s_l(h, t) = [h; 1] L_l [t; 1]`` for each label ``l`` (paper, equation 4).

    The tensor is ``L``, of shape ``(dim + 1, labels, dim + 1)``: the ones give each side a linear term.
    """

    def __init__(self, dim: int, labels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(dim + 1, labels, dim + 1))
        nn.init.normal_(self.weight, std=1 / dim)

    def forward(self, heads: Tensor, tails: Tensor) -> Tensor:
        """Score every head against every tail.

        Args:
            heads: shape ``(windows, heads, dim)``.
            tails: shape ``(windows, tails, dim)``.

        Returns:
            shape ``(windows, heads, tails, labels)``.
        """
        labels = self.weight.shape[1]
        left = _with_one(heads) @ self.weight.flatten(1)  # (windows, heads, labels * (dim + 1))
        right = _with_one(tails).transpose(1, 2)  # (windows, dim + 1, tails)
        scores = left.unflatten(2, (labels, -1)).flatten(1, 2) @ right  # (windows, heads * labels, tails)
        by_label: Tensor = scores.unflatten(1, (-1, labels))  # (windows, heads, labels, tails)
        return by_label.transpose(2, 3)


class PairScorer(nn.Module):
    """Head and tail perceptrons, bi-affine token-pair scores, pooled to entity pairs."""

    def __init__(self, config: ScorerConfig, *, dim: int, labels: int) -> None:
        super().__init__()
        inner = config.dim or dim
        self.pool = config.pooling.build()
        scores = labels + self.pool.extra
        self.head = _perceptron(dim, inner, config.dropout)
        self.tail = _perceptron(dim, inner, config.dropout)
        self.biaffine = Biaffine(inner, scores)
        self.layouts = nn.Embedding(LAYOUTS, scores) if config.layouts else None
        if self.layouts is not None:
            nn.init.zeros_(self.layouts.weight)
        self.context = (
            PairContext(dim=dim, heads=config.context, labels=scores, dropout=config.dropout)
            if config.context
            else None
        )
        self.structure = (
            _perceptron_of(config.features, config.structure, labels, config.dropout / 2) if config.structure else None
        )

    def forward(self, encoded: Tensor, batch: Batch) -> Tensor:
        """Score the entity pairs of a batch.

        Args:
            encoded: the batch, encoded: shape ``(windows, tokens, dim)``.
            batch: says which tokens belong to which pair.

        Returns:
            logits, shape ``(pairs, labels)``, in 32 bits at least.
        """
        return self.entity_pairs(self.token_pairs(encoded, batch), batch)

    def token_pairs(self, encoded: Tensor, batch: Batch) -> Tensor:
        """Scores before pooling, shape ``(windows, heads, tails, labels)``; arguments as in :meth:`forward`.

        A pooling that wants a score for itself has it after those of the labels.
        """
        heads, tails = _gather(encoded, batch.heads), _gather(encoded, batch.tails)
        scores: Tensor = self.biaffine(self.head(heads), self.tail(tails))
        if scores.dtype in (torch.bfloat16, torch.float16):
            scores = scores.float()
        if self.layouts is not None:
            scores = scores + self.layouts(batch.layouts)
        if self.context is not None:
            # The same for all token pairs of a pair: every pool passes it on, and shares of them stay as they are.
            scores = scores + self.context(encoded, heads, tails, batch).to(scores.dtype)[batch.pairs]
        return scores

    def entity_pairs(self, values: Tensor, batch: Batch) -> Tensor:
        """Pool ``values`` of shape ``(windows, heads, tails, labels)`` to logits, shape ``(pairs, labels)``."""
        size = len(batch.labels)
        pooled: Tensor = self.pool(values.flatten(0, 2), batch.pairs.flatten(), size + 1)
        return pooled[:size] if self.structure is None else pooled[:size] + self.structure(batch.features).float()


def _perceptron(dim: int, inner: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(dim, inner), nn.ReLU(), nn.Dropout(dropout), nn.Linear(inner, inner), nn.Dropout(dropout)
    )


def _perceptron_of(features: int, hidden: int, labels: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, labels))


def _gather(encoded: Tensor, positions: Tensor) -> Tensor:
    """Vectors at ``positions``: ``(windows, tokens, dim)`` and ``(windows, n)`` to ``(windows, n, dim)``."""
    return encoded.gather(1, positions[:, :, None].expand(-1, -1, encoded.shape[2]))


def _with_one(x: Tensor) -> Tensor:
    return nn.functional.pad(x, (0, 1), value=1.0)
