"""Losses over entity pairs and tags, and the link functions from logits to scores."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bran.encoding.batches import IGNORED_TAG


class ExclusiveLink(nn.Module):
    """One relation type or null per pair: softmax with null first, cross-entropy (paper, section 2.3)."""

    def logits(self, labels: int) -> int:
        """Logits per pair for ``labels`` relation types."""
        return labels + 1

    def scores(self, logits: Tensor) -> Tensor:
        """Probabilities of the relation types: ``(pairs, labels + 1)`` to ``(pairs, labels)``."""
        return logits.softmax(-1)[:, 1:]

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Loss of each pair, shape ``(pairs,)``; ``labels`` of shape ``(pairs, labels)`` has at most one 1 a row."""
        target = torch.cat([labels.new_full((len(labels), 1), 0.5), labels], dim=1).argmax(1)
        return functional.cross_entropy(logits, target, reduction="none")


class IndependentLink(nn.Module):
    """Any number of relation types per pair: sigmoid, binary cross-entropy."""

    def logits(self, labels: int) -> int:
        """Logits per pair for ``labels`` relation types."""
        return labels

    def scores(self, logits: Tensor) -> Tensor:
        """Probabilities of the relation types, shape ``(pairs, labels)`` as ``logits``."""
        return logits.sigmoid()

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Loss of each pair, summed over relation types, shape ``(pairs,)``."""
        return functional.binary_cross_entropy_with_logits(logits, labels, reduction="none").sum(1)


def pair_loss(losses: Tensor, counted: Tensor) -> Tensor:
    """Mean of ``losses`` over the pairs that count; both of shape ``(pairs,)``. Zero when none does."""
    return (losses * counted).sum() / counted.sum().clamp_min(1)


def tag_loss(logits: Tensor, tags: Tensor) -> Tensor:
    """Cross-entropy of BIO tags over real tokens; shapes ``(windows, tokens, tags)`` and ``(windows, tokens)``."""
    return functional.cross_entropy(logits.flatten(0, 1).float(), tags.flatten(), ignore_index=IGNORED_TAG)
