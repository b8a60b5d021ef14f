"""The context of an entity pair: what both of its entities look at (Zhou et al. 2021, "Localized context pooling")."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from bran.encoding.batches import Batch
from bran.errors import ConfigError


class PairContext(nn.Module):
    """Scores of an entity pair from the tokens that matter to both entities, wherever they stand.

    Zhou et al. weigh tokens by the product of both entities' attention, normalised: that is the softmax of the sum of
    their scores, so that a pair attends by the sum of two queries. With ``q`` the mean query of an entity's tokens, and
    for each head,

        ``c = softmax_n((q_head + q_tail) . k_n / sqrt(size)) v_n``,

    and a perceptron over all heads' ``c`` scores the relation types. Two things differ from theirs: the product is
    taken within each head, and the heads are the scorer's own. It so stands on any encoder, whose fused attention never
    holds the weights that they read. Zhou, Huang, Ma, Huang: *Document-level relation extraction with adaptive
    thresholding and localized context pooling*, AAAI 2021.
    """

    def __init__(self, *, dim: int, heads: int, labels: int, dropout: float) -> None:
        super().__init__()
        if dim % heads:
            raise ConfigError(f"model.scorer.context = {heads}: expected heads that divide the {dim} dimensions")
        self.heads = heads
        self.head, self.tail = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.keys_and_values = nn.Linear(dim, 2 * dim)
        self.score = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Dropout(dropout), nn.Linear(dim, labels))

    def forward(self, encoded: Tensor, heads: Tensor, tails: Tensor, batch: Batch) -> Tensor:
        """Score the pairs of a batch.

        Args:
            encoded: shape ``(windows, tokens, dim)``.
            heads: vectors of head tokens, shape ``(windows, heads, dim)``.
            tails: vectors of tail tokens, shape ``(windows, tails, dim)``.
            batch: says which tokens belong to which pair.

        Returns:
            shape ``(pairs + 1, labels)``; the last row, of no pair, means nothing.
        """
        slots = PairSlots.of(batch.pairs, len(batch.labels))
        head, tail = (share.to(encoded.dtype) for share in slots.shares())
        query = self._by_head(head @ self.head(heads) + tail @ self.tail(tails))  # (windows, heads, slots, size)
        key, value = (self._by_head(x) for x in self.keys_and_values(encoded).chunk(2, dim=2))
        context = functional.scaled_dot_product_attention(query, key, value, attn_mask=batch.mask[:, None, None, :])
        scores: Tensor = self.score(slots.by_pair(context.transpose(1, 2).flatten(2)))
        return scores

    def _by_head(self, x: Tensor) -> Tensor:
        """``(windows, n, dim)`` to ``(windows, heads, n, size)``."""
        split: Tensor = x.unflatten(2, (self.heads, -1))
        return split.transpose(1, 2)


@dataclass(frozen=True, slots=True)
class PairSlots:
    """The pairs of each window, numbered within it.

    Attributes:
        heads: token pairs of each pair that each head token takes part in, shape ``(windows, slots, heads)``.
        tails: the same of tail tokens, shape ``(windows, slots, tails)``.
        pairs: which pair of the batch is in each slot, that after the last in an empty one, shape ``(windows, slots)``.
        size: pairs of the batch.
    """

    heads: Tensor
    tails: Tensor
    pairs: Tensor
    size: int

    @classmethod
    def of(cls, pairs: Tensor, size: int) -> PairSlots:
        """The slots of ``pairs``, shape ``(windows, heads, tails)``, which are numbers up to ``size``, that of none."""
        present = torch.zeros(len(pairs), size + 1, dtype=torch.long, device=pairs.device)
        present.scatter_(1, pairs.flatten(1), 1)[:, size] = 0
        count = max(1, int(present.sum(1).max()))
        # What a window does not have goes to one more slot, which is cut off.
        numbers = torch.where(present == 1, present.cumsum(1) - 1, count)  # (windows, pairs + 1)
        slot = numbers.gather(1, pairs.flatten(1)).view_as(pairs)
        return cls(
            heads=_counts(slot.transpose(1, 2), count),
            tails=_counts(slot, count),
            pairs=_numbers(numbers, count),
            size=size,
        )

    def shares(self) -> tuple[Tensor, Tensor]:
        """``heads`` and ``tails`` as weights that sum to 1 over the tokens of each pair."""
        total = self.heads.sum(2, keepdim=True).clamp_min(1)
        return self.heads / total, self.tails / total

    def by_pair(self, values: Tensor) -> Tensor:
        """The mean of ``values``, shape ``(windows, slots, dim)``, over the token pairs of each pair.

        Returns:
            shape ``(pairs + 1, dim)``.
        """
        counts, pairs = self.heads.sum(2, keepdim=True).to(values.dtype), self.pairs.flatten()
        total = values.new_zeros(self.size + 1, 1).index_add(0, pairs, counts.flatten(0, 1))
        summed = values.new_zeros(self.size + 1, values.shape[2]).index_add(0, pairs, (values * counts).flatten(0, 1))
        return summed / total.clamp_min(1)


def _counts(slot: Tensor, count: int) -> Tensor:
    """How often each of ``count`` slots stands in the second axis of ``slot``: to ``(windows, slots, tokens)``."""
    windows, _, tokens = slot.shape
    counts = torch.zeros(windows, count + 1, tokens, device=slot.device)
    return counts.scatter_add_(1, slot, torch.ones_like(slot, dtype=counts.dtype))[:, :count]


def _numbers(slots: Tensor, count: int) -> Tensor:
    """The pair in each of ``count`` slots, from the slot of each pair, shape ``(windows, pairs + 1)``."""
    windows, pairs = slots.shape
    numbers = torch.arange(pairs, device=slots.device).expand(windows, -1)
    return slots.new_full((windows, count + 1), pairs - 1).scatter_(1, slots, numbers)[:, :count]
