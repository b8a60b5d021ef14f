"""Errors of the API: one form, one line, no trace."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bran.errors import BranError
from bran.workflows.serve.messages import ErrorAnswer, ErrorDetail

_CLIP = 60
_HINTS = {405: "this address does not take that method", 404: "there is nothing under this address"}


class Refusal(Exception):
    """A request that is not answered as it wishes.

    Args:
        status: of HTTP.
        code: one word for programs.
        message: one line for people.
        retry: whether the same request may succeed a little later.
    """

    def __init__(self, status: int, code: str, message: str, *, retry: bool = False) -> None:
        self.status, self.code, self.message, self.retry = status, code, message, retry
        super().__init__(message)

    def response(self) -> Response:
        """The answer that says so."""
        return error_response(self.status, self.code, self.message, headers={"Retry-After": "1"} if self.retry else {})


def busy(what: str) -> Refusal:
    """More requests than are worked off."""
    return Refusal(503, "busy", f"{what}; try again in a second", retry=True)


def error_response(status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """An error in the form that all of them have."""
    answer = ErrorAnswer(error=ErrorDetail(code=code, message=" ".join(message.split())))
    return Response(answer.model_dump_json(), status, headers=dict(headers or {}), media_type="application/json")


def add_handlers(app: FastAPI) -> None:
    """Have ``app`` give every error that form."""

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> Response:
        return error.response()

    @app.exception_handler(BranError)
    async def wrong(request: Request, error: BranError) -> Response:
        return error_response(422, "invalid", str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return error_response(400, "not_json", f"the body is not JSON: {first['ctx']['error']}; expected an object")
        kind = request.headers.get("content-type", "")
        if first["loc"] == ("body",) and "json" not in kind:
            return error_response(422, "invalid", f"the body: Content-Type {kind!r}; expected application/json")
        return error_response(422, "invalid", _explained(first))

    @app.exception_handler(HTTPException)
    async def failed(request: Request, error: HTTPException) -> Response:
        if error.status_code == 400:  # FastAPI's word for a body that it cannot read
            return error_response(400, "not_json", "the body is not JSON in UTF-8; expected an object")
        phrase = HTTPStatus(error.status_code).phrase
        message = _HINTS.get(error.status_code, phrase)
        code = phrase.lower().replace(" ", "_")
        return error_response(error.status_code, code, message, headers=error.headers)

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> Response:
        return error_response(500, "fault", "a fault in bran; the terminal of the server has more")


def _explained(error: Any) -> str:
    """A validation error as one line: where, what, which value."""
    where = ".".join(str(part) for part in error["loc"] if part != "body") or "the body"
    found = repr(error["input"]) if isinstance(error["input"], str | int | float | None) else "what stands there"
    clipped = found if len(found) <= _CLIP else f"{found[: _CLIP - 1]}…"
    return f"{where}: {error['msg'].removeprefix('Value error, ')}; found {clipped}"
