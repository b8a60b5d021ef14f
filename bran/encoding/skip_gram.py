"""Skip-gram with negative sampling: vectors that tell which subwords stand near each other.

Mikolov, Sutskever, Chen, Corrado, Dean: *Distributed representations of words and phrases and their
compositionality*, NIPS 2013. What differs: batches of pairs and Adam, in place of one pair at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from bran.config import Config
from bran.encoding.subwords import UNK_ID, Floats, Ints

_TEXTS_AT_A_TIME = 256


class SkipGramConfig(Config):
    """How skip-gram vectors are learned."""

    epochs: int = Field(default=5, ge=1)
    negatives: int = Field(default=5, ge=1)
    """Subwords drawn at random beside each that is really there."""
    subsample: float = Field(default=1e-3, gt=0)
    """A subword that is a larger share of the text than this is passed over now and then: it is kept with
    probability ``sqrt(subsample / share)``."""
    batch: int = Field(default=8192, ge=1)
    """Pairs of subwords of a step."""
    learning_rate: float = Field(default=5e-3, gt=0)
    """Of Adam at the start; it falls to zero in a line."""


@dataclass(frozen=True, slots=True)
class SkipGram:
    """Learns vectors for subwords.

    Attributes:
        config: how.
        vocabulary: number of subwords.
        dim: size of the vectors.
        window: the farthest that a context stands from its centre; each centre draws how far it looks.
        smoothing: power of the counts that negatives are drawn by.
        seed: of all that is drawn.
    """

    config: SkipGramConfig
    vocabulary: int
    dim: int
    window: int
    smoothing: float
    seed: int

    def learn(self, texts: Sequence[Ints]) -> Floats:
        """A vector for each subword, shape ``(vocabulary, dim)``; zeros for those that are never seen.

        Args:
            texts: subword ids of each text, shape ``(subwords,)``.
        """
        counts: Floats = np.bincount(np.concatenate(texts), minlength=self.vocabulary).astype(np.float32)
        counts[: UNK_ID + 1] = 0
        generator = torch.Generator().manual_seed(self.seed)
        centres = (torch.rand(self.vocabulary, self.dim, generator=generator) - 0.5) / self.dim
        contexts = torch.zeros(self.vocabulary, self.dim)
        tables = [table.requires_grad_() for table in (centres, contexts)]
        optimiser = torch.optim.Adam(tables, lr=self.config.learning_rate)
        noise = torch.from_numpy(counts**self.smoothing)
        for pairs, progress in self._batches(texts, counts):
            optimiser.param_groups[0]["lr"] = self.config.learning_rate * (1 - progress)
            shape = (len(pairs), self.config.negatives)
            negatives = torch.multinomial(noise, shape[0] * shape[1], replacement=True, generator=generator)
            optimiser.zero_grad()
            _loss(centres, contexts, pairs, negatives.view(shape)).backward()
            optimiser.step()
        vectors: Floats = centres.detach().numpy()
        vectors[counts == 0] = 0
        return vectors

    def _batches(self, texts: Sequence[Ints], counts: Floats) -> Iterator[tuple[Tensor, float]]:
        """Pairs ``(centre, context)``, shape ``(pairs, 2)``, and how much of the work was done before them."""
        generator = np.random.default_rng(self.seed)
        share = counts / max(1.0, counts.sum())
        keep = np.minimum(1, np.sqrt(self.config.subsample / np.maximum(share, 1e-12)))
        for epoch in range(self.config.epochs):
            order = generator.permutation(len(texts))
            for start in range(0, len(texts), _TEXTS_AT_A_TIME):
                progress = (epoch + start / len(texts)) / self.config.epochs
                chosen = [texts[index] for index in order[start : start + _TEXTS_AT_A_TIME]]
                pairs = torch.from_numpy(self._pairs(chosen, keep, generator))
                yield from ((batch, progress) for batch in pairs.split(self.config.batch) if len(batch))

    def _pairs(self, texts: Sequence[Ints], keep: Floats, generator: np.random.Generator) -> Ints:
        """Every centre in ``texts`` with each context that it looks at, shuffled, shape ``(pairs, 2)``."""
        gap = np.zeros(self.window, dtype=np.int64)  # keeps the end of one text from the start of the next
        ids: Ints = np.concatenate([part for text in texts for part in (text, gap)])
        ids = ids[(ids <= UNK_ID) | (generator.random(len(ids)) < keep[ids])]
        reach = generator.integers(1, self.window + 1, len(ids))
        found = []
        for distance in range(1, self.window + 1):
            left, right = ids[:-distance], ids[distance:]
            real = (left > UNK_ID) & (right > UNK_ID)
            forward, back = real & (reach[:-distance] >= distance), real & (reach[distance:] >= distance)
            found += [np.stack([left[forward], right[forward]], 1), np.stack([right[back], left[back]], 1)]
        return generator.permutation(np.concatenate(found))


def _loss(centres: Tensor, contexts: Tensor, pairs: Tensor, negatives: Tensor) -> Tensor:
    """Mean over pairs of ``-log s(u v) - sum log s(-u' v)`` (their equation 4).

    Args:
        centres: vectors ``v``, shape ``(vocabulary, dim)``.
        contexts: vectors ``u``, of the same shape.
        pairs: ids of centres and contexts, shape ``(pairs, 2)``.
        negatives: ids of the contexts ``u'`` that were drawn, shape ``(pairs, negatives)``.
    """
    centre = functional.embedding(pairs[:, 0], centres)
    near = (centre * functional.embedding(pairs[:, 1], contexts)).sum(1)
    far = torch.einsum("pd,pnd->pn", centre, functional.embedding(negatives, contexts))
    return -(functional.logsigmoid(near).sum() + functional.logsigmoid(-far).sum()) / len(pairs)
