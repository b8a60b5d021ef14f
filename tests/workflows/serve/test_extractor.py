"""Requests of several thresholds in one batch get what each of them would get alone."""

from __future__ import annotations

import threading

import pytest

from bran.workflows.pipeline import Pipeline, as_document
from bran.workflows.serve.extractor import Extractor, Job, use_threads

TEXTS = ["Velorin induced tremor.", "Brinol against gout and rash.", "No adverse event.", "Kelvane and tremor."]


@pytest.fixture(scope="module")
def middle(pipeline: Pipeline) -> float:
    """A score that one of the two relations of the second text reaches."""
    low, high = sorted(relation.score or 0.0 for relation in pipeline(TEXTS[1]).relations)
    return (low + high) / 2


def test_a_batch_gives_each_job_what_it_would_get_alone(pipeline: Pipeline, middle: float) -> None:
    first, second, third, fourth = map(as_document, TEXTS)
    jobs = [Job((first, second), 0.0), Job((third,), middle), Job((fourth, first), 0.0), Job((second,), middle)]
    extractor = Extractor(pipeline)
    together = extractor(jobs)
    assert extractor.documents == 6
    alone = [Extractor(pipeline)([job])[0] for job in jobs]
    assert [[d.id for d in docs] for docs in together] == [[d.id for d in job.documents] for job in jobs]
    for one, other in zip(together, alone, strict=True):
        for document, same in zip(one, other, strict=True):
            assert [(r.head, r.tail) for r in document.relations] == [(r.head, r.tail) for r in same.relations]
            assert [r.score for r in document.relations] == pytest.approx([r.score for r in same.relations], abs=2e-6)
    assert len(together[3][0].relations) < len(together[0][1].relations)


def test_threads_are_those_of_the_thread() -> None:
    import torch

    before = torch.get_num_threads()
    inside: list[int] = []

    def run() -> None:
        use_threads(3)
        inside.append(torch.get_num_threads())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert inside == [3]
    torch.set_num_threads(before)
