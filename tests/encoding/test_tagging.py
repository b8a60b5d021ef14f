from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from bran.corpus.document import Document, Mention, Passage
from bran.encoding.batches import SHAPES
from bran.encoding.shapes import SHAPE_VALUES
from bran.encoding.tagging import (
    Names,
    Style,
    TaggingExample,
    WindowConfig,
    collate_tagging,
    tagged_mentions,
)
from tests.builders import document
from tests.recognisers import TYPES, Found, bare, encoded, no_names, notes, tagging_encoder, unlinked, vocabulary

OUTSIDE, B_CHEMICAL, I_CHEMICAL, B_DISEASE, I_DISEASE = range(5)


def covered(doc: Document, example: TaggingExample) -> list[str]:
    """What each subword covers."""
    return [doc.text[start:end] for w in example.windows for start, end in zip(w.starts, w.ends, strict=True)]


def gold_tags(example: TaggingExample) -> list[NDArray[np.int64]]:
    """The one tag that the annotation allows each subword, for each window."""
    return [window.allowed.argmax(1) for window in example.windows]


def long_document(sentences: int = 40) -> Document:
    """Sentences with a mention of several subwords at the end of each, and a false sentence end within one."""
    parts = ["{Velorin|Chemical|MESH:C1} eased {chronic gout|Disease|MESH:D3}."] * sentences
    return document("90", *parts, "No end " * 30 + "{chronic. Gout type 2|Disease|MESH:D3}")


# What the network is told


def test_mentions_do_not_decide_where_subwords_begin():
    doc = document("1", "Vel{or|Chemical|MESH:C1}in and {trem|Disease|MESH:D1}or.")
    annotated, plain = encoded([doc, *bare([doc])], None)
    assert np.array_equal(annotated.windows[0].features, plain.windows[0].features)
    assert annotated.windows[0].starts.tolist() == vocabulary().encode(bare([doc]))[0].starts.tolist()


def test_a_mention_takes_every_subword_that_it_touches():
    doc = document("1", "Velo{rin|Chemical|MESH:C1} and pain.")
    (example,) = encoded([doc])
    pieces, tags = covered(doc, example), gold_tags(example)[0]
    assert "".join(piece for piece, tag in zip(pieces, tags, strict=True) if tag).lower() == "velorin"


def test_the_lexicon_is_a_column_of_tags():
    doc = document("1", "Velorin against chronic gout.")
    (example,) = encoded([doc], None)
    lexicon = dict(zip(covered(doc, example), example.windows[0].features[:, 2].tolist(), strict=True))
    assert lexicon["Velorin"] == B_CHEMICAL
    assert lexicon["."] == OUTSIDE
    assert sorted(set(lexicon.values())) == [OUTSIDE, B_CHEMICAL, B_DISEASE, I_DISEASE]
    assert not encoded([doc], None, find_names=no_names)[0].windows[0].features[:, 2].any()


def test_names_of_other_types_are_passed_over():
    (example,) = encoded([document("1", "Velorin.")], None, find_names=lambda text: [Found(0, 7, "Gene")])
    assert not example.windows[0].features[:, 2].any()


def test_the_style_is_a_column():
    style = Style(3, frozenset(TYPES), {})
    assert set(encoded(notes(), style)[0].windows[0].features[:, 3].tolist()) == {3}
    assert set(encoded(notes(), None)[0].windows[0].features[:, 3].tolist()) == {0}


def test_every_feature_is_within_its_table():
    sizes = tagging_encoder().sizes(4)
    assert sizes == (len(vocabulary()), SHAPE_VALUES, 5, 4)
    for example in encoded([*notes(), document("1", "日本 İ ½ \x00 ﬁ-FU, 5-HT2A")], Style(3, frozenset(TYPES), {})):
        assert (example.windows[0].features < np.array(sizes)).all()
        assert (example.windows[0].features >= 0).all()


# What the annotation allows


