"""Sockets, and requests that are under way when the server is told to end."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from bran.errors import ConfigError
from bran.view.document_data import DocumentData
from bran.workflows.pipeline import Pipeline
from bran.workflows.serve.app import create_app
from bran.workflows.serve.extractor import Extractor, Job
from bran.workflows.serve.server import bind, url
from tests.serving import TEXT, served


def post(address: str) -> int:
    """The status of the answer to :data:`TEXT`."""
    body = json.dumps({"documents": [{"text": TEXT}]}).encode()
    request = urllib.request.Request(f"{address}/api/extract", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(answer.status)


def test_a_request_under_way_is_answered_before_the_end(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, gate, extract_now = threading.Event(), threading.Event(), Extractor.__call__

    def wait(self: Extractor, jobs: Sequence[Job]) -> list[tuple[DocumentData, ...]]:
        begun.set()
        assert gate.wait(20)
        return extract_now(self, jobs)

    monkeypatch.setattr(Extractor, "__call__", wait)
    with ThreadPoolExecutor(1) as pool:
        with served(create_app(pipeline)) as address:
            answer: Future[int] = pool.submit(post, address)
            assert begun.wait(20)
            threading.Timer(0.3, gate.set).start()  # the server is told to end before that
        assert answer.result(20) == 200


def test_addresses_as_a_browser_takes_them() -> None:
    with bind("127.0.0.1", 0) as bound:
        assert url(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}"
    try:
        bound = bind("::1", 0)
    except ConfigError:
        pytest.skip("this machine has no IPv6")
    with bound:
        assert url(bound) == f"http://[::1]:{bound.getsockname()[1]}"


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("203.0.113.7", 0), ("a" * 300, 0)])
def test_an_address_of_elsewhere_is_one_line(host: str, port: int) -> None:
    with pytest.raises(ConfigError, match=r"expected an address of this machine and a free port$"):
        bind(host, port)
