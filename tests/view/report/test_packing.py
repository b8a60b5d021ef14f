"""Packed blocks come back as they were, and mean nothing to HTML."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from bran.corpus.document import Document, Passage
from bran.view.document_data import document_data
from bran.view.report.packing import BLOCK, Blocks, pack, unpack


@given(st.text())
def test_what_is_packed_comes_back(text: str) -> None:
    packed = pack(text)
    assert unpack(packed) == text
    assert packed == pack(text)
    assert re.fullmatch(r"[A-Za-z0-9+/=]*", packed)


def test_documents_come_in_blocks() -> None:
    blocks = Blocks()
    for number in range(2 * BLOCK + 1):
        blocks.add(document_data(Document(str(number), (Passage("title", "Nothing."),))))
    found = [[document["id"] for document in json.loads(unpack(packed))] for packed in blocks.packed()]
    assert list(map(len, found)) == [BLOCK, BLOCK, 1]
    assert [id_ for block in found for id_ in block] == list(map(str, range(2 * BLOCK + 1)))


def test_no_document_no_block() -> None:
    assert list(Blocks().packed()) == []
