from __future__ import annotations

import pytest

from bran.corpus.document import Document, Passage
from bran.encoding.shapes import SHAPE_VALUES, shapes
from bran.encoding.subwords import SubwordConfig, Subwords


def shapes_of(text: str, vocabulary: int = 64) -> dict[str, int]:
    """The shape of each subword, by what it covers; of equal ones the last."""
    subwords = Subwords.learn(["velorin Velorin VELORIN vEL"], SubwordConfig(vocabulary=vocabulary, min_frequency=1))
    (sequence,) = subwords.encode([Document("1", (Passage("title", text),))])
    pieces = [text[start:end] for start, end in zip(sequence.starts, sequence.ends, strict=True)]
    return dict(zip(pieces, shapes(text, sequence).tolist(), strict=True))


def test_ways_to_write_the_same_letters_differ():
    kinds = [shapes_of(text)[text] for text in ("velorin", "Velorin", "VELORIN", "veLorin")]
    assert len(set(kinds)) == 4


def test_digits_letters_and_signs_differ():
    kinds = [shapes_of(text)[text] for text in ("1", "v", "V", "-", "é")]
    assert len(set(kinds[:4])) == 4
    assert kinds[4] == kinds[1]


def test_the_start_of_a_word_differs_from_its_middle():
    inside, alone = shapes_of("e1"), shapes_of("e 1")
    assert inside["1"] != alone["1"]
    assert inside["e"] == alone["e"]


@pytest.mark.parametrize("text", ["Velorin (5-FU), 日本 İİ ½ ﬁ \u0301 \x00", "!", "\ud800"])
def test_every_shape_is_within_the_table(text: str):
    assert all(0 < shape < SHAPE_VALUES for shape in shapes_of(text).values())