def test_full_annotation_allows_one_tag_each():
    for example, doc in zip(encoded(notes()), notes(), strict=True):
        allowed = example.windows[0].allowed
        assert (allowed.sum(1) == 1).all()
        assert unlinked([doc.with_mentions(tuple(tagged_mentions(example, gold_tags(example), TYPES)))]) == unlinked(
            [doc]
        )


def test_without_a_style_everything_is_allowed():
    assert all(window.allowed.all() for example in encoded(notes(), None) for window in example.windows)


def test_a_type_that_was_not_annotated_stays_open():
    doc = document("1", "{Velorin|Chemical|MESH:C1} against {gout|Disease|MESH:D2}.")
    (example,) = encoded([doc], Style(0, frozenset({"Chemical"}), {}))
    allowed = dict(zip(covered(doc, example), example.windows[0].allowed.tolist(), strict=True))
    assert allowed["Velorin"] == [False, True, False, False, False]
    for piece, tags in allowed.items():
        if piece != "Velorin":
            assert tags == [True, False, False, True, True], piece


def test_a_corpus_may_call_types_otherwise_and_have_others():
    doc = document("1", "{Velorin|Drug|MESH:C1} and {MOK5|Gene|G1}.")
    (example,) = encoded([doc], Style(0, frozenset({"Chemical"}), {"Drug": "Chemical"}))
    tags = dict(zip(covered(doc, example), gold_tags(example)[0].tolist(), strict=True))
    assert tags["Velorin"] == B_CHEMICAL
    assert {tag for piece, tag in tags.items() if piece != "Velorin"} == {OUTSIDE}


def test_of_nested_mentions_the_longest_counts():
    doc = document("1", "{chronic {gout|Disease|MESH:D2}|Disease|MESH:D3} eased.")
    (example,) = encoded([doc])
    (mention,) = tagged_mentions(example, gold_tags(example), TYPES)
    assert doc.surface(mention) == "chronic gout"


@pytest.mark.parametrize("types", [("Chemical", "Disease"), ("Disease", "Disease")])
def test_what_a_longer_mention_leaves_of_a_shorter_one_begins_anew(types: tuple[str, str]):
    text = "velorin tremor rash"
    doc = document("1", text).with_mentions((Mention(0, 14, types[0]), Mention(8, 19, types[1])))
    (example,) = encoded([doc])
    tags = gold_tags(example)[0]
    assert tags[0] % 2 == 1
    opens = [(0, *tags[:-1])[index] in (tag, tag - 1) for index, tag in enumerate(tags) if tag and tag % 2 == 0]
    assert all(opens)


# Windows


@pytest.mark.parametrize(("window", "overlap"), [(8, 0), (8, 7), (16, 4), (40, 10), (64, 32)])
def test_every_subword_belongs_to_one_window(window: int, overlap: int):
    doc = long_document()
    whole, (cut,) = vocabulary().encode(bare([doc]))[0], encoded([doc], window=window, overlap=overlap)
    assert len(cut.windows) > 3
    assert cut.length <= window
    owned = [w.starts[w.own.start : w.own.end] for w in cut.windows]
    assert np.concatenate(owned).tolist() == whole.starts.tolist()
    for inner in cut.windows[1:-1]:
        assert inner.own.start >= overlap // 2
        assert len(inner.starts) - inner.own.end >= overlap // 2


@pytest.mark.parametrize(("window", "overlap"), [(8, 2), (8, 7), (16, 4), (40, 10)])
def test_mentions_are_put_together_over_windows(window: int, overlap: int):
    doc = long_document()
    (example,) = encoded([doc], window=window, overlap=overlap)
    found = tagged_mentions(example, gold_tags(example), TYPES)
    assert unlinked([doc.with_mentions(tuple(found))]) == unlinked([doc])


def test_a_window_may_begin_within_a_mention():
    doc = document("1", "{" + "chronic gout " * 20 + "|Disease|MESH:D3}.")
    (example,) = encoded([doc], window=8, overlap=2)
    for window in example.windows[1:-1]:
        assert window.allowed[0].nonzero()[0].tolist() == [B_DISEASE, I_DISEASE]
        assert window.allowed[1].nonzero()[0].tolist() == [I_DISEASE]


