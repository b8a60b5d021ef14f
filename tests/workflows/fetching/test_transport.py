"""Requests: what they say, how fast they leave, and which are repeated."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bran import __version__
from bran.errors import NetworkError
from bran.workflows.fetching import transport as module
from bran.workflows.fetching.access import Access
from bran.workflows.fetching.transport import Transport
from tests.eutils import Answer, StandIn
from tests.workflows.fetching.conftest import FakeClock

KEY = "0123456789abcdef0123456789abcdef0123"
GOOD = Answer(b"good")


def refuse(body: bytes) -> bytes:
    raise NetworkError("expected better", retry_after=0.0)


@pytest.fixture
def transport(server: StandIn, clock: FakeClock) -> Transport:
    return Transport(Access(server.url, timeout=5), clock=clock, sleep=clock.sleep)


def ask(transport: Transport) -> bytes:
    return transport.ask("efetch", {"id": "7"}, bytes)


def test_a_request_says_who_asks_in_its_body(server: StandIn) -> None:
    server.script = [GOOD]
    transport = Transport(Access(server.url, email="me@example.org", api_key=KEY))
    assert transport.ask("efetch", {"db": "pubmed", "id": "7,8"}, bytes) == b"good"
    (asked,) = server.asked
    assert asked.path == "/eutils/efetch.fcgi"
    said = {"tool": "bran", "email": "me@example.org", "api_key": KEY}
    assert asked.parameters == {"db": "pubmed", "id": "7,8", **said}
    assert asked.agent == f"bran/{__version__}"
    assert transport.requests == 1


@pytest.mark.parametrize(("key", "most"), [(None, 3), (KEY, 10)])
def test_no_second_sees_more_requests_than_it_may(
    server: StandIn, clock: FakeClock, key: str | None, most: int
) -> None:
    server.clock = clock
    server.script = [GOOD] * 25
    transport = Transport(Access(server.url, api_key=key), clock=clock, sleep=clock.sleep)
    for _ in range(25):
        ask(transport)
    times = [asked.at for asked in server.asked]
    assert max(sum(start <= at <= start + 1 for at in times) for start in times) == most


def test_repeated_requests_keep_the_pace(server: StandIn, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF", (0.0,) * 9)
    server.clock = clock
    server.script = [Answer(status=503)] * 9 + [GOOD]
    ask(Transport(Access(server.url), clock=clock, sleep=clock.sleep))
    times = [asked.at for asked in server.asked]
    assert max(sum(start <= at <= start + 1 for at in times) for start in times) == 3


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b'{"error":"API rate limit exceeded"}', status=429),
        Answer(b"oops", status=500),
        Answer(status=502),
        Answer(status=503),
        Answer(status=408),
        Answer(b"go", length=400),
        Answer(b"2\r\ngo\r\n9\r\ncut", headers={"Transfer-Encoding": "chunked"}),
    ],
    ids=["429", "500", "502", "503", "408", "cut", "cut chunks"],
)
def test_what_passes_is_asked_again_after_longer_and_longer_pauses(
    server: StandIn, transport: Transport, clock: FakeClock, answer: Answer
) -> None:
    server.script = [answer, answer, GOOD]
    assert ask(transport) == b"good"
    assert clock.slept[:2] == [1.0, 2.0]
    assert transport.requests == 3


def test_a_wrong_answer_is_asked_again_and_then_told(server: StandIn, transport: Transport, clock: FakeClock) -> None:
    server.script = [Answer(b"<html>\n busy ")] * 4
    with pytest.raises(NetworkError) as error:
        transport.ask("esearch", {}, refuse)
    url = f"{server.url}/esearch.fcgi"
    assert str(error.value) == f"{url}: expected better; it answers '<html> busy'; tried 4 times"
    assert clock.slept == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("header", ["17", " 17 ", "date"])
def test_a_server_that_names_a_pause_gets_it(
    server: StandIn, transport: Transport, clock: FakeClock, header: str
) -> None:
    if header == "date":
        header = format_datetime(datetime.now(UTC) + timedelta(seconds=18), usegmt=True)
    server.script = [Answer(status=429, headers={"Retry-After": header}), GOOD]
    assert ask(transport) == b"good"
    assert clock.slept[0] == pytest.approx(17, abs=1.5)


@pytest.mark.parametrize("header", ["soon", "-3", "Mon, 01 Jan 2001 00:00:00 GMT", "Mon, 99 Jan 2001"])
def test_a_pause_that_says_nothing(server: StandIn, transport: Transport, clock: FakeClock, header: str) -> None:
    server.script = [Answer(status=503, headers={"Retry-After": header}), GOOD]
    assert ask(transport) == b"good"
    assert clock.slept[0] == 1.0


def test_a_pause_that_is_too_long_ends_the_run(server: StandIn, transport: Transport, clock: FakeClock) -> None:
    server.script = [Answer(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(NetworkError, match="asks for a pause of 3600 s, after which the same command goes on"):
        ask(transport)
    assert clock.slept == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"bad\n request", status=400),
        Answer(status=404),
        Answer(status=301, headers={"Location": "http://127.0.0.1:9/"}),
        Answer(status=303, headers={"Location": "/eutils/esearch.fcgi"}),
        Answer(status=204),
    ],
    ids=lambda answer: str(answer.status),
)
def test_a_refusal_is_not_asked_again_and_a_redirection_not_followed(
    server: StandIn, transport: Transport, clock: FakeClock, answer: Answer
) -> None:
    server.script = [answer]
    with pytest.raises(NetworkError, match=f"efetch.fcgi: answers {answer.status} .*; expected 200$"):
        ask(transport)
    assert len(server.asked) == 1
    assert clock.slept == []


@pytest.mark.parametrize("filler", [0, 100, 130, 140, 150, 155, 159])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_answer_that_quotes_the_key_is_told_without_it(
    server: StandIn, clock: FakeClock, status: int, filler: int
) -> None:
    """Also when the key stands where the quotation is cut."""
    body = b'{"error":"API key invalid","api-key":"%s"}' % KEY.encode()
    server.script = [Answer(b"-" * filler + body, status=status)] * 4
    transport = Transport(Access(server.url, api_key=KEY), clock=clock, sleep=clock.sleep)
    with pytest.raises(NetworkError) as error:
        transport.ask("efetch", {}, refuse)
    assert KEY[:4] not in str(error.value).removeprefix(server.url)


@pytest.mark.parametrize("answer", [Answer(b"late", pause=0.6), Answer(b"drop by drop", pieces=12, pause=0.08)])
def test_a_slow_answer_ends_in_time(server: StandIn, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF", ())
    server.script = [answer]
    start = time.monotonic()
    with pytest.raises(NetworkError, match=r"no whole answer within 0\.2 s"):
        ask(Transport(Access(server.url, timeout=0.2)))
    assert time.monotonic() - start < 0.5


def test_a_large_answer_is_not_read_on(server: StandIn, transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ANSWER", 1000)
    server.script = [Answer(b"x" * 1000), Answer(b"x" * 1001)]
    assert len(ask(transport)) == 1000
    with pytest.raises(NetworkError, match="answers with more than 1000 bytes; expected less"):
        ask(transport)


def test_a_server_that_is_not_there(clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    transport = Transport(Access(f"http://127.0.0.1:{port}"), clock=clock, sleep=clock.sleep)
    with pytest.raises(NetworkError) as error:
        ask(transport)
    assert str(error.value) == (
        f"http://127.0.0.1:{port}/efetch.fcgi: cannot be reached (Connection refused); tried 4 times"
    )


def test_a_server_that_speaks_otherwise(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS is asked of one that speaks plain HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setattr(module, "BACKOFF", ())
        transport = Transport(Access(url, timeout=0.3), clock=clock, sleep=clock.sleep)
        with pytest.raises(NetworkError, match=r"no whole answer within|cannot be reached"):
            ask(transport)


def test_this_machine_is_asked_past_a_proxy(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.script = [GOOD]
    assert ask(Transport(Access(server.url))) == b"good"
