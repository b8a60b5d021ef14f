from __future__ import annotations

import itertools

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.corpus.document import Document, Mention, Passage
from bran.encoding.tagging import TaggingExample, collate_tagging, tagged_mentions
from bran.nn.chain import TagChain
from tests.recognisers import TYPES, encoded, unlinked

ODD = "İıßﬁﬃ½²µΩ日𝛼e\u0301\u200d\u00a0.,;-–()'%/\n\t\x00\ud800"
texts = st.text(st.sampled_from("abrst 019 VELO" + ODD), max_size=60)
sizes = st.sampled_from([(8, 2), (8, 7), (12, 4), (512, 128)])


@st.composite
def words_annotated(draw: st.DrawFn) -> Document:
    """A document of whole words, some of them in mentions that do not overlap."""
    words = draw(
        st.lists(st.sampled_from(["velorin", "Gout", "in", "tremor.", "5-FU", "(rash)"]), min_size=1, max_size=40)
    )
    text, mentions, index = " ".join(words), [], 0
    starts = np.cumsum([0, *(len(word) + 1 for word in words)]).tolist()
    while index < len(words):
        length = draw(st.integers(0, 3))
        if length and index + length <= len(words):
            mentions.append(Mention(starts[index], starts[index + length] - 1, draw(st.sampled_from(TYPES))))
        index += max(length, 1)
    return Document("1", (Passage("title", text),), tuple(mentions))


@st.composite
def anything_annotated(draw: st.DrawFn) -> Document:
    """A document of any characters with mentions anywhere, overlapping ones of several types too."""
    text = draw(texts)
    edges = st.integers(0, len(text))
    bounds = draw(st.lists(st.tuples(edges, edges).filter(lambda pair: pair[0] != pair[1]), max_size=6)) if text else []
    mentions = (Mention(min(pair), max(pair), draw(st.sampled_from(TYPES))) for pair in bounds)
    return Document("1", (Passage("title", text),), tuple(mentions))


def annotated_tags(example: TaggingExample) -> list[np.ndarray]:
    return [window.allowed.argmax(1) for window in example.windows]


@settings(max_examples=60, deadline=None)
@given(words_annotated(), sizes)
def test_mentions_of_whole_words_come_back_from_their_tags(doc: Document, size: tuple[int, int]):
    (example,) = encoded([doc], window=size[0], overlap=size[1])
    found = tuple(tagged_mentions(example, annotated_tags(example), TYPES))
    assert unlinked([doc.with_mentions(found)]) == unlinked([doc])


@settings(max_examples=60, deadline=None)
@given(anything_annotated(), sizes)
def test_any_annotation_comes_back_apart_and_in_whole_subwords(doc: Document, size: tuple[int, int]):
    (example,) = encoded([doc], window=size[0], overlap=size[1])
    found = tagged_mentions(example, annotated_tags(example), TYPES)
    starts = {int(start) for window in example.windows for start in window.starts}
    ends = {int(end) for window in example.windows for end in window.ends}
    assert all(left.end <= right.start for left, right in itertools.pairwise(found))
    assert all(mention.start in starts and mention.end in ends for mention in found)


@settings(max_examples=60, deadline=None)
@given(anything_annotated(), sizes, st.integers(0, 99))
def test_any_tags_spell_mentions_inside_the_text(doc: Document, size: tuple[int, int], seed: int):
    (example,) = encoded([doc], window=size[0], overlap=size[1])
    generator = np.random.default_rng(seed)
    tags = [generator.integers(5, size=len(window.starts)) for window in example.windows]
    found = tuple(tagged_mentions(example, tags, TYPES))
    assert doc.with_mentions(found).mentions == found
    assert [mention.start for mention in found] == sorted(mention.start for mention in found)


@settings(max_examples=60, deadline=None)
@given(anything_annotated(), sizes)
def test_some_tagging_fits_any_annotation(doc: Document, size: tuple[int, int]):
    examples = encoded([doc], window=size[0], overlap=size[1])
    if examples[0].windows:
        batch = collate_tagging(examples)
        losses = TagChain(len(TYPES)).losses(torch.zeros(*batch.mask.shape, 5), batch.mask, batch.allowed)
        assert (losses < 2.0 * batch.mask.sum(1)).all()  # log 5 a subword, not a forbidden step
