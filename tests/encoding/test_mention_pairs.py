from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.corpus.document import Document
from bran.encoding.examples import Example
from bran.encoding.mention_pairs import nearest, within_sentences
from tests.builders import document, documents, encoder, several_types_documents, several_types_schema

TEXT = (
    "{Velorin|Chemical|MESH:C1} helps. "
    "{Pain|Disease|MESH:D2} came after {brinol|Chemical|MESH:C3}, not {velorin|Chemical|MESH:C1}."
)


def mention_pairs(example: Example) -> dict[tuple[str, str], set[tuple[int, int]]]:
    """First characters of the mentions whose token pairs are scored, by head and tail."""
    scored: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for window in example.windows:
        for row, column in zip(*(window.pairs >= 0).nonzero(), strict=True):
            pair = example.pairs[window.pairs[row, column]]
            head, tail = window.head_mentions[row], window.tail_mentions[column]
            starts = example.mentions[head].start, example.mentions[tail].start
            scored.setdefault((pair.head.id, pair.tail.id), set()).add(starts)
    return scored


def encoded(doc: Document, mention_pairs: str) -> Example:
    return encoder(mention_pairs=mention_pairs)([doc])[0]


def test_the_nearest_mentions_alone_are_scored():
    doc = document("1", TEXT)
    assert mention_pairs(encoded(doc, "all"))["MESH:C1", "MESH:D2"] == {(0, 15), (43, 15)}
    assert mention_pairs(encoded(doc, "nearest")) == {
        ("MESH:C1", "MESH:D2"): {(0, 15)},
        ("MESH:C3", "MESH:D2"): {(31, 15)},
    }


def test_mentions_in_one_sentence_alone_are_scored():
    example = encoded(document("1", TEXT), "sentence")
    assert mention_pairs(example) == {("MESH:C1", "MESH:D2"): {(43, 15)}, ("MESH:C3", "MESH:D2"): {(31, 15)}}
    assert example.uncovered == ()


def test_entities_that_never_share_a_sentence_are_uncovered():
    (example, *_) = encoder(mention_pairs="sentence")(documents())
    assert [(pair.head.id, pair.tail.id) for pair in example.pairs] == [("MESH:C1", "MESH:D1")]
    assert [(pair.head.id, pair.tail.id) for pair in example.uncovered] == [("MESH:C1", "MESH:D2")]
    assert len(example.labels) == len(example.features) == len(example.weights) == 1


def test_of_equally_near_mentions_the_first_is_scored():
    doc = document("1", "{gout|Disease|MESH:D3} {velorin|Chemical|MESH:C1} {gout|Disease|MESH:D3}")
    assert mention_pairs(encoded(doc, "nearest")) == {("MESH:C1", "MESH:D3"): {(5, 0)}}


@pytest.mark.parametrize("kind", ["nearest", "sentence"])
def test_what_is_scored_is_part_of_all(kind: str):
    schema = several_types_schema()
    for every, some in zip(
        encoder(schema)(several_types_documents()),
        encoder(schema, mention_pairs=kind)(several_types_documents()),
        strict=True,
    ):
        assert {*some.pairs, *some.uncovered} == {*every.pairs}
        pairs = mention_pairs(every)
        assert all(starts <= pairs[names] for names, starts in mention_pairs(some).items())
        if kind == "nearest":
            assert all(len(starts) == 1 for starts in mention_pairs(some).values())


def test_what_no_window_holds_is_not_the_nearest():
    doc = documents()[0]
    example = encoder(mention_pairs="nearest", window=12, overlap=4)([doc])[0]
    assert len(example.windows) > 1
    pairs = mention_pairs(encoder(window=12, overlap=4)([doc])[0])
    assert mention_pairs(example).keys() == pairs.keys()
    assert all(len(starts) == 1 and starts <= pairs[names] for names, starts in mention_pairs(example).items())


def test_nothing_is_nearest_to_nothing():
    empty, none = np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.int64)
    assert nearest(np.zeros((0, 0), dtype=np.int64), none, none, empty).shape == (0, 0)
    assert nearest(np.full((1, 1), -1), np.array([0]), np.array([0]), np.array([[0, 1]])).tolist() == [[-1]]
    assert encoded(document("1", "{gout|Disease|MESH:D3}"), "nearest").pairs == ()


@settings(max_examples=60)
@given(st.data())
def test_nearest_by_its_definition(data: st.DataObject):
    size = data.draw(st.integers(1, 5))
    starts = sorted(data.draw(st.lists(st.integers(0, 12), min_size=size, max_size=size)))
    bounds = np.array([(start, start + data.draw(st.integers(1, 3))) for start in starts])
    heads, tails = (np.array(data.draw(st.lists(st.integers(0, size - 1), max_size=5)), dtype=int) for _ in range(2))
    entity = np.array(data.draw(st.lists(st.integers(-1, 1), min_size=size * size, max_size=size * size)))
    table = entity.reshape(size, size)[heads][:, tails]  # by mentions, so that a mention pair is of one entity pair
    result = nearest(table, heads, tails, bounds)
    assert ((result == table) | (result == -1)).all()

    def rank(row: int, column: int) -> tuple[int, int, int]:
        (a, b), (c, d) = bounds[heads[row]], bounds[tails[column]]
        return max(0, c - b, a - d), heads[row], tails[column]

    for pair in {*table[table >= 0].tolist()}:
        best = min(rank(row, column) for row, column in zip(*(table == pair).nonzero(), strict=True))
        kept = {rank(row, column) for row, column in zip(*(result == pair).nonzero(), strict=True)}
        assert kept == {best}


def test_sentences_by_hand():
    table = np.array([[0, 1, -1], [2, 0, 1]])
    assert within_sentences(table, np.array([0, 1]), np.array([0, 1, 1])).tolist() == [[0, -1, -1], [-1, 0, 1]]
