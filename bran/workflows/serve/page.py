"""The page and what it loads: files that ship with the package, and no others."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response

from bran.workflows.serve.refusals import Refusal

_FOLDERS = ("serve", "view")
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


class Page:
    """Answers with the page, and with its styles and scripts under ``/assets``.

    All are read once: what a request names is looked up among them, and is never a path.
    """

    def __init__(self) -> None:
        self._files = {
            f"{folder}/{file.name}": (file.read_bytes(), _TYPES[_suffix(file)])
            for folder in _FOLDERS
            for file in (resources.files("bran.assets") / folder).iterdir()
            if _suffix(file) in _TYPES
        }

    async def index(self) -> Response:
        """The page."""
        return self._response("serve/index.html")

    async def asset(self, request: Request) -> Response:
        """A style or a script."""
        return self._response(request.path_params["name"])

    def _response(self, name: str) -> Response:
        if name not in self._files:
            raise Refusal(404, "not_found", "there is nothing under this address")
        content, media_type = self._files[name]
        return Response(content, media_type=media_type)


def _suffix(file: Traversable) -> str:
    return file.name[file.name.rfind(".") :]
