"""What stands before the application: each class wraps an ASGI application and does one thing."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bran.workflows.serve.limits import Limits
from bran.workflows.serve.refusals import Refusal, busy

CONTENT_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def guarded(app: ASGIApp, limits: Limits, *, local: bool, log: Callable[[str], object] | None) -> ASGIApp:
    """``app`` behind all that stands before it.

    Args:
        app: an ASGI application.
        limits: of requests.
        local: whether only this machine is served; then requests must name it as their host.
        log: takes a line for each request.
    """
    app = BodyLimit(app, limits)
    app = Crowd(app, limits.requests)
    app = LocalHost(app) if local else app
    app = SecureHeaders(app)
    return AccessLog(app, log) if log else app


def is_loopback(host: str) -> bool:
    """Whether ``host`` (a name or an address) is this machine, seen from itself."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class AccessLog:
    """Tells a line of each request: when, who, what, the status, milliseconds."""

    def __init__(self, app: ASGIApp, log: Callable[[str], object]) -> None:
        self._app, self._log = app, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, then tell."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begin, status = time.perf_counter(), "-"

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            # As it came: percent-encoded, so that no path can begin a line of its own.
            path = scope.get("raw_path", b"").decode("ascii", "backslashreplace").partition("?")[0]
            client = (scope.get("client") or ("-",))[0]
            taken = 1000 * (time.perf_counter() - begin)
            self._log(f"{time.strftime('%H:%M:%S')} {client} {scope['method']} {path} {status} {taken:.0f} ms")


class SecureHeaders:
    """Gives every answer the headers that keep a page to itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve with these headers."""

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, adding if scope["type"] == "http" else send)


class LocalHost:
    """Refuses requests that name another host: a page elsewhere whose name was made to point here (DNS rebinding)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what is meant for this machine."""
        if scope["type"] == "http":
            host = Headers(scope=scope).get("host", "")
            name = host if host.endswith("]") else host.rpartition(":")[0] or host
            if not is_loopback(name):
                message = f"host {host[:60]!r}: expected localhost; --host serves other names"
                return await Refusal(421, "wrong_host", message).response()(scope, receive, send)
        await self._app(scope, receive, send)


class Crowd:
    """Refuses requests while too many are under way."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most, self._inside = app, most, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve when there is room."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if self._inside >= self._most:
            refusal = busy(f"{self._most} requests are under way, as many as are taken")
            return await refusal.response()(scope, receive, send)
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1


class BodyLimit:
    """Reads a body before the application does: within a size, within a time."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve with the body that was read."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        try:
            async with asyncio.timeout(self._limits.seconds):
                body = await self._body(scope, receive)
        except Refusal as refusal:
            return await refusal.response()(scope, receive, send)
        except TimeoutError:
            message = f"the body did not come within {self._limits.seconds:g} s"
            return await Refusal(408, "too_slow", message).response()(scope, receive, send)
        await self._app(scope, _replayed(body, receive), send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        stated = Headers(scope=scope).get("content-length", "")
        if stated.isdecimal() and int(stated) > self._limits.body:
            raise self._too_large()
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._limits.body:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> Refusal:
        return Refusal(413, "too_large", f"the body is larger than {self._limits.body} bytes; expected at most as many")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives ``body``, then what comes after it."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> Message:
        return next(messages, None) or await receive()

    return replay
