"""What a DocBin packs, checked and decoded: zlib over msgpack over a matrix of hashes and the strings they stand for.

The layout is told in ``spacy/tokens/_serialize.py``. It is decoded here, not by spaCy, so that what comes from
anywhere is checked before use, can be left out document by document, and fills no vocabulary. There is no
pickle in it, and msgpack is read without the hooks that make arrays of what it holds.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from bran.corpus.readers.docbin_format import DocEntity
from bran.errors import FormatError

MAX_BYTES = 2 << 30
"""Most that a file may unpack to."""

_INSIDE, _BEGIN = 1, 3
"""Values of ``ENT_IOB``."""


class _Packed(BaseModel):
    """The mapping that is packed; ``flags`` and ``user_data`` have an item for each document, or none."""

    model_config = ConfigDict(extra="ignore", strict=True)

    attrs: tuple[int, ...]
    tokens: bytes
    spaces: bytes
    lengths: bytes
    strings: tuple[str, ...]
    flags: tuple[dict[Any, Any], ...] = ()
    user_data: tuple[bytes | None, ...] = ()


class DocBinContent:
    """The documents of a DocBin, by their index.

    Args:
        data: a whole ``.spacy`` file.

    Raises:
        FormatError: when it is none, is damaged, or unpacks to more than :data:`MAX_BYTES`.
    """

    def __init__(self, data: bytes) -> None:
        from spacy.strings import StringStore

        self._packed = _packed(data)
        store = StringStore()
        self._strings = {store.add(string): string for string in self._packed.strings} | {0: ""}
        self._columns = _columns(self._packed.attrs)
        try:
            tokens: NDArray[np.uint64] = np.frombuffer(self._packed.tokens, dtype=np.uint64)
            self._tokens = tokens.reshape(-1, len(self._packed.attrs))
            lengths = np.frombuffer(self._packed.lengths, dtype=np.int32)
        except ValueError as error:
            raise FormatError(f"{error}; expected a whole DocBin") from None
        self._ends = np.cumsum(lengths, dtype=np.int64)
        total = int(self._ends[-1]) if len(lengths) else 0
        if (lengths < 0).any() or not total == len(self._tokens) == len(self._packed.spaces):
            message = (
                f"documents of {total} tokens in all, {len(self._tokens)} tokens, {len(self._packed.spaces)} spaces"
            )
            raise FormatError(f"{message}; expected as many of each")

    def __len__(self) -> int:
        return len(self._ends)

    def text(self, index: int) -> tuple[str, list[DocEntity]]:
        """The text of a document, and its entities.

        Raises:
            FormatError: when a hash stands for no string.
        """
        end = int(self._ends[index])
        begin = int(self._ends[index - 1]) if index else 0
        tokens = self._tokens[begin:end]
        words = [self._string(value) for value in tokens[:, self._columns["ORTH"]].tolist()]
        unknown = index < len(self._packed.flags) and self._packed.flags[index].get("has_unknown_spaces")
        spaces = b"\1" * (len(words) - 1) + b"\0" if unknown else self._packed.spaces[begin:end]
        pieces = [word + " " * bool(space) for word, space in zip(words, spaces, strict=False)]
        return "".join(pieces), self._entities(tokens, words, pieces)

    def user_data(self, index: int) -> dict[Any, Any]:
        """What stands in ``doc.user_data``; empty when nothing was kept.

        Raises:
            FormatError: when it is no msgpack mapping.
        """
        packed = self._packed.user_data[index] if index < len(self._packed.user_data) else None
        data = _unpacked(packed, "user data") if packed is not None else {}
        if not isinstance(data, dict):
            raise FormatError(f"user data is a {type(data).__name__}; expected a mapping")
        return data

    def _string(self, value: int) -> str:
        if value not in self._strings:
            raise FormatError(f"hash {value} stands for no string; expected one of {len(self._strings)}")
        return self._strings[value]

    def _entities(self, tokens: NDArray[np.uint64], words: list[str], pieces: list[str]) -> list[DocEntity]:
        if not {"ENT_IOB", "ENT_TYPE"} <= self._columns.keys():
            return []
        starts = np.cumsum([0, *map(len, pieces)]).tolist()
        marks = tokens[:, self._columns["ENT_IOB"]].tolist()
        labels = tokens[:, self._columns["ENT_TYPE"]].tolist()
        found: list[DocEntity] = []
        for index, (mark, label) in enumerate(zip(marks, labels, strict=True)):
            end = starts[index] + len(words[index])
            if mark == _BEGIN and label and words[index]:
                found.append(DocEntity(starts[index], end, self._string(label), self._concepts(tokens[index])))
            elif mark == _INSIDE and found and marks[index - 1] in (_BEGIN, _INSIDE):
                found[-1] = found[-1]._replace(end=end)
        return found

    def _concepts(self, token: NDArray[np.uint64]) -> str:
        columns = (self._columns.get(name) for name in ("ENT_KB_ID", "ENT_ID"))
        ids = (self._string(int(token[column])) for column in columns if column is not None)
        return next(filter(None, ids), "")


def _packed(data: bytes) -> _Packed:
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise FormatError(f"cannot be unpacked ({error}); expected a DocBin") from None
    if not unpacker.eof:
        expected = f"at most {MAX_BYTES} bytes" if len(content) == MAX_BYTES else "a whole DocBin"
        raise FormatError(f"breaks off after {len(content)} unpacked bytes; expected {expected}")
    try:
        return _Packed.model_validate(_unpacked(content, "the content"))
    except ValidationError as error:
        first = error.errors()[0]
        raise FormatError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}; expected a DocBin") from None


def _unpacked(data: bytes, what: str) -> Any:
    """``data`` from msgpack; mappings are plain, whatever they say of themselves."""
    from srsly import msgpack

    try:
        return msgpack.loads(data, raw=False, use_list=False, object_pairs_hook=dict)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise FormatError(f"{what} cannot be unpacked ({error}); expected msgpack") from None


def _columns(attributes: tuple[int, ...]) -> dict[str, int]:
    """The column of each token attribute that is read, by its name."""
    from spacy.attrs import IDS

    names = ("ORTH", "ENT_IOB", "ENT_TYPE", "ENT_KB_ID", "ENT_ID")
    columns = {name: attributes.index(IDS[name]) for name in names if IDS[name] in attributes}
    if "ORTH" not in columns:
        raise FormatError(f"token attributes {attributes[:20]}; expected {IDS['ORTH']} (ORTH) among them")
    return columns
