from __future__ import annotations

import numpy as np
import pytest

from bran.encoding.batches import collate
from bran.encoding.layout import FAR, LAYOUTS, Places
from tests.builders import document, encoder, sentence_starts

TITLE = "{Brinol|Chemical|MESH:C3} and {gout|Disease|MESH:D3}."
ABSTRACT = (
    "Then {rash|Disease|MESH:D5}. {Velorin|Chemical|MESH:C1} was taken. We saw it. It was odd. "
    "No {pain|Disease|MESH:D2}."
)


def layout(apart: int, head_in_title: bool, tail_in_title: bool, head_first: bool) -> int:
    return ((apart * 2 + head_in_title) * 2 + tail_in_title) * 2 + head_first


@pytest.mark.parametrize(
    ("head", "tail", "expected"),
    [
        (0, 1, layout(0, True, True, True)),
        (0, 2, layout(1, True, False, True)),
        (3, 2, layout(1, False, False, False)),
        (3, 1, layout(2, False, True, False)),
        (3, 4, layout(FAR, False, False, True)),
        (0, 4, layout(FAR, True, False, True)),
        (4, 0, layout(FAR, False, True, False)),
    ],
)
def test_layouts_by_hand(head: int, tail: int, expected: int):
    doc = document("1", TITLE, ABSTRACT)
    places = Places.of(doc, doc.mentions, sentence_starts(doc))
    assert places.layouts(np.array([head]), np.array([tail])).tolist() == [[expected]]


def test_every_layout_has_a_number_of_its_own():
    numbers = {
        layout(apart, head, tail, first)
        for apart in range(FAR + 1)
        for head in (False, True)
        for tail in (False, True)
        for first in (False, True)
    }
    assert numbers == set(range(LAYOUTS))


def test_a_batch_has_the_layout_of_each_token_pair():
    doc = document("1", TITLE, ABSTRACT)
    (example,) = encoder()([doc])
    (window,) = example.windows
    places = Places.of(doc, example.mentions, sentence_starts(doc))
    batch = collate([example])
    for row, head in enumerate(window.head_mentions):
        for column, tail in enumerate(window.tail_mentions):
            assert batch.layouts[0, row, column] == places.layouts(head[None], tail[None]).item()


def test_white_space_before_the_first_sentence_belongs_to_it():
    doc = document("1", "{ rash|Disease|MESH:D5} after {brinol|Chemical|MESH:C3}.", "It went.")
    places = Places.of(doc, doc.mentions, sentence_starts(doc))
    assert places.sentence.tolist() == [0, 0]
