"""What the model's thread does: several requests in, what is shown of their documents out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from bran.corpus.document import Document
from bran.view.document_data import DocumentData, document_data
from bran.workflows.pipeline import Pipeline
from bran.workflows.report import gold_of


@dataclass(frozen=True, slots=True)
class Job:
    """The documents of a request, and the least score of the relations that it wants."""

    documents: tuple[Document, ...]
    threshold: float


class Extractor:
    """Runs a model over the documents of several requests at once.

    Args:
        pipeline: the model.

    Attributes:
        documents: how many it has read.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.documents = 0

    def __call__(self, jobs: Sequence[Job]) -> list[tuple[DocumentData, ...]]:
        """What is shown of the documents of each job."""
        by_threshold: defaultdict[float, list[int]] = defaultdict(list)
        for number, job in enumerate(jobs):
            by_threshold[job.threshold].append(number)
        results: dict[int, tuple[DocumentData, ...]] = {}
        for threshold, numbers in by_threshold.items():
            documents = (document for number in numbers for document in jobs[number].documents)
            found = self._pipeline.pipe(documents, threshold=threshold)
            for number in numbers:
                predicted = islice(found, len(jobs[number].documents))
                results[number] = tuple(self._shown(jobs[number].documents, predicted))
        return [results[number] for number in range(len(jobs))]

    def _shown(self, given: Sequence[Document], predicted: Iterable[Document]) -> Iterator[DocumentData]:
        """``predicted``, beside the relations that the documents came with, where they have any."""
        gold = gold_of(given, self._pipeline.schema)
        for document in predicted:
            self.documents += 1
            yield document_data(document, judged=gold.of(document) if gold else None)


def use_threads(count: int) -> None:
    """Have what this thread computes run on ``count`` threads; torch keeps that number for each thread by itself."""
    import torch

    torch.set_num_threads(count)
