"""The predictor: documents with mentions in, the same documents with predicted relations out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from bran.corpus.document import Document, Evidence, Relation
from bran.encoding.batches import SHAPES, collate, pack
from bran.encoding.examples import Example
from bran.encoding.subwords import Floats, Ints
from bran.evaluation.counts import FloatArray
from bran.extraction.evidence import mention_pairs
from bran.extraction.trained_model import TrainedModel
from bran.nn.devices import autocast, choose_device
from bran.nn.precision import PREDICTING, Precision


@dataclass(frozen=True, slots=True)
class _Scored:
    """What the network says of one example.

    Attributes:
        scores: of each pair and relation type, shape ``(pairs, relation types)``.
        probabilities: the same after calibration; ``None`` when the model has none.
        values: token-pair scores by the temperature of the pool, shape ``(windows, heads, tails, logits)``; ``None``
            when no evidence is wanted.
    """

    scores: Floats
    probabilities: FloatArray | None
    values: Floats | None


class Predictor:
    """Runs a trained model over a stream of documents, in constant memory.

    Args:
        model: what to run.
        device: where; the model is moved there.
        precision: number format of matrix products.
        evidence: whether relations carry the mention pairs behind them; costs a little time.
        max_tokens: padded subwords of a batch.
        chunk: documents that are read ahead and sorted by length together.

    Attributes:
        notes: what was left out so far: ``uncovered pairs`` (no window holds both entities, or ``mention_pairs``
            leaves out all that they have) and ``dropped mentions`` (no subword to stand for them).
    """

    def __init__(
        self,
        model: TrainedModel,
        *,
        device: torch.device | None = None,
        precision: Precision = PREDICTING,
        evidence: bool = False,
        max_tokens: int = 8192,
        chunk: int = 256,
    ) -> None:
        self.model = model
        self.device = device or torch.device("cpu")
        self.precision: Precision = precision
        # Shares are those of a LogSumExp: with another pooling there is none to tell.
        pooling = model.description.model.scorer.pooling
        self.evidence = evidence and pooling.kind == "logsumexp"
        self._temperature = pooling.temperature
        self.max_tokens = max_tokens
        self.chunk = chunk
        self.notes: Counter[str] = Counter()
        model.network.to(self.device)

    @classmethod
    def load(
        cls, folder: Path, *, device: str = "cpu", precision: Precision = PREDICTING, evidence: bool = False
    ) -> Predictor:
        """A predictor of the model in ``folder`` on ``device`` (``cpu``, ``cuda``, ``auto``).

        Raises:
            ModelError: when the folder cannot be read.
            ConfigError: when there is no such device.
        """
        chosen = choose_device(device)
        model = TrainedModel.load(folder, device=chosen)
        return cls(model, device=chosen, precision=precision, evidence=evidence)

    def predict(self, documents: Iterable[Document], *, threshold: float | None = None) -> Iterator[Document]:
        """Each document with the relations that score at least ``threshold``, in the order of input.

        Args:
            documents: with mentions; relations that they have are replaced.
            threshold: between 0 and 1; the model's own when ``None``. At 0 every candidate is scored and kept.

        Raises:
            UnknownTypeError: when a mention has a type that the model's schema does not have.
        """
        limit = self.model.description.threshold if threshold is None else threshold
        stream = iter(documents)
        while chunk := list(islice(stream, self.chunk)):
            examples = self.model.encoder(chunk)
            for example, scored in zip(examples, self._score(examples), strict=True):
                self.notes["uncovered pairs"] += len(example.uncovered)
                self.notes["dropped mentions"] += len(example.dropped)
                relations = self._relations(example, scored, limit) if scored else ()
                yield example.document.with_relations(relations)

    @torch.inference_mode()
    def _score(self, examples: Sequence[Example]) -> list[_Scored | None]:
        """Run the network over ``examples``; ``None`` for those without a pair."""
        scored: list[_Scored | None] = [None] * len(examples)
        wanted = [index for index, example in enumerate(examples) if example.pairs]
        for batch in pack([examples[index] for index in wanted], max_tokens=self.max_tokens):
            indices = [wanted[position] for position in batch]
            for index, result in zip(indices, self._run([examples[index] for index in indices]), strict=True):
                scored[index] = result
        return scored

    def _run(self, examples: Sequence[Example]) -> list[_Scored]:
        """One batch through the network."""
        network = self.model.network.eval()
        batch = collate(examples, multiple=SHAPES).to(self.device)
        with autocast(self.device, self.precision):
            values = network.scorer.token_pairs(network.encode(batch), batch)
            logits = network.scorer.entity_pairs(values, batch)
        pairs = [len(example.pairs) for example in examples]
        windows = [len(example.windows) for example in examples]
        by_window = (values / self._temperature).cpu().split(windows) if self.evidence else [None] * len(examples)
        scores = network.link.scores(logits).cpu().numpy()
        ends = np.cumsum(pairs)[:-1]
        return [
            _Scored(score, probability, None if value is None else value.numpy())
            for score, probability, value in zip(
                np.split(scores, ends), self._probabilities(scores, ends), by_window, strict=True
            )
        ]

    def _probabilities(self, scores: Floats, ends: Ints) -> Sequence[FloatArray | None]:
        """Calibrated ``scores`` of a batch, cut at ``ends``."""
        calibration = self.model.description.calibration
        if calibration is None:
            return [None] * (len(ends) + 1)
        labels = self.model.description.relation_schema.labels
        return np.split(calibration.probabilities(scores.astype(np.float64), labels), ends)

    def _relations(self, example: Example, scored: _Scored, limit: float) -> tuple[Relation, ...]:
        """Relations at or above ``limit``; of exclusive labels only the best of a pair (all of them at 0)."""
        schema = self.model.description.relation_schema
        relations = []
        for number, (pair, row) in enumerate(zip(example.pairs, scored.scores.tolist(), strict=True)):
            allowed = schema.labels_between(pair)
            best = max(allowed, key=lambda index: row[index])
            for index in allowed:
                if row[index] >= limit and (index == best or not schema.exclusive or not limit):
                    relations.append(self._relation(example, scored, number, index))
        return tuple(relations)

    def _relation(self, example: Example, scored: _Scored, number: int, index: int) -> Relation:
        description, pair = self.model.description, example.pairs[number]
        return Relation(
            description.relation_schema.labels[index],
            pair.head.id,
            pair.tail.id,
            score=float(scored.scores[number, index]),
            probability=None if scored.probabilities is None else float(scored.probabilities[number, index]),
            evidence=self._evidence(example, scored, number, index),
            model=description.name,
        )

    def _evidence(self, example: Example, scored: _Scored, number: int, index: int) -> tuple[Evidence, ...]:
        if scored.values is None:
            return ()
        label = index + scored.values.shape[-1] - scored.scores.shape[1]  # null, where there is one, comes first
        return mention_pairs(example, scored.values, pair=number, label=label)
