"""Batches: examples padded to tensors, packed by a budget of tokens, in a deterministic order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from bran.config import Config
from bran.encoding.examples import Example, Window
from bran.encoding.subwords import PAD_ID

IGNORED_TAG = -100
SHAPES = 16
"""Multiple that lengths are padded to where batches follow each other: oneDNN makes a kernel for every new shape, which
takes as long as running it, and keeps those of the last thousand."""


class BatchConfig(Config):
    """How examples are packed."""

    max_tokens: int = Field(default=4096, ge=1)
    """Most padded subwords of a batch (windows x longest window); one larger example is a batch alone."""
    pool: int = Field(default=64, ge=1)
    """Batches' worth of shuffled examples that are sorted by length before packing: larger pads less."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples as padded tensors; ``windows`` of all examples are stacked.

    Attributes:
        token_ids: subword ids, shape ``(windows, tokens)``.
        mask: ``True`` at real subwords, shape ``(windows, tokens)``.
        types: entity type indices, 0 for none, shape ``(windows, tokens)``.
        tags: BIO tags, ``IGNORED_TAG`` at padding, shape ``(windows, tokens)``.
        sentences: number of each token's sentence in its document, shape ``(windows, tokens)``, padded with 0.
        heads: token positions of head mentions, shape ``(windows, heads)``, padded with 0.
        tails: token positions of tail mentions, shape ``(windows, tails)``, padded with 0.
        pairs: pair that each token pair adds to, shape ``(windows, heads, tails)``; ``len(labels)`` for none.
        layouts: layout of each token pair, shape ``(windows, heads, tails)``, padded with 0.
        features: what the layout, other documents and the words around and in mentions say of each pair, shape
            ``(pairs, features)``.
        labels: how far each relation type holds, in [0, 1], shape ``(pairs, relation types)``.
        weights: factor of each pair in the loss, shape ``(pairs,)``.
        recall: how many of the relations that hold are labelled, as a share, shape ``(pairs,)``.
        examples: what was batched; their pairs, one after the other, are the pair axis.
    """

    token_ids: Tensor
    mask: Tensor
    types: Tensor
    tags: Tensor
    sentences: Tensor
    heads: Tensor
    tails: Tensor
    pairs: Tensor
    layouts: Tensor
    features: Tensor
    labels: Tensor
    weights: Tensor
    recall: Tensor
    examples: tuple[Example, ...]

    def to(self, device: torch.device) -> Batch:
        """The same batch with its tensors on ``device``."""
        moved = {field.name: getattr(self, field.name).to(device) for field in fields(self) if field.name != "examples"}
        return replace(self, **moved)

    def without_types(self) -> Batch:
        """The same batch, its mentions not marked: what the NER head reads, which must find them itself."""
        return replace(self, types=torch.zeros_like(self.types))


def collate(examples: Sequence[Example], *, multiple: int = 1) -> Batch:
    """Pad ``examples`` into one batch; its tokens, heads and tails are multiples of ``multiple``."""
    windows = [window for example in examples for window in example.windows]
    total = sum(len(example.pairs) for example in examples)

    def longest(lengths: Iterable[int]) -> int:
        return -(-max(lengths, default=0) // multiple) * multiple

    shape = (len(windows), longest(len(window.ids) for window in windows))
    ids = np.full(shape, PAD_ID, dtype=np.int64)
    mask = np.zeros(shape, dtype=np.bool_)
    types = np.zeros(shape, dtype=np.int64)
    tags = np.full(shape, IGNORED_TAG, dtype=np.int64)
    sentences = np.zeros(shape, dtype=np.int64)
    heads = np.zeros((len(windows), longest(len(window.heads) for window in windows)), dtype=np.int64)
    tails = np.zeros((len(windows), longest(len(window.tails) for window in windows)), dtype=np.int64)
    pairs = np.full((len(windows), heads.shape[1], tails.shape[1]), total, dtype=np.int64)
    layouts = np.zeros_like(pairs)
    for row, (window, offset) in enumerate(_with_offsets(examples)):
        length = len(window.ids)
        ids[row, :length], mask[row, :length] = window.ids, True
        types[row, :length], tags[row, :length] = window.types, window.tags
        sentences[row, :length] = window.sentences
        heads[row, : len(window.heads)], tails[row, : len(window.tails)] = window.heads, window.tails
        layouts[row, : len(window.heads), : len(window.tails)] = window.layouts
        numbered = np.where(window.pairs >= 0, window.pairs + offset, total)
        pairs[row, : len(window.heads), : len(window.tails)] = numbered
    return Batch(
        token_ids=torch.from_numpy(ids),
        mask=torch.from_numpy(mask),
        types=torch.from_numpy(types),
        tags=torch.from_numpy(tags),
        sentences=torch.from_numpy(sentences),
        heads=torch.from_numpy(heads),
        tails=torch.from_numpy(tails),
        pairs=torch.from_numpy(pairs),
        layouts=torch.from_numpy(layouts),
        features=torch.from_numpy(np.concatenate([example.features for example in examples])),
        labels=torch.from_numpy(np.concatenate([example.labels for example in examples])),
        weights=torch.from_numpy(np.concatenate([example.weights for example in examples])),
        recall=torch.from_numpy(
            np.concatenate([np.full_like(example.weights, example.recall) for example in examples])
        ),
        examples=tuple(examples),
    )


def _with_offsets(examples: Sequence[Example]) -> Iterator[tuple[Window, int]]:
    offset = 0
    for example in examples:
        for window in example.windows:
            yield window, offset
        offset += len(example.pairs)


class Sized(Protocol):
    """What is packed into batches."""

    @property
    def length(self) -> int:
        """Subwords of its longest window."""

    @property
    def windows(self) -> Sequence[object]:
        """Its windows."""


def pack(examples: Sequence[Sized], *, max_tokens: int) -> list[list[int]]:
    """Indices of ``examples`` in batches of similar length and at most ``max_tokens`` padded subwords."""
    batches: list[list[int]] = []
    current: list[int] = []
    windows, longest = 0, 0
    for index in sorted(range(len(examples)), key=lambda i: examples[i].length):
        example = examples[index]
        longest = max(longest, example.length)
        if current and (windows + len(example.windows)) * longest > max_tokens:
            batches.append(current)
            current, windows, longest = [], 0, example.length
        current.append(index)
        windows += len(example.windows)
    return [*batches, current] if current else batches


def epoch_batches(examples: Sequence[Sized], config: BatchConfig, *, seed: int, epoch: int) -> list[list[int]]:
    """Indices of ``examples`` in the batches of one epoch: shuffled, bucketed by length, shuffled again.

    The same ``seed`` and ``epoch`` give the same batches, whatever came before.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(examples))
    mean = max(1.0, float(np.mean([example.length for example in examples])))
    size = max(1, int(config.pool * config.max_tokens / mean))
    batches: list[list[int]] = []
    for start in range(0, len(order), size):
        pool = order[start : start + size]
        packed = pack([examples[index] for index in pool], max_tokens=config.max_tokens)
        batches += [[int(pool[index]) for index in batch] for batch in packed]
    return [batches[index] for index in generator.permutation(len(batches))]
