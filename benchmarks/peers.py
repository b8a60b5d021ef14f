"""What the relation stage is measured against: an encoder of the size of BERT-base, and one pass per entity pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.timing import Clock, timed
from bran.encoding.batches import Batch, collate
from bran.encoding.examples import Example
from bran.nn.devices import autocast
from bran.nn.losses import pair_loss
from bran.nn.model import Bran
from bran.nn.precision import Precision
from bran.training.optimiser import OptimiserConfig

BERT_WINDOW = 512
"""Subwords that a BERT encoder reads; longer documents are cut off there."""
PAIRS_PER_BATCH = 32
"""Of the authors' code, which pads pairs in the order of its files to the longest of so many."""


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
    """An encoder of the size of BERT-base (Devlin et al., NAACL 2019), in plain torch with its fused attention.

    Its weights are random: its time does not depend on them.
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


class BertForward:
    """The forward pass of a BERT-base encoder over documents one by one: no padding, no masks, no casts of weights.

    Args:
        lengths: subwords of each document.
        dtype: number format of weights and activations.
    """

    def __init__(self, lengths: Sequence[int], dtype: torch.dtype) -> None:
        self.encoder = BertBase().to(dtype).eval()
        self.documents = [torch.randint(1, 30000, (1, min(length, BERT_WINDOW))) for length in lengths]

    @torch.inference_mode()
    def measure(self, clock: Clock) -> dict[str, float]:
        """Seconds of all documents."""
        seconds, _ = timed(clock, lambda: [self.encoder(document) for document in self.documents])
        return {"BERT-base": seconds}


class OncePerPair(nn.Module):
    """The network as the authors' code runs it: a pass per entity pair, every token of it scored with every other.

    Args:
        network: its encoder, perceptrons and bi-affine tensor are used.
    """

    def __init__(self, network: Bran) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Batch) -> Tensor:
        """Logits, shape ``(pairs, logits)``, of a batch that has one pair per window."""
        scorer, encoded = self.network.scorer, self.network.encode(batch)
        scores = scorer.biaffine(scorer.head(encoded), scorer.tail(encoded))  # (windows, tokens, tokens, logits)
        outside = ~_token_pairs(batch)[:, :, :, None]
        logits: Tensor = scores.float().masked_fill(outside, float("-inf")).flatten(1, 2).logsumexp(1)
        return logits


class PairPasses:
    """Prediction and training with :class:`OncePerPair` over every pair of some documents; batches are made before.

    Args:
        network: a copy of it is run.
        examples: documents of one window; others are left out.
        precision: number format of matrix products.
    """

    def __init__(self, network: Bran, examples: Sequence[Example], *, precision: Precision) -> None:
        self.network = OncePerPair(deepcopy(network))
        self.optimiser = OptimiserConfig().build(self.network)
        self.precision: Precision = precision
        single = [alone for example in examples for alone in one_by_one(example)]
        self.subwords = sum(example.length for example in single)
        starts = range(0, len(single), PAIRS_PER_BATCH)
        self.batches = [collate(single[start : start + PAIRS_PER_BATCH]) for start in starts]

    @torch.inference_mode()
    def predict(self, clock: Clock) -> dict[str, float]:
        """Seconds of the forward passes."""
        self.network.eval()
        with autocast(torch.device("cpu"), self.precision):
            seconds, _ = timed(clock, lambda: [self.network(batch) for batch in self.batches])
        return {"once per pair": seconds}

    def train(self, clock: Clock) -> dict[str, float]:
        """Seconds of an optimiser step on each batch."""
        self.network.train()
        seconds, _ = timed(clock, self._epoch)
        return {"training once per pair": seconds}

    def _epoch(self) -> None:
        for batch in self.batches:
            with autocast(torch.device("cpu"), self.precision):
                losses = self.network.network.link.losses(self.network(batch), batch.labels)
                loss = pair_loss(losses, batch.weights)
            loss.backward()
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)


def one_by_one(example: Example) -> Iterator[Example]:
    """Each pair of ``example`` as an example of its own; none, when the document is several windows."""
    if len(example.windows) > 1:
        return
    (window,) = example.windows
    for index, pair in enumerate(example.pairs):
        (rows,) = (window.pairs == index).any(1).nonzero()
        (columns,) = (window.pairs == index).any(0).nonzero()
        alone = replace(
            window,
            heads=window.heads[rows],
            tails=window.tails[columns],
            pairs=window.pairs[rows][:, columns] - index,
            layouts=window.layouts[rows][:, columns],
        )
        kept = slice(index, index + 1)
        yield replace(
            example,
            pairs=(pair,),
            features=example.features[kept],
            labels=example.labels[kept],
            weights=example.weights[kept],
            windows=(alone,),
        )


def _token_pairs(batch: Batch) -> Tensor:
    """Where both tokens belong to the pair, ``(windows, tokens, tokens)``."""
    windows, tokens = batch.token_ids.shape
    inside = torch.zeros(windows, tokens, tokens, dtype=torch.bool)
    window, head, tail = (batch.pairs < len(batch.labels)).nonzero(as_tuple=True)
    inside[window, batch.heads[window, head], batch.tails[window, tail]] = True
    return inside
