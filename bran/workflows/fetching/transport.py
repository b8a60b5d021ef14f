"""One request to the E-utilities: paced, bounded in time and size, and repeated where that may help."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPErrorProcessor, OpenerDirector, ProxyHandler, Request, build_opener

from bran import __version__
from bran.errors import NetworkError
from bran.workflows.fetching.access import TOOL, Access
from bran.workflows.fetching.pace import Pace

BACKOFF = (1.0, 2.0, 4.0)
"""Seconds before a request is repeated, the first time, the second, ..."""

MAX_PAUSE = 120.0
"""Seconds; a server that asks for a longer pause ends the run."""

MAX_ANSWER = 64 * 2**20
"""Bytes; two hundred records with the longest lists of authors stay far below."""

_OK, _TIMED_OUT, _TOO_MANY, _SERVER_ERRORS = 200, 408, 429, 500
_CHUNK = 2**16
_QUOTED = 160

Answer = TypeVar("Answer")


class Transport:
    """Asks a server, within the number of requests that it allows.

    Every request is a POST: long lists of ids fit, and nothing about the user stands in a URL.

    Args:
        access: the server and the one who asks.
        clock: seconds of a clock that never goes back; for the pace and the time limit.
        sleep: waits for some seconds.

    Attributes:
        requests: how many were sent.
    """

    def __init__(
        self,
        access: Access,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.requests = 0
        self._access = access
        self._clock = clock
        self._sleep = sleep
        self._pace = Pace(access.requests_per_second, clock=clock, sleep=sleep)
        self._opener = _opener(access)

    def ask(self, utility: str, parameters: Mapping[str, str], read: Callable[[bytes], Answer]) -> Answer:
        """What ``read`` makes of the answer of a utility.

        Args:
            utility: ``esearch`` or ``efetch``.
            parameters: of the request, without those that say who asks.
            read: reads an answer; raises NetworkError when it is wrong.

        Raises:
            NetworkError: when repeating the request does not help, or did not.
        """
        url = self._access.url(utility)
        body = urlencode({**parameters, **self._access.parameters()}).encode()
        for pause in (*BACKOFF, None):
            self._pace.wait()
            try:
                return self._answer(self._post(url, body), read)
            except NetworkError as error:
                message, retry_after = f"{url}: {error}", error.retry_after
            if retry_after is None:
                break
            if retry_after > MAX_PAUSE:
                message += f"; asks for a pause of {retry_after:.0f} s, after which the same command goes on"
                break
            if pause is None:
                message += f"; tried {len(BACKOFF) + 1} times"
                break
            self._sleep(max(pause, retry_after))
        raise NetworkError(message)

    def _post(self, url: str, body: bytes) -> bytes:
        """The answer to one request; NetworkError says whether asking again may help."""
        request = Request(url, data=body, headers={"User-Agent": f"{TOOL}/{__version__}"}, method="POST")
        self.requests += 1
        end = self._clock() + self._access.timeout
        try:
            with self._opener.open(request, timeout=self._access.timeout) as response:
                answer = self._read(response, end)
        except (OSError, http.client.HTTPException) as error:
            raise self._failed(error) from None
        if response.status != _OK:
            raise self._refused(response, answer)
        return answer

    def _read(self, response: http.client.HTTPResponse, end: float) -> bytes:
        """The body, in the pieces in which it comes, so that a slow one ends in time."""
        body = bytearray()
        while piece := response.read1(_CHUNK):
            body += piece
            if len(body) > MAX_ANSWER:
                raise NetworkError(f"answers with more than {MAX_ANSWER} bytes; expected less")
            if self._clock() > end:
                raise TimeoutError
        if response.length:
            raise http.client.IncompleteRead(bytes(body), response.length)
        return bytes(body)

    def _answer(self, body: bytes, read: Callable[[bytes], Answer]) -> Answer:
        """What ``read`` makes of ``body``; where it is wrong, the error says how it begins."""
        try:
            return read(body)
        except NetworkError as error:
            raise NetworkError(f"{error}; it answers {self._quote(body)}", retry_after=error.retry_after) from None

    def _failed(self, error: Exception) -> NetworkError:
        """What a connection that failed says."""
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, TimeoutError):
            return NetworkError(f"no whole answer within {self._access.timeout:g} s", retry_after=0.0)
        if isinstance(reason, http.client.IncompleteRead):
            return NetworkError(f"the answer is cut after {len(reason.partial)} bytes", retry_after=0.0)
        said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        untrusted = isinstance(reason, ssl.SSLCertVerificationError)
        return NetworkError(f"cannot be reached ({said})", retry_after=None if untrusted else 0.0)

    def _refused(self, response: http.client.HTTPResponse, answer: bytes) -> NetworkError:
        """What an answer with another status than 200 says."""
        message = f"answers {response.status} {response.reason}: {self._quote(answer)}; expected 200"
        if response.status in {_TIMED_OUT, _TOO_MANY} or response.status >= _SERVER_ERRORS:
            return NetworkError(message, retry_after=_seconds(response.headers.get("Retry-After")))
        return NetworkError(message)

    def _quote(self, body: bytes) -> str:
        """How ``body`` begins, without the API key: NCBI's answer to a wrong one quotes it."""
        text = self._access.redact(body[:_CHUNK].decode("utf-8", "replace"))
        return repr(" ".join(text.split())[:_QUOTED])


class _AnyStatus(HTTPErrorProcessor):
    """Hands every answer on as it is: a redirection is not followed, so that no other server learns who asks."""

    def http_response(self, request: Request, response: http.client.HTTPResponse) -> http.client.HTTPResponse:
        return response

    https_response = http_response


def _opener(access: Access) -> OpenerDirector:
    """What opens URLs: this machine past any proxy, others as the environment says."""
    return build_opener(_AnyStatus, *([ProxyHandler({})] if access.is_local else []))


def _seconds(retry_after: str | None) -> float:
    """The pause that a ``Retry-After`` header asks for, in seconds or as a date; 0 when it asks for none."""
    if retry_after is None:
        return 0.0
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return 0.0
