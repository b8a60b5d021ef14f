"""What the relation stage is measured against: an encoder of the size of BERT-base, and one pass per entity pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from bran.encoding.batches import Batch
from bran.encoding.examples import Example
from bran.nn.losses import ExclusiveLink, IndependentLink
from bran.nn.model import Bran

BERT_WINDOW = 512
"""Subwords that a BERT encoder reads; longer documents are cut off there."""


class BertLayer(nn.Module):
    """Self-attention and position-wise feed-forward layer, each with residual and layer norm after it."""

    def __init__(self, dim: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(dim, 3 * dim)
        self.mix = nn.Linear(dim, dim)
        self.attention_norm = nn.LayerNorm(dim)
        self.inner = nn.Linear(dim, inner)
        self.outer = nn.Linear(inner, dim)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Apply; shape ``(documents, tokens, dim)``."""
        query, key, value = self.project(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value)  # (documents, heads, tokens, size)
        x = self.attention_norm(x + self.mix(attended.transpose(1, 2).flatten(2)))
        changed: Tensor = self.norm(x + self.outer(functional.gelu(self.inner(x))))
        return changed


class BertBase(nn.Module):
    """An encoder of the size of BERT-base with random weights (Devlin et al., NAACL 2019).

    Plain torch with its fused attention. Time does not depend on the weights.
    """

    def __init__(
        self, *, vocabulary: int = 30522, dim: int = 768, layers: int = 12, heads: int = 12, inner: int = 3072
    ) -> None:
        super().__init__()
        self.subwords = nn.Embedding(vocabulary, dim)
        self.positions = nn.Embedding(BERT_WINDOW, dim)
        self.norm = nn.LayerNorm(dim)
        self.layers = nn.Sequential(*(BertLayer(dim, heads, inner) for _ in range(layers)))

    def forward(self, token_ids: Tensor) -> Tensor:
        """Encode documents without padding: shape ``(documents, tokens)`` to ``(documents, tokens, dim)``."""
        embedded = self.subwords(token_ids) + self.positions.weight[: token_ids.shape[1]]
        encoded: Tensor = self.layers(self.norm(embedded))
        return encoded


class OncePerPair(nn.Module):
    """The network as the authors' code runs it: one pass per entity pair, every token of it scored with every other.

    Args:
        network: its encoder, perceptrons and bi-affine tensor are used.
    """

    def __init__(self, network: Bran) -> None:
        super().__init__()
        self.network = network

    @property
    def link(self) -> ExclusiveLink | IndependentLink:
        """From logits to scores and losses."""
        return self.network.link

    def forward(self, batch: Batch) -> Tensor:
        """Logits, shape ``(pairs, logits)``, of a batch that has one pair per window."""
        scorer, encoded = self.network.scorer, self.network.encode(batch)
        scores = scorer.biaffine(scorer.head(encoded), scorer.tail(encoded))  # (windows, tokens, tokens, logits)
        outside = ~_token_pairs(batch)[:, :, :, None]
        logits: Tensor = scores.float().masked_fill(outside, float("-inf")).flatten(1, 2).logsumexp(1)
        return logits

    def tag(self, batch: Batch) -> Tensor:
        """Logits of the BIO tags, shape ``(windows, tokens, tags)``."""
        return self.network.tag(batch)


def one_pair_each(examples: Sequence[Example]) -> Iterator[Example]:
    """Each of ``examples`` that is one window and has a pair, with its first pair alone."""
    for example in examples:
        if not example.pairs or len(example.windows) > 1:
            continue
        (window,) = example.windows
        (rows,) = (window.pairs == 0).any(1).nonzero()
        (columns,) = (window.pairs == 0).any(0).nonzero()
        window = replace(
            window,
            heads=window.heads[rows],
            tails=window.tails[columns],
            pairs=window.pairs[rows][:, columns],
            layouts=window.layouts[rows][:, columns],
            head_mentions=window.head_mentions[rows],
            tail_mentions=window.tail_mentions[columns],
        )
        yield replace(
            example,
            pairs=example.pairs[:1],
            features=example.features[:1],
            labels=example.labels[:1],
            counted=example.counted[:1],
            windows=(window,),
        )


def _token_pairs(batch: Batch) -> Tensor:
    """Where both tokens belong to the pair, ``(windows, tokens, tokens)``."""
    windows, tokens = batch.token_ids.shape
    inside = torch.zeros(windows, tokens, tokens, dtype=torch.bool)
    window, head, tail = (batch.pairs < len(batch.labels)).nonzero(as_tuple=True)
    inside[window, batch.heads[window, head], batch.tails[window, tail]] = True
    return inside
