from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bran.corpus.document import Document, Mention, Passage
from bran.encoding.subwords import SubwordConfig, Subwords
from bran.encoding.windows import Span, assign, cut
from tests.builders import subwords

ODD = "İıßẞǅﬁﬃŒ½²µΩ℃日本𝛼𝔹👩‍⚕️e\u0301a\u0308\u0323\u200d\u00ad\u00a0\u2003\u3000.,;:-–()[]{}'\"%/#\n\t"
WHITE = "".join(char for char in map(chr, range(0x3001)) if char.isspace() and not "\x1c" <= char <= "\x1f")
"""White space as Unicode defines it; Python counts four separators of files and records, too."""

texts = st.text(st.one_of(st.sampled_from("abrsht 019 " + ODD), st.characters(exclude_categories=("Cs",))), max_size=60)


@st.composite
def annotated(draw: st.DrawFn) -> Document:
    """A document of any characters with mentions anywhere in it, nested and overlapping ones too."""
    doc = Document("1", tuple(Passage("title", draw(texts)) for _ in range(draw(st.integers(1, 2)))))
    if not doc.text:
        return doc
    edges = st.integers(0, len(doc.text))
    bounds = draw(st.lists(st.tuples(edges, edges).filter(lambda pair: pair[0] != pair[1]), max_size=6))
    return doc.with_mentions(tuple(Mention(min(pair), max(pair), "Disease", ("MESH:D1",)) for pair in bounds))


@given(annotated())
def test_offsets_are_ascending_and_inside_the_text(doc: Document):
    sequence = subwords().encode([doc])[0]
    assert (np.diff(sequence.starts) >= 0).all()
    assert (np.diff(sequence.ends) >= 0).all()
    assert (sequence.starts <= sequence.ends).all()
    assert ((sequence.starts >= 0) & (sequence.ends <= len(doc.text))).all()


@given(annotated())
def test_subwords_cover_every_character_but_white_space(doc: Document):
    sequence = subwords().encode([doc])[0]
    covered = set()
    for start, end in zip(sequence.starts.tolist(), sequence.ends.tolist(), strict=True):
        covered.update(range(start, end))
    assert {char for index, char in enumerate(doc.text) if index not in covered} <= set(WHITE)


@given(annotated())
def test_the_subwords_of_a_mention_reproduce_its_characters(doc: Document):
    sequence = subwords().encode([doc])[0]
    for mention in doc.mentions:
        inside = (sequence.starts >= mention.start) & (sequence.ends <= mention.end)
        crossing = (sequence.starts < mention.end) & (sequence.ends > mention.start) & ~inside
        assert not crossing.any()
        surface = doc.surface(mention).strip(WHITE)
        if not surface:
            assert not inside.any()
            continue
        first, last = inside.nonzero()[0][[0, -1]]
        assert doc.text[sequence.starts[first] : sequence.ends[last]] == surface


@given(st.lists(texts.filter(str.strip), min_size=1, max_size=4), st.booleans())
def test_a_vocabulary_that_was_saved_encodes_as_before(tmp_path_factory, corpus: list[str], lowercase: bool):
    config = SubwordConfig(vocabulary=80, min_frequency=1, lowercase=lowercase)
    learned, again = Subwords.learn(corpus, config), Subwords.learn(corpus, config)
    path = tmp_path_factory.mktemp("vocabulary") / "subwords.json"
    learned.save(path)
    docs = [Document("1", (Passage("title", text),)) for text in corpus]
    expected = [sequence.ids.tolist() for sequence in learned.encode(docs)]
    assert [sequence.ids.tolist() for sequence in Subwords.load(path).encode(docs)] == expected
    assert [sequence.ids.tolist() for sequence in again.encode(docs)] == expected


@st.composite
def cuts(draw: st.DrawFn) -> tuple[int, list[int], int, int]:
    """Length, sentence starts, size and overlap of a document to cut."""
    length = draw(st.integers(0, 120))
    starts = draw(st.lists(st.integers(0, length), max_size=12))
    size = draw(st.integers(1, 40))
    return length, sorted({0, *starts}), size, draw(st.integers(0, size - 1))


@given(cuts())
def test_windows_cover_every_subword_and_keep_their_size(case: tuple[int, list[int], int, int]):
    length, starts, size, overlap = case
    spans = cut(length, starts, size=size, overlap=overlap)
    assert (spans[0].start, spans[-1].end) == (0, length)
    assert all(0 <= span.end - span.start <= size for span in spans)
    for before, after in itertools.pairwise(spans):
        assert before.start < after.start <= before.end - overlap
        assert before.end < after.end


@given(cuts())
def test_windows_begin_and_end_at_sentences_wherever_one_can(case: tuple[int, list[int], int, int]):
    length, starts, size, overlap = case
    spans = cut(length, starts, size=size, overlap=overlap)
    edges = {*starts, length}
    for before, after in itertools.pairwise(spans):
        assert after.start in edges or not edges & set(range(before.start + 1, before.end - overlap + 1))
        assert after.end in edges or not edges & set(range(before.end + 1, after.start + size + 1))


@given(cuts(), st.data())
def test_a_pair_within_the_overlap_is_always_scored(case: tuple[int, list[int], int, int], data: st.DataObject):
    length, starts, size, overlap = case
    if length == 0 or overlap == 0:
        return
    begin = data.draw(st.integers(0, length - 1))
    end = data.draw(st.integers(begin + 1, min(length, begin + overlap)))
    mention = np.array([[begin, end]])
    assert assign(mention, mention, cut(length, starts, size=size, overlap=overlap)).tolist() != [[-1]]


@st.composite
def assignments(draw: st.DrawFn) -> tuple[list[tuple[int, int]], list[tuple[int, int]], list[Span]]:
    """Head mentions, tail mentions and windows, of any position."""
    interval = st.tuples(st.integers(0, 30), st.integers(1, 15)).map(lambda pair: (pair[0], pair[0] + pair[1]))
    heads, tails, spans = (draw(st.lists(interval, min_size=least, max_size=5)) for least in (0, 0, 1))
    return heads, tails, [Span(*bounds) for bounds in spans]


@given(assignments())
def test_assign_equals_brute_force(case: tuple[list[tuple[int, int]], list[tuple[int, int]], list[Span]]):
    heads, tails, spans = case
    owner = assign(np.array(heads).reshape(-1, 2), np.array(tails).reshape(-1, 2), spans)
    assert owner.shape == (len(heads), len(tails))
    for i, head in enumerate(heads):
        for j, tail in enumerate(tails):
            assert owner[i, j] == _most_central(head, tail, spans)


def _most_central(head: tuple[int, int], tail: tuple[int, int], spans: list[Span]) -> int:
    middle = (sum(head) / 2 + sum(tail) / 2) / 2
    best, nearest = -1, float("inf")
    for index, span in enumerate(spans):
        if all(span.start <= start and end <= span.end for start, end in (head, tail)):
            distance = abs((span.start + span.end) / 2 - middle)
            if distance < nearest:
                best, nearest = index, distance
    return best
