"""One file of arrays and what they mean: safetensors, whose metadata hold one entry of JSON."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from bran.errors import ModelError
from bran.files import atomic_write_binary
from bran.wording import one_line

_DIGITS = 12


class Packed(ABC):
    """What is kept in such a file, and named by its bytes."""

    @cached_property
    def hash(self) -> str:
        """Twelve hexadecimal digits that name the content."""
        return hashlib.sha256(self._bytes()).hexdigest()[:_DIGITS]

    def save(self, path: Path) -> None:
        """Write the file ``path``; the same bytes for the same content."""
        with atomic_write_binary(path) as stream:
            stream.write(self._bytes())

    @abstractmethod
    def _bytes(self) -> bytes:
        """The file, as :func:`pack` makes it."""


def pack(arrays: Mapping[str, NDArray[Any]], *, entry: str, said: object) -> bytes:
    """The bytes of a file.

    Args:
        arrays: by name.
        entry: what the entry beside them is called. There is one alone: of several, the order is not always the same.
        said: its content, of what JSON has.
    """
    data: bytes = save(dict(arrays), metadata={entry: json.dumps(said)})
    return data


@contextmanager
def unpacked(path: Path, *, entry: str, writer: str) -> Iterator[tuple[Any, Callable[[str], NDArray[Any]]]]:
    """What the entry of the file at ``path`` says, and a function that reads the array of a name.

    Args:
        path: of the file.
        entry: as :func:`pack` was told.
        writer: the command that writes such files.

    Raises:
        ModelError: when the file is missing or damaged; also for what the ``with`` block finds missing or wrong in it.
    """
    try:
        with safe_open(path, framework="np") as file:
            yield json.loads(file.metadata()[entry]), file.get_tensor
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        reason = one_line(error, most=200)
        raise ModelError(f"{path}: cannot be read ({reason}); expected what `{writer}` writes") from None
