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
        """Cross-entropy of each pair against the distribution that its labels leave.

        Args:
            logits: shape ``(pairs, labels + 1)``.
            labels: how far each relation type holds, in [0, 1], shape ``(pairs, labels)``. What a row lacks to 1 is
                null's; a row of more than 1 is shared out in proportion.

        Returns:
            shape ``(pairs,)``.
        """
        stated = labels.to(logits.dtype) / labels.sum(1, keepdim=True).clamp_min(1)
        target = torch.cat([1 - stated.sum(1, keepdim=True), stated], dim=1)
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
        """Loss of each pair, summed over relation types, shape ``(pairs,)``; ``labels`` may be anywhere in [0, 1]."""
        return functional.binary_cross_entropy_with_logits(logits, labels, reduction="none").sum(1)


def pair_loss(losses: Tensor, weights: Tensor) -> Tensor:
    """Mean of ``weights * losses`` over the pairs with a weight above 0; both of shape ``(pairs,)``.

    Divided by their number and not by the sum of weights: a batch of light pairs is to weigh less than one of others.
    Zero when no pair has a weight.
    """
    return (losses * weights).sum() / (weights > 0).sum().clamp_min(1)


def tag_loss(logits: Tensor, tags: Tensor) -> Tensor:
    """Cross-entropy of BIO tags over real tokens; shapes ``(windows, tokens, tags)`` and ``(windows, tokens)``."""
    return functional.cross_entropy(logits.flatten(0, 1).float(), tags.flatten(), ignore_index=IGNORED_TAG)
