"""A slow scorer to compare with: one loop over candidates, mentions, tokens and labels, in plain numbers."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import torch

from bran.corpus.document import Document, Mention, Pair
from bran.corpus.sentences import SentenceIndex
from bran.encoding.batches import collate
from bran.encoding.examples import DocumentEncoder, Example
from bran.encoding.layout import Places
from bran.encoding.subwords import SubwordSequence
from bran.encoding.windows import Span, cut
from bran.nn.model import Bran
from bran.nn.pooling import PoolingConfig
from tests.builders import sentence_starts

Vector = list[float]
MentionPair = tuple[Mention, Mention, list[Vector]]
"""Head, tail, and the scores of their token pairs."""


class ReferenceScorer:
    """Scores one document with the weights of ``model``, in double precision.

    Only the encoder is the model's own: its vectors are taken one window at a time, without padding.
    """

    def __init__(self, model: Bran, encoder: DocumentEncoder, *, pooling: PoolingConfig = PoolingConfig()) -> None:  # noqa: B008
        self.model = model.double().eval()
        self.encoder = encoder
        self.pooling = pooling
        self.weights: dict[str, Any] = {name: weight.tolist() for name, weight in model.state_dict().items()}

    def __call__(self, document: Document) -> dict[tuple[str, str], Vector]:
        """Logits of each candidate that some window holds, by head and tail."""
        (example,) = self.encoder([document])
        (sequence,) = self.encoder.subwords.encode([document])
        spans = self._spans(document, sequence)
        vectors = list(self._vectors(example))
        logits = {}
        for pair in self.encoder.schema.candidates(document):
            mention_pairs = [
                (head, tail, values)
                for head, tail in product(pair.head.mentions, pair.tail.mentions)
                if (values := list(self._token_pairs(document, sequence, spans, vectors, head, tail)))
            ]
            values = [value for _, _, values in self._scored(document, sequence, mention_pairs) for value in values]
            if values:
                pooled = self._pool(values)
                scored = [(head, tail) for head, tail, _ in self._scored(document, sequence, mention_pairs)]
                pooled = _add(pooled, self._context(sequence, spans, vectors, scored))
                logits[pair.head.id, pair.tail.id] = _add(pooled, self._structure(example, pair))
        return logits

    def _context(
        self,
        sequence: SubwordSequence,
        spans: Sequence[Span],
        vectors: list[list[Vector]],
        mention_pairs: Sequence[tuple[Mention, Mention]],
    ) -> Vector | None:
        """What the tokens that both entities look at say, where the scorer asks for it."""
        if self.model.scorer.context is None:
            return None
        queries: defaultdict[int, list[Vector]] = defaultdict(list)
        for head, tail in mention_pairs:
            heads, tails = _tokens(sequence, head), _tokens(sequence, tail)
            window = _most_central(spans, heads, tails)
            at = vectors[window][: spans[window].end - spans[window].start]
            begin = spans[window].start
            queries[window] += [
                _add(
                    self._linear("scorer.context.head", at[i - begin]),
                    self._linear("scorer.context.tail", at[j - begin]),
                )
                for i, j in product(heads, tails)
            ]
        contexts = [self._attended(_mean(rows), vectors[window]) for window, rows in queries.items() for _ in rows]
        hidden = [max(0.0, value) for value in self._linear("scorer.context.score.0", _mean(contexts))]
        return self._linear("scorer.context.score.3", hidden)

    def _attended(self, query: Vector, vectors: list[Vector]) -> Vector:
        size = len(query) // self.model.scorer.context.heads  # type: ignore[union-attr]
        both = [self._linear("scorer.context.keys_and_values", vector) for vector in vectors]
        attended: Vector = []
        for start in range(0, len(query), size):
            part, values = slice(start, start + size), slice(len(query) + start, len(query) + start + size)
            products = [sum(q * k for q, k in zip(query[part], row[part], strict=True)) for row in both]
            weights = [math.exp(value / math.sqrt(size)) for value in products]
            columns = zip(*(row[values] for row in both), strict=True)
            attended += [sum(w * v for w, v in zip(weights, column, strict=True)) / sum(weights) for column in columns]
        return attended

    def _scored(
        self, document: Document, sequence: SubwordSequence, mention_pairs: list[MentionPair]
    ) -> list[MentionPair]:
        """Those of ``mention_pairs`` that count, by the config of the encoder."""
        if self.encoder.config.mention_pairs == "sentence":
            sentence = SentenceIndex(document).sentence
            return [item for item in mention_pairs if sentence(item[0]) == sentence(item[1])]
        if self.encoder.config.mention_pairs == "nearest":

            def rank(item: MentionPair) -> tuple[int, int, int, int, int]:
                head, tail, _ = item
                between = set(_tokens(sequence, head)), set(_tokens(sequence, tail))
                near, far = sorted(between, key=lambda tokens: (min(tokens), max(tokens)))
                return max(0, min(far) - max(near) - 1), head.start, head.end, tail.start, tail.end

            return sorted(mention_pairs, key=rank)[:1]
        return mention_pairs

    def _spans(self, document: Document, sequence: SubwordSequence) -> Sequence[Span]:
        config = self.encoder.config
        starts = [sum(1 for begin in sequence.starts if begin < start) for start in sentence_starts(document)]
        return cut(len(sequence.ids), starts, size=config.window, overlap=config.overlap)

    def _vectors(self, example: Example) -> Iterator[list[Vector]]:
        for window in example.windows:
            alone = collate([replace(example, windows=(window,))])
            with torch.no_grad():
                yield self.model.encode(alone)[0].tolist()

    def _token_pairs(
        self,
        document: Document,
        sequence: SubwordSequence,
        spans: Sequence[Span],
        vectors: list[list[Vector]],
        head: Mention,
        tail: Mention,
    ) -> Iterator[Vector]:
        heads, tails = _tokens(sequence, head), _tokens(sequence, tail)
        window = _most_central(spans, heads, tails) if heads and tails else None
        if window is None:
            return
        begin = spans[window].start
        for i, j in product(heads, tails):
            left = [*self._perceptron("head", vectors[window][i - begin]), 1.0]
            right = [*self._perceptron("tail", vectors[window][j - begin]), 1.0]
            yield _add(self._biaffine(left, right), self._layout(document, head, tail))

    def _perceptron(self, side: str, vector: Vector) -> Vector:
        hidden = [max(0.0, value) for value in self._linear(f"scorer.{side}.0", vector)]
        return self._linear(f"scorer.{side}.3", hidden)

    def _linear(self, name: str, vector: Vector) -> Vector:
        rows, biases = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return [sum(w * x for w, x in zip(row, vector, strict=True)) + b for row, b in zip(rows, biases, strict=True)]

    def _biaffine(self, left: Vector, right: Vector) -> Vector:
        tensor = self.weights["scorer.biaffine.weight"]
        return [
            sum(x * tensor[i][label][j] * y for i, x in enumerate(left) for j, y in enumerate(right))
            for label in range(len(tensor[0]))
        ]

    def _layout(self, document: Document, head: Mention, tail: Mention) -> Vector | None:
        table = self.weights.get("scorer.layouts.weight")
        if table is None:
            return None
        places = Places.of(document, [head, tail], sentence_starts(document))
        ((number,),) = places.layouts(np.array([0]), np.array([1]))
        return table[number]

    def _structure(self, example: Example, pair: Pair) -> Vector | None:
        if "scorer.structure.0.weight" not in self.weights:
            return None
        features = example.features[example.pairs.index(pair)].tolist()
        hidden = [max(0.0, value) for value in self._linear("scorer.structure.0", features)]
        return self._linear("scorer.structure.3", hidden)

    def _pool(self, values: list[Vector]) -> Vector:
        by_label, kind = list(zip(*values, strict=True)), self.pooling.kind
        if kind == "mixture":
            share = 1 / (1 + math.exp(-self.weights["scorer.pool.gate"]))
            pairs = zip(self._log_sum(by_label[:-1]), self._weighted(by_label), strict=True)
            return [share * maximum + (1 - share) * mean for maximum, mean in pairs]
        if kind == "attention":
            return self._weighted(by_label)
        if kind == "logsumexp":
            return self._log_sum(by_label)
        return [max(row) if kind == "max" else sum(row) / len(row) for row in by_label]

    def _log_sum(self, by_label: Sequence[Sequence[float]]) -> Vector:
        warmth = self.pooling.temperature
        return [warmth * math.log(sum(math.exp(value / warmth) for value in row)) for row in by_label]

    def _weighted(self, by_label: Sequence[Sequence[float]]) -> Vector:
        *rows, scores = by_label
        weights = [math.exp(score) for score in scores]
        return [sum(w * v for w, v in zip(weights, row, strict=True)) / sum(weights) for row in rows]


def _tokens(sequence: SubwordSequence, mention: Mention) -> list[int]:
    bounds = zip(sequence.starts.tolist(), sequence.ends.tolist(), strict=True)
    return [index for index, (start, end) in enumerate(bounds) if mention.start <= start and end <= mention.end]


def _most_central(spans: Sequence[Span], heads: list[int], tails: list[int]) -> int | None:
    middle = (heads[0] + heads[-1] + 1 + tails[0] + tails[-1] + 1) / 4
    tokens = [*heads, *tails]
    holding = [index for index, span in enumerate(spans) if span.start <= min(tokens) and max(tokens) < span.end]
    return min(holding, key=lambda index: abs((spans[index].start + spans[index].end) / 2 - middle), default=None)


def _mean(rows: Sequence[Vector]) -> Vector:
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def _add(left: Vector, right: Vector | None) -> Vector:
    return left if right is None else [x + y for x, y in zip(left, right, strict=True)]
