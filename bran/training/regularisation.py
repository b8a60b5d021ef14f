"""Losses beside the pair loss that keep a thousand abstracts from being learned by heart; each is off by default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from pydantic import Field
from torch import Tensor

from bran.config import Config
from bran.encoding.batches import Batch
from bran.encoding.layout import IN_ONE_SENTENCE
from bran.nn.losses import pair_loss
from bran.nn.model import Bran
from bran.nn.unlabelled import pair_risk


class RegularisationConfig(Config):
    """What is added to the pair loss of a batch; 0 leaves a loss out, and its passes through the network."""

    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of the labels that is dealt out evenly to all classes (Szegedy et al. 2016, section 7)."""
    consistency: float = Field(default=0.0, ge=0)
    """Weight of the divergence between two passes with dropout of their own (R-Drop, Liang et al. 2021)."""
    adversarial: float = Field(default=0.0, ge=0)
    """Length of the step by which a window's input vectors are moved to where the loss grows most, to be learned from
    there as well (Miyato et al. 2017)."""
    sentences: float = Field(default=0.0, ge=0)
    """Weight of the loss of what token pairs within sentences say alone (deep supervision, Lee et al. 2015)."""

    def build(self) -> dict[str, Regulariser]:
        """The losses to add, by name."""
        kinds: dict[str, Callable[[float], Regulariser]] = {
            "consistency": Consistency,
            "adversarial": Adversarial,
            "sentences": WithinSentences,
        }
        return {name: kind(getattr(self, name)) for name, kind in kinds.items() if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass through the network computed.

    Attributes:
        embedded: input vectors, shape ``(windows, tokens, dim)``.
        values: scores of token pairs, shape ``(windows, heads, tails, logits)``, or more where the pool wants some.
        logits: of the pairs, shape ``(pairs, logits)``.
    """

    embedded: Tensor
    values: Tensor
    logits: Tensor


class Passes:
    """A batch and its way through the network, as often as a loss asks for it.

    Args:
        model: in training mode, so that every pass draws dropout of its own.
        batch: what is learned from.
        smoothing: share of the labels that goes to all classes, where it is known which do not hold.

    Attributes:
        labels: what is to be told, shape ``(pairs, labels)``.
        first: the pass whose loss is the pair loss.
    """

    def __init__(self, model: Bran, batch: Batch, *, smoothing: float = 0.0) -> None:
        self.model, self.batch = model, batch
        smoothed = model.link.smoothed(batch.labels, smoothing)
        self.labels = torch.where(batch.recall[:, None] == 1, smoothed, batch.labels)
        embedded = model.embed(batch)
        # Gradients of the input are asked for even where all that it is made of is frozen.
        self.first = self.run(embedded if embedded.requires_grad else embedded.requires_grad_())

    def run(self, embedded: Tensor) -> Pass:
        """A pass from input vectors, shape ``(windows, tokens, dim)``."""
        scorer = self.model.scorer
        values = scorer.token_pairs(self.model.contextualise(embedded, self.batch), self.batch)
        return Pass(embedded, values, scorer.entity_pairs(values, self.batch))

    def loss(self, logits: Tensor) -> Tensor:
        """Mean loss of the pairs, a scalar."""
        return pair_risk(self.model.link, logits, self.labels, self.batch.weights, self.batch.recall)


Regulariser = Callable[[Passes], Tensor]
"""Says what to add to the pair loss of the first pass, a scalar."""


class Consistency:
    """Two passes differ by their dropout alone: both learn the labels, and to agree.

    ``L = L_1 + L_2 + weight (KL(p_1 | p_2) + KL(p_2 | p_1)) / 2``, of which the first is the pair loss. Liang et al.:
    *R-Drop: regularized dropout for neural networks*, NeurIPS 2021, section 2.
    """

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def __call__(self, passes: Passes) -> Tensor:
        """The loss of a second pass, and the weighted mean divergence of pairs from the first."""
        again = passes.run(passes.model.embed(passes.batch)).logits
        apart = passes.model.link.divergences(passes.first.logits, again)  # (pairs,)
        return passes.loss(again) + self.weight * pair_loss(apart, passes.batch.weights)


class Adversarial:
    """What is said of a text stays true of one beside it: input vectors moved to where the loss grows most.

    ``r = length * g / |g|`` with ``g`` the gradient of the pair loss at the input vectors of a window, all tokens
    together. Miyato, Dai, Goodfellow: *Adversarial training methods for semi-supervised text classification*, ICLR
    2017, section 3.
    """

    def __init__(self, length: float) -> None:
        self.length = length

    def __call__(self, passes: Passes) -> Tensor:
        """The loss of a pass from the moved vectors."""
        first = passes.first
        (gradient,) = torch.autograd.grad(passes.loss(first.logits), first.embedded, retain_graph=True)
        norms = gradient.flatten(1).norm(dim=1).clamp_min(torch.finfo(gradient.dtype).tiny)  # (windows,)
        moved = first.embedded + self.length * gradient / norms[:, None, None]
        return passes.loss(passes.run(moved).logits)


class WithinSentences:
    """What token pairs within sentences say, pooled without the others, has to tell the label as well.

    Most relations stand in one sentence, but the pool lets mentions from all over the abstract carry what is learned of
    them. Lee et al.: *Deeply-supervised nets*, AISTATS 2015, section 2: a companion loss on what the output is made of.
    That a sentence with both entities states what holds of them is how Mintz et al. label sentences (*Distant
    supervision for relation extraction without labeled data*, ACL 2009).
    Pairs that share no sentence have no such loss.
    """

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def __call__(self, passes: Passes) -> Tensor:
        """The weighted mean loss of pairs that share a sentence."""
        batch, size = passes.batch, len(passes.labels)
        pairs = batch.pairs.masked_fill(batch.layouts >= IN_ONE_SENTENCE, size)
        shared = pairs.flatten().bincount(minlength=size + 1)[:size] > 0  # (pairs,)
        logits = passes.model.scorer.entity_pairs(passes.first.values, replace(batch, pairs=pairs))
        known = (passes.labels[shared], batch.weights[shared], batch.recall[shared])
        return self.weight * pair_risk(passes.model.link, logits[shared], *known)