def test_short_documents_are_one_window():
    (example,) = encoded(notes()[:1])
    assert len(example.windows) == 1
    assert (example.windows[0].own.start, example.windows[0].own.end) == (0, example.length)


@pytest.mark.parametrize(("window", "overlap"), [(8, 8), (64, 128)])
def test_windows_that_would_not_move_on_are_refused(window: int, overlap: int):
    with pytest.raises(ValidationError, match=f"overlap {overlap} must be smaller than window {window}"):
        WindowConfig(window=window, overlap=overlap)


# Odd texts


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u2003"])
def test_a_text_without_subwords_has_no_window(text: str):
    (example,) = encoded([document("1", text)])
    assert (example.windows, example.length) == ((), 0)
    assert tagged_mentions(example, [], TYPES) == []


@pytest.mark.parametrize(
    "text", ["()[]..,;—%", "\x00\x01velorin\x1f", "日本の薬", "\ud800velorin\udfff", "👩‍⚕️ İİ ﬃ e\u0301"]
)
def test_odd_characters_keep_their_places(text: str):
    (example,) = encoded([Document("1", (Passage("title", text),))])
    (window,) = example.windows
    assert (window.starts < window.ends).all()
    assert window.ends[-1] <= len(text)


# Tags to mentions


def spans(example: TaggingExample, *tags: int) -> list[tuple[int, int, str]]:
    rows = [np.array([*tags, *[0] * (example.length - len(tags))], dtype=np.int64)]
    return [(m.start, m.end, m.type) for m in tagged_mentions(example, rows, TYPES)]


def test_tags_spell_mentions():
    doc = document("1", "a b c d e f")
    (example,) = encoded([doc])
    assert spans(example) == []
    assert spans(example, 1, 2, 0, 3, 3, 4) == [(0, 3, "Chemical"), (6, 7, "Disease"), (8, 11, "Disease")]
    assert spans(example, 1, 3, 1) == [(0, 1, "Chemical"), (2, 3, "Disease"), (4, 5, "Chemical")]


def test_an_inside_tag_without_a_beginning_begins():
    doc = document("1", "a b c d e f")
    (example,) = encoded([doc])
    assert spans(example, 0, 2, 2, 4) == [(2, 5, "Chemical"), (6, 7, "Disease")]


# Batches


def test_windows_are_padded_into_one_batch():
    examples = [*encoded(notes()[:3]), *encoded([long_document()], window=16, overlap=4)]
    batch = collate_tagging(examples)
    windows = [window for example in examples for window in example.windows]
    assert batch.features.shape[:2] == batch.mask.shape == batch.allowed.shape[:2]
    assert batch.features.shape[0] == len(windows)
    assert batch.features.shape[1] % SHAPES == 0
    assert batch.allowed.shape[2] == 5
    assert batch.examples == tuple(examples)
    for row, window in enumerate(windows):
        length = len(window.starts)
        assert torch.equal(batch.features[row, :length], torch.from_numpy(window.features))
        assert torch.equal(batch.allowed[row, :length], torch.from_numpy(window.allowed))
        assert batch.mask[row].tolist() == [True] * length + [False] * (batch.mask.shape[1] - length)
        assert not batch.features[row, length:].any()
        assert batch.allowed[row, length:].all()


def test_a_batch_moves_with_all_its_tensors():
    batch = collate_tagging(encoded(notes()[:1]))
    moved = batch.to(torch.device("meta"))
    assert {moved.features.device.type, moved.mask.device.type, moved.allowed.device.type} == {"meta"}
    assert moved.examples == batch.examples


# Lexicons without a document


def test_documents_are_grouped_by_the_lexicon_that_they_have_not_taught():
    first, second = notes()[:2], notes()[2:4]
    apart = lambda text: no_names(text)  # noqa: E731
    names = Names(no_names, {doc.id: apart for doc in second} | {"elsewhere": apart})
    groups = names.group([first[0], second[0], first[1], second[1]])
    assert groups == [(no_names, first), (apart, second)]
