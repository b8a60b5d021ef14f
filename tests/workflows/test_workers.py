"""Work spread over processes. Starting one takes seconds: most of what can go wrong is tested on the same few."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest

from bran.corpus.document import Document
from bran.errors import BranError, FormatError, ModelError
from bran.workflows.workers import process_documents
from tests.builders import document
from tests.working import Marking


def documents(count: int, *, trouble: int | None = None) -> Iterator[Document]:
    for number in range(count):
        yield document("trouble" if number == trouble else str(number), "Velorin.")


def test_one_worker_is_this_process_and_reads_as_it_goes() -> None:
    read = itertools.count()
    endless = (document(str(next(read)), "Velorin.") for _ in itertools.repeat(None))
    stream = process_documents(endless, Marking(), workers=1)
    first = next(stream)
    assert first.meta["process"] == os.getpid()
    assert next(stream).id == "1"
    assert next(read) == 2


def test_one_worker_raises_what_is_raised() -> None:
    with pytest.raises(FormatError, match=r"notes\.txt:7 \(document trouble\)"):
        list(process_documents(documents(3, trouble=1), Marking(trouble="raise")))
    with pytest.raises(ModelError):
        list(process_documents(documents(3), Marking(broken=True)))


def test_workers_keep_the_order_read_little_ahead_and_raise_what_is_raised() -> None:
    read = itertools.count()
    source = (doc for doc in documents(10_000, trouble=60) if next(read) >= 0)
    stream = process_documents(source, Marking(trouble="raise"), workers=2, chunk=5)
    processes = set()
    for number in range(60):
        found = next(stream)
        assert found.id == str(number)
        processes.add(found.meta["process"])
    taken = next(read)
    assert taken <= 55 + 2 * 2 * 5 + 1  # the chunk that is handed out, and two for each worker
    assert os.getpid() not in processes
    assert len(processes) <= 2
    with pytest.raises(FormatError) as caught:
        next(stream)
    assert str(caught.value) == "notes.txt:7 (document trouble): holds what it must not"
    assert (caught.value.place.line, caught.value.message) == (7, "holds what it must not")
    assert next(read) <= taken + 12


def test_a_worker_that_cannot_be_set_up_says_why() -> None:
    with pytest.raises(ModelError, match=r"^model\.json: not a model folder$"):
        list(process_documents(documents(3), Marking(broken=True), workers=2))


def test_a_worker_that_dies_is_one_clear_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BranError, match=r"^a worker process died, as one does for want of memory; try fewer workers$"):
        list(process_documents(documents(20, trouble=7), Marking(trouble="die"), workers=2, chunk=2))
    assert capfd.readouterr().err == ""
