"""The relation stage over documents in memory: as users call it, and cut into its parts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import torch

from benchmarks.timing import Clock, timed
from bran.corpus.document import Document
from bran.encoding.batches import Batch, collate, pack
from bran.encoding.examples import Example
from bran.encoding.subwords import Subwords
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel
from bran.nn.devices import Precision, autocast


class RelationStage:
    """Runs a model over the same documents again and again, as if it had never seen them.

    Each run has a vocabulary without a memory of words but those of ``others``, documents of which nothing is
    computed yet, and another order of them, so that batches have other shapes than before.

    Args:
        model: what is measured, on the CPU.
        documents: what it is measured on.
        others: documents that are read before, as a stream of documents has others before.
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
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "subwords.json"
            model.subwords.save(path)
            self._vocabulary = path.read_bytes()

    def whole(self, clock: Clock) -> dict[str, float]:
        """Seconds from documents to documents with relations."""
        predictor, documents = self._fresh()
        seconds, _ = timed(clock, lambda: list(predictor.predict(documents)))
        return {"stage": seconds}

    def parts(self, clock: Clock) -> dict[str, float]:
        """Seconds of each part; what they leave of :meth:`whole` is decoding, and the predictor itself."""
        predictor, documents = self._fresh()
        encoder, network = predictor.model.encoder, predictor.model.network
        subwords, _ = timed(clock, lambda: predictor.model.subwords.encode([replace(doc) for doc in documents]))
        examples, encoded = timed(clock, lambda: encoder(documents))
        collating, batches = timed(clock, lambda: list(self._batches(predictor, encoded)))
        with torch.inference_mode(), autocast(predictor.device, self.precision):
            encoding, vectors = timed(clock, lambda: [network.encode(batch) for batch in batches])
            pairs = list(zip(vectors, batches, strict=True))
            scoring, _ = timed(clock, lambda: [network.scorer(vector, batch) for vector, batch in pairs])
        return {
            "subwords": subwords,
            "examples": examples - subwords,
            "collate": collating,
            "encoder": encoding,
            "scorer": scoring,
        }

    def examples(self) -> list[Example]:
        """The documents, encoded."""
        return self.model.encoder(self.documents)

    def batches(self) -> list[Batch]:
        """The batches that the predictor makes of the documents in their order."""
        return list(self._batches(self._predictor(self.model), self.examples()))

    def _fresh(self) -> tuple[Predictor, list[Document]]:
        with tempfile.NamedTemporaryFile(suffix=".json") as stream:
            stream.write(self._vocabulary)
            stream.flush()
            subwords = Subwords.load(Path(stream.name))
        model = TrainedModel(self.model.description, subwords, self.model.network)
        model.encoder([replace(document) for document in self.others])
        documents = self._random.sample(self.documents, len(self.documents))
        return self._predictor(model), [replace(document) for document in documents]

    def _predictor(self, model: TrainedModel) -> Predictor:
        return Predictor(model, precision=self.precision)

    @staticmethod
    def _batches(predictor: Predictor, examples: Sequence[Example]) -> Iterator[Batch]:
        for start in range(0, len(examples), predictor.chunk):
            chunk = [example for example in examples[start : start + predictor.chunk] if example.pairs]
            for indices in pack(chunk, max_tokens=predictor.max_tokens):
                yield collate([chunk[index] for index in indices])
