"""Data in a page: JSON, compressed, in blocks that the page unpacks when it needs them."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator

from bran.view.document_data import DocumentData

BLOCK = 32
"""Documents of a block: unpacked in a few milliseconds, and large enough to be compressed well."""


def pack(json: str) -> str:
    """``json`` in characters that mean nothing to HTML; the same for the same text."""
    return base64.b64encode(gzip.compress(json.encode("utf-8"), compresslevel=6, mtime=0)).decode("ascii")


def unpack(packed: str) -> str:
    """What :func:`pack` was given."""
    return gzip.decompress(base64.b64decode(packed)).decode("utf-8")


class Blocks:
    """Documents, packed as they come."""

    def __init__(self) -> None:
        self._packed: list[str] = []
        self._open: list[str] = []

    def add(self, data: DocumentData) -> None:
        """Append a document."""
        self._open.append(data.model_dump_json())
        if len(self._open) == BLOCK:
            self._close()

    def packed(self) -> Iterator[str]:
        """Every block: a packed JSON array of ``BLOCK`` documents, the last of them of what is left."""
        yield from self._packed
        if self._open:
            yield pack(f"[{','.join(self._open)}]")

    def _close(self) -> None:
        self._packed.append(pack(f"[{','.join(self._open)}]"))
        self._open = []
