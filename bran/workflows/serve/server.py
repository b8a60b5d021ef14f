"""Runs the application on a socket until it is told to stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from bran.errors import ConfigError

_GRACE = 10
"""Seconds that requests under way get when the server is to end."""
_KEEP_ALIVE = 15
_HEADER_BYTES = 16_384


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens on ``host`` and ``port``; port 0 takes any that is free.

    Raises:
        ConfigError: when that is not possible, as on a port that is in use.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=1024)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{host}:{port}: {reason}; expected an address of this machine and a free port") from None


def url(bound: socket.socket) -> str:
    """The address of a socket as a browser takes it."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(app: ASGIApp, bound: socket.socket, *, started: Callable[[], object] = lambda: None) -> None:
    """Serve ``app`` until SIGTERM or SIGINT; requests under way are answered, then this returns.

    Args:
        app: an ASGI application.
        bound: the socket to serve on; closed at the end.
        started: called when requests are taken.
    """
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,  # what goes wrong is told on stderr, as Python's logging does unasked
            access_log=False,
            server_header=False,
            ws="none",
            loop="asyncio",
            http="h11",
            lifespan="on",
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_GRACE,
            h11_max_incomplete_event_size=_HEADER_BYTES,
        ),
        started,
    )
    # uvicorn raises the signal that ended it again, for whoever handled it before: here there is no more to do.
    earlier = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with bound:
            server.run(sockets=[bound])
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


class _Server(uvicorn.Server):
    """Tells when it has started."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], object]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell()
