"""The relation stage over documents in memory: as users call it, and cut into its parts."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from random import Random

import torch

from benchmarks.timing import Clock, timed
from bran.corpus.document import Document
from bran.encoding.batches import SHAPES, Batch, collate, pack
from bran.encoding.examples import Example
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel
from bran.nn.devices import autocast
from bran.nn.precision import Precision


class RelationStage:
    """Runs a model over the same documents again and again, each time as if it had never seen them.

    A run starts with a copy of the vocabulary that remembers no words but those of other documents, with
    documents of which nothing is computed yet, and in another order, so that no batch has the shape of an earlier one.

    Args:
        model: what is measured, on the CPU. It encodes nothing itself: copies of it do.
        documents: what it is measured on.
        others: documents that each run has read before, as a stream has.
        precision: number format of matrix products.
    """

    def __init__(
        self, model: TrainedModel, documents: Sequence[Document], others: Sequence[Document], *, precision: Precision
    ) -> None:
        self.model = model
        self.documents = list(documents)
        self.others = list(others)
        self.precision: Precision = precision
        self._random = Random(0)

    def whole(self, clock: Clock) -> dict[str, float]:
        """Seconds from documents to documents with relations."""
        predictor, documents = self.predictor(), self.unread()
        seconds, _ = timed(clock, lambda: list(predictor.predict(documents)))
        return {"stage": seconds}

    def parts(self, clock: Clock) -> dict[str, float]:
        """Seconds of each part; what they leave of :meth:`whole` is decoding and the predictor itself."""
        subwords, predictor = self.predictor().model.subwords, self.predictor()
        documents = self.unread()
        cutting, _ = timed(clock, lambda: subwords.encode([replace(document) for document in documents]))
        encoding, examples = timed(clock, lambda: predictor.model.encoder(documents))
        collating, batches = timed(clock, lambda: self._batches(predictor, examples))
        encoder, scorer = self._run(batches, clock)
        return {
            "subwords": cutting,
            "examples": encoding - cutting,
            "collate": collating,
            "encoder": encoder,
            "scorer": scorer,
        }

    @torch.inference_mode()
    def _run(self, batches: Sequence[Batch], clock: Clock) -> tuple[float, float]:
        """Seconds of encoder and scorer, batch by batch, as the predictor runs them."""
        network, encoder, scorer = self.model.network, 0.0, 0.0
        for batch in batches:
            with autocast(torch.device("cpu"), self.precision):
                seconds, vectors = timed(clock, lambda: network.encode(batch))  # noqa: B023
                encoder += seconds
                seconds, _ = timed(clock, lambda: network.scorer(vectors, batch))  # noqa: B023
                scorer += seconds
        return encoder, scorer

    def predictor(self) -> Predictor:
        """A predictor that has read other documents."""
        model = replace(self.model, subwords=deepcopy(self.model.subwords))
        model.encoder([replace(document) for document in self.others])
        return Predictor(model, precision=self.precision)

    def unread(self) -> list[Document]:
        """The documents in some order, with nothing computed."""
        return [replace(document) for document in self._random.sample(self.documents, len(self.documents))]

    def examples(self) -> list[Example]:
        """The documents, encoded."""
        return self.predictor().model.encoder(self.documents)

    def batches(self) -> list[Batch]:
        """The batches that the predictor makes of the documents."""
        return self._batches(self.predictor(), self.examples())

    @staticmethod
    def _batches(predictor: Predictor, examples: Sequence[Example]) -> list[Batch]:
        batches = []
        for start in range(0, len(examples), predictor.chunk):
            chunk = [example for example in examples[start : start + predictor.chunk] if example.pairs]
            packed = pack(chunk, max_tokens=predictor.max_tokens)
            batches += [collate([chunk[index] for index in indices], multiple=SHAPES) for indices in packed]
        return batches
