"""What stands before the application, where a client of tests does not reach: crowds, slow bodies, gone clients."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bran.workflows.serve.guard import BodyLimit, Crowd, is_loopback
from bran.workflows.serve.limits import Limits


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body."""
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


async def never() -> Message:
    """A client that sends nothing."""
    await asyncio.sleep(60)
    raise AssertionError


async def ask(app: ASGIApp, receive: Receive) -> tuple[int, bytes]:
    """Status and body of the answer."""
    sent: list[Any] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "method": "POST", "path": "/", "headers": []}, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def pieces(*bodies: bytes) -> Receive:
    messages = iter(
        {"type": "http.request", "body": body, "more_body": number < len(bodies)}
        for number, body in enumerate(bodies, start=1)
    )

    async def receive() -> Message:
        return next(messages)

    return receive


def test_a_body_comes_through_whole() -> None:
    app = BodyLimit(echo, Limits(body=6))
    assert asyncio.run(ask(app, pieces(b"abc", b"", b"def"))) == (200, b"abcdef")


def test_a_body_of_one_byte_too_many_does_not() -> None:
    status, body = asyncio.run(ask(BodyLimit(echo, Limits(body=6)), pieces(b"abc", b"defg", b"never read")))
    assert (status, json.loads(body)["error"]["code"]) == (413, "too_large")


def test_a_body_that_does_not_come_is_given_up() -> None:
    status, body = asyncio.run(ask(BodyLimit(echo, Limits(seconds=0.02)), never))
    assert (status, json.loads(body)["error"]["code"]) == (408, "too_slow")


def test_a_crowd_is_told_to_come_again() -> None:
    async def main() -> tuple[int, bytes]:
        app = Crowd(BodyLimit(echo, Limits()), 2)
        inside = [asyncio.create_task(ask(app, never)) for _ in range(2)]
        await asyncio.sleep(0.01)
        refused = await ask(app, pieces(b"a"))
        for task in inside:
            task.cancel()
        await asyncio.gather(*inside, return_exceptions=True)
        assert await ask(app, pieces(b"a")) == (200, b"a")
        return refused

    status, body = asyncio.run(main())
    assert (status, json.loads(body)["error"]["code"]) == (503, "busy")


@pytest.mark.parametrize(
    ("host", "local"),
    [("localhost", True), ("127.8.9.1", True), ("::1", True), ("[::1]", True), ("0.0.0.0", False), ("bran", False)],
)
def test_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local
