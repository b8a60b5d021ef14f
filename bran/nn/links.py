"""Links: from the logits of entity pairs to scores of relation types, and to the loss of their labels."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

LinkKind = Literal["plain", "threshold"]
"""``plain``: a softmax where relation types exclude each other, else a sigmoid for each; ``threshold``: whether they do
or not, each against a logit that every pair has for "no relation" (:class:`ThresholdLink`)."""


def build_link(kind: LinkKind, *, exclusive: bool) -> Link:
    """The link of ``kind``; ``exclusive``: at most one relation type holds for a pair."""
    if kind == "threshold":
        return ThresholdLink()
    return ExclusiveLink() if exclusive else IndependentLink()


class Link(nn.Module):
    """What all kinds do. Labels are soft: each says in [0, 1] how far a relation type holds."""

    @abstractmethod
    def logits(self, labels: int) -> int:
        """Logits per pair for ``labels`` relation types."""

    @abstractmethod
    def margins(self, logits: Tensor) -> Tensor:
        """By how much each relation type lies above no relation: ``(pairs, logits)`` to ``(pairs, labels)``."""

    @abstractmethod
    def scores(self, logits: Tensor) -> Tensor:
        """Probabilities of the relation types: ``(pairs, logits)`` to ``(pairs, labels)``."""

    @abstractmethod
    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Loss of each pair.

        Args:
            logits: shape ``(pairs, logits)``.
            labels: shape ``(pairs, labels)``.

        Returns:
            shape ``(pairs,)``.
        """

    @abstractmethod
    def smoothed(self, labels: Tensor, amount: float) -> Tensor:
        """``labels``, a share ``amount`` of which is dealt out evenly to all classes; shape ``(pairs, labels)``.

        Szegedy et al.: *Rethinking the inception architecture for computer vision*, CVPR 2016, section 7.
        """

    @abstractmethod
    def divergences(self, logits: Tensor, others: Tensor) -> Tensor:
        """How far two passes disagree: the mean of both Kullback-Leibler divergences, shape ``(pairs,)``."""


class ExclusiveLink(Link):
    """One relation type or null per pair: softmax with null first, cross-entropy (paper, section 2.3).

    What the labels of a pair lack to 1 is null's; where they have more than 1, it is shared out in proportion.
    """

    def logits(self, labels: int) -> int:
        """One for each relation type, and null's before them."""
        return labels + 1

    def margins(self, logits: Tensor) -> Tensor:
        """Logits less that of null."""
        return logits[:, 1:] - logits[:, :1]

    def scores(self, logits: Tensor) -> Tensor:
        """The softmax, without null."""
        return logits.softmax(-1)[:, 1:]

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy against the distribution of the labels and null."""
        stated = labels.to(logits.dtype) / labels.sum(1, keepdim=True).clamp_min(1)
        target = torch.cat([1 - stated.sum(1, keepdim=True), stated], dim=1)
        return functional.cross_entropy(logits, target, reduction="none")

    def smoothed(self, labels: Tensor, amount: float) -> Tensor:
        """Null is one of the classes."""
        return (1 - amount) * labels + amount / (labels.shape[1] + 1)

    def divergences(self, logits: Tensor, others: Tensor) -> Tensor:
        """Of the two softmaxes ``p`` and ``q``, ``sum (p - q) (log p - log q) / 2``."""
        one, other = logits.log_softmax(1), others.log_softmax(1)
        return ((one.exp() - other.exp()) * (one - other)).sum(1) / 2


class IndependentLink(Link):
    """Any number of relation types per pair: sigmoid, binary cross-entropy."""

    def logits(self, labels: int) -> int:
        """One for each relation type."""
        return labels

    def margins(self, logits: Tensor) -> Tensor:
        """The logits: zero is no relation's."""
        return logits

    def scores(self, logits: Tensor) -> Tensor:
        """The sigmoid of each margin."""
        return self.margins(logits).sigmoid()

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy, summed over relation types."""
        return functional.binary_cross_entropy_with_logits(logits, labels, reduction="none").sum(1)

    def smoothed(self, labels: Tensor, amount: float) -> Tensor:
        """Each relation type has two classes: it holds, or does not."""
        return (1 - amount) * labels + amount / 2

    def divergences(self, logits: Tensor, others: Tensor) -> Tensor:
        """Summed over relation types. Of two coins ``p`` and ``q``: ``(p - q) (logit p - logit q) / 2``."""
        apart = self.margins(logits) - self.margins(others)
        return ((self.scores(logits) - self.scores(others)) * apart).sum(1) / 2


class ThresholdLink(IndependentLink):
    """Relation types against a threshold that the network gives each pair: the first logit.

    With ``P`` the types that hold, ``N`` the others and ``s_0`` the threshold,

        ``L = -sum_(r in P) log(e^s_r / sum_(r' in P + 0) e^s_r') - log(e^s_0 / sum_(r' in N + 0) e^s_r')``:

    what holds is ranked above it and what does not below it, by as much as the pair needs, and scores
    ``sigmoid(s_r - s_0)`` mean the same for all pairs. Zhou, Huang, Ma, Huang: *Document-level relation extraction with
    adaptive thresholding and localized context pooling*, AAAI 2021, "Adaptive thresholding". Of a single relation type
    it is the loss of :class:`ExclusiveLink`.

    The loss of soft labels is the mean of ``L`` over the sets ``P = {r: label_r > u}`` with ``u`` uniform in [0, 1]:
    each type is in ``P`` as often as its label says, and hard labels have one set alone.
    """

    def logits(self, labels: int) -> int:
        """One for each relation type, and the threshold before them."""
        return labels + 1

    def margins(self, logits: Tensor) -> Tensor:
        """Logits less the threshold."""
        return logits[:, 1:] - logits[:, :1]

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The mean of ``L`` over the sets of types that the labels stand for."""
        ordered, order = labels.to(logits.dtype).sort(1, descending=True)
        steps = torch.cat([torch.ones_like(ordered[:, :1]), ordered, torch.zeros_like(ordered[:, :1])], dim=1)
        shares = steps[:, :-1] - steps[:, 1:]  # (pairs, sets): of the best 0, 1, ... types
        ranks = order.argsort(1)
        holds = ranks[:, None, :] < torch.arange(shares.shape[1], device=ranks.device)[:, None]  # (pairs, sets, labels)
        margins = self.margins(logits)[:, None, :].expand(holds.shape)
        return (shares * (_above(margins, holds) + _log_sum(margins, ~holds))).sum(1)


def _above(margins: Tensor, holds: Tensor) -> Tensor:
    """What it costs that types that hold lie above the threshold: ``(..., labels)`` to ``(...)``."""
    return (_log_sum(margins, holds)[..., None] - margins).masked_fill(~holds, 0.0).sum(-1)


def _log_sum(margins: Tensor, chosen: Tensor) -> Tensor:
    """``log(1 + sum exp)`` of the ``chosen`` margins: ``(..., labels)`` to ``(...)``."""
    return functional.pad(margins.masked_fill(~chosen, -torch.inf), (1, 0)).logsumexp(-1)
