"""Losses of a batch: the mean over entity pairs, and that over tags."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from bran.encoding.batches import IGNORED_TAG


def pair_loss(losses: Tensor, weights: Tensor) -> Tensor:
    """Mean of ``weights * losses`` over the pairs with a weight above 0; both of shape ``(pairs,)``.

    Divided by their number and not by the sum of weights: a batch of light pairs is to weigh less than one of others.
    Zero when no pair has a weight.
    """
    return (losses * weights).sum() / (weights > 0).sum().clamp_min(1)


def tag_loss(logits: Tensor, tags: Tensor) -> Tensor:
    """Cross-entropy of BIO tags over real tokens; shapes ``(windows, tokens, tags)`` and ``(windows, tokens)``."""
    return functional.cross_entropy(logits.flatten(0, 1).float(), tags.flatten(), ignore_index=IGNORED_TAG)
