"""The predictor: documents with mentions in, the same documents with predicted relations out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from bran.corpus.document import Document, Relation
from bran.encoding.batches import collate, pack
from bran.encoding.examples import Example
from bran.extraction.trained_model import TrainedModel
from bran.nn.devices import Precision, autocast, choose_device


class Predictor:
    """Runs a trained model over a stream of documents, in constant memory.

    Args:
        model: what to run.
        device: where; the model is moved there.
        precision: number format of matrix products.
        max_tokens: padded subwords of a batch.
        chunk: documents that are read ahead and sorted by length together.

    Attributes:
        notes: what was left out so far: ``uncovered pairs`` (no window holds both entities) and
            ``dropped mentions`` (no subword to stand for them).
    """

    def __init__(
        self,
        model: TrainedModel,
        *,
        device: torch.device | None = None,
        precision: Precision = "auto",
        max_tokens: int = 8192,
        chunk: int = 256,
    ) -> None:
        self.model = model
        self.device = device or torch.device("cpu")
        self.precision = precision
        self.max_tokens = max_tokens
        self.chunk = chunk
        self.notes: Counter[str] = Counter()
        model.network.to(self.device)

    @classmethod
    def load(cls, folder: Path, *, device: str = "cpu", precision: Precision = "auto") -> Predictor:
        """A predictor of the model in ``folder`` on ``device`` (``cpu``, ``cuda``, ``auto``).

        Raises:
            ModelError: when the folder cannot be read.
            ConfigError: when there is no such device.
        """
        chosen = choose_device(device)
        return cls(TrainedModel.load(folder, device=chosen), device=chosen, precision=precision)

    def predict(self, documents: Iterable[Document], *, threshold: float | None = None) -> Iterator[Document]:
        """Each document with the relations that score at least ``threshold``, in the order of input.

        Args:
            documents: with mentions; relations that they have are replaced.
            threshold: between 0 and 1; the model's own when ``None``. At 0 every candidate is scored and kept.
        """
        limit = self.model.description.threshold if threshold is None else threshold
        stream = iter(documents)
        while chunk := list(islice(stream, self.chunk)):
            examples = self.model.encoder(chunk)
            for example, scores in zip(examples, self._score(examples), strict=True):
                self._note(example)
                yield example.document.with_relations(self._relations(example, scores, limit))

    @torch.inference_mode()
    def _score(self, examples: Sequence[Example]) -> list[Tensor]:
        """Scores of the pairs of each example, shape ``(pairs, relation types)``, on the CPU."""
        network, labels = self.model.network.eval(), self.model.description.relation_schema.labels
        scores = [torch.zeros(0, len(labels)) for _ in examples]
        scored = [index for index, example in enumerate(examples) if example.pairs]
        for indices in pack([examples[index] for index in scored], max_tokens=self.max_tokens):
            chosen = [scored[index] for index in indices]
            batch = collate([examples[index] for index in chosen])
            with autocast(self.device, self.precision):
                logits = network(batch.to(self.device))
            parts = network.link.scores(logits).cpu().split([len(examples[index].pairs) for index in chosen])
            for index, part in zip(chosen, parts, strict=True):
                scores[index] = part
        return scores

    def _relations(self, example: Example, scores: Tensor, limit: float) -> tuple[Relation, ...]:
        """Relations at or above ``limit``; of exclusive labels only the best one of a pair (all, when it is 0)."""
        schema = self.model.description.relation_schema
        best = scores.argmax(1).tolist() if len(scores) else []
        relations = [
            Relation(label, pair.head.id, pair.tail.id, score=score, model=self.model.description.name)
            for pair, row, top in zip(example.pairs, scores.tolist(), best, strict=True)
            for index, (label, score) in enumerate(zip(schema.labels, row, strict=True))
            if score >= limit
            and (index == top or not schema.exclusive or not limit)
            and (pair.head.type, pair.tail.type) in schema.relation_types[label].pairs
        ]
        return tuple(relations)

    def _note(self, example: Example) -> None:
        self.notes["uncovered pairs"] += len(example.uncovered)
        self.notes["dropped mentions"] += len(example.dropped)
