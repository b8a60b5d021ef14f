from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from bran.corpus.document import Document, Mention, Pair, Passage
from bran.corpus.schema import Schema, load_schema
from bran.encoding.examples import EncodingConfig, Example
from bran.encoding.labels import GoldLabels
from tests.builders import document, documents, encoder, several_types_documents, several_types_schema, subwords


def encode(doc: Document, schema: Schema | None = None, **settings: int) -> Example:
    return encoder(schema, **settings)([doc])[0]


def token_pairs(example: Example) -> list[tuple[int, int, int]]:
    """(pair, head mention, tail mention) of each token pair that is scored, over all windows."""
    found = []
    for window in example.windows:
        for row, column in zip(*(window.pairs >= 0).nonzero(), strict=True):
            found.append((window.pairs[row, column], window.head_mentions[row], window.tail_mentions[column]))
    return [tuple(map(int, item)) for item in found]


def surfaces(example: Example, pair: Pair) -> set[tuple[str, str]]:
    """The surfaces of the mention pairs that add to ``pair``."""
    number, doc = example.pairs.index(pair), example.document
    return {
        (doc.surface(example.mentions[head]), doc.surface(example.mentions[tail]))
        for index, head, tail in token_pairs(example)
        if index == number
    }


def pair_of(example: Example, head: str, tail: str) -> Pair:
    return next(pair for pair in example.pairs if (pair.head.id, pair.tail.id) == (head, tail))


def test_a_small_document_by_hand():
    doc = document("1", "{rash|Disease|MESH:D5} ( {gout|Disease|MESH:D3} {velorin|Chemical|MESH:C1} )")
    example = encode(doc.with_relations(documents()[0].relations))
    (window,) = example.windows
    ids = {
        text: subwords().encode([document("1", text)])[0].ids.tolist() for text in ("rash", "(", "gout", "velorin", ")")
    }
    assert window.ids.tolist() == ids["rash"] + ids["("] + ids["gout"] + ids["velorin"] + ids[")"]
    lengths = [len(ids[text]) for text in ("rash", "(", "gout", "velorin", ")")]
    assert window.types.tolist() == np.repeat([2, 0, 2, 1, 0], lengths).tolist()
    begin = [3, 0, 3, 1, 0]  # B-Disease, O, B-Disease, B-Chemical, O; what follows a B is one higher
    expected = [
        tag + (tag > 0 and place > 0) for tag, size in zip(begin, lengths, strict=True) for place in range(size)
    ]
    assert window.tags.tolist() == expected
    assert [pair.tail.id for pair in example.pairs] == ["MESH:D3", "MESH:D5"]
    assert window.heads.tolist() == list(range(sum(lengths[:3]), sum(lengths[:4])))
    assert example.labels.tolist() == [[0.0], [0.0]]
    assert example.weights.tolist() == [1.0, 1.0]


def test_labels_follow_the_gold_relations():
    example = encode(documents()[3])
    gold = {(pair.head.id, pair.tail.id) for pair, row in zip(example.pairs, example.labels, strict=True) if row[0]}
    assert gold == {("MESH:C5", "MESH:D5"), ("MESH:C5", "MESH:D7")}


def test_a_composite_mention_adds_to_the_pairs_of_each_of_its_concepts():
    example = encode(documents()[1])
    assert surfaces(example, pair_of(example, "MESH:C2", "MESH:D5")) == {("Sotamide and brinol", "rash")}
    assert surfaces(example, pair_of(example, "MESH:C3", "MESH:D5")) == {
        ("Sotamide and brinol", "rash"),
        ("brinol", "rash"),
    }


def test_nested_mentions_add_to_their_own_pairs():
    example = encode(documents()[1])
    tails = {tail for _, tail in surfaces(example, pair_of(example, "MESH:C3", "MESH:D3"))}
    assert tails == {"gout"}
    assert {tail for _, tail in surfaces(example, pair_of(example, "MESH:C3", "MESH:D4"))} == {"chronic gout"}


def test_every_token_of_every_mention_takes_part():
    doc = documents()[1]
    example = encode(doc)
    sequence = subwords().encode([doc])[0]
    (window,) = example.windows
    for mention in ("Sotamide and brinol", "brinol"):
        start = doc.text.index(f" {mention}") + 1 if mention == "brinol" else 0
        inside = ((sequence.starts >= start) & (sequence.ends <= start + len(mention))).nonzero()[0]
        assert set(inside) <= set(window.heads.tolist())


def test_several_types_take_heads_and_tails_of_every_type_that_can_be_one():
    schema = several_types_schema()
    example = encode(several_types_documents()[0], schema)
    assert {(pair.head.id, pair.tail.id) for pair in example.pairs} == {
        ("C1", "D1"), ("C1", "G1"), ("C1", "G2"), ("C1", "G3"), ("G1", "D1"), ("G2", "D1"), ("G3", "D1"),
        ("G1", "G2"), ("G1", "G3"), ("G2", "G3"),
    }  # fmt: skip
    rows = {(pair.head.id, pair.tail.id): row.tolist() for pair, row in zip(example.pairs, example.labels, strict=True)}
    assert rows["C1", "D1"] == [1, 1, 0, 0]
    assert rows["C1", "G2"] == [0, 0, 1, 0]
    assert rows["G1", "G2"] == [0, 0, 0, 1]  # the gold row has it the other way round: the type is symmetric
    assert sum(map(sum, rows.values())) == 4
    assert example.uncovered == ()


def test_a_symmetric_pair_is_scored_in_whichever_order_the_schema_names_its_types():
    schema = Schema(
        name="unsorted",
        entity_types={"Gene": {}, "Disease": {}},
        relation_types={"linked": {"pairs": [("Gene", "Disease")], "symmetric": True}},
    )
    doc = document("1", "{ABX1|Gene|G1} in {gout|Disease|D1}", relations=[("linked", "G1", "D1")])
    example = encode(doc, schema)
    assert len(example.pairs) == 1
    assert example.uncovered == ()
    assert example.labels.tolist() == [[1.0]]


def test_relations_between_single_mentions():
    text = "brinol QRT brinol"
    mentions = (
        Mention(0, 6, "Chemical", id="T1"),
        Mention(7, 10, "Gene", id="T2"),
        Mention(11, 17, "Chemical", id="T3"),
    )
    example = encode(Document("1", (Passage("title", text),), mentions), load_schema("chemprot"))
    assert [(pair.head.id, pair.tail.id) for pair in example.pairs] == [("T1", "T2"), ("T3", "T2")]
    assert {(pair, head) for pair, head, _ in token_pairs(example)} == {(0, 0), (1, 2)}


def test_a_mention_of_white_space_is_dropped_and_its_pairs_are_uncovered():
    doc = document("1", "{brinol|Chemical|MESH:C3} and { |Disease|MESH:D1}")
    example = encode(doc)
    assert example.dropped == (doc.mentions[1],)
    assert [(pair.head.id, pair.tail.id) for pair in example.uncovered] == [("MESH:C3", "MESH:D1")]
    assert example.pairs == ()


@pytest.mark.parametrize(
    "doc", [Document("1", ()), document("1", "No names in here."), document("1", "{x|Chemical|C}")]
)
def test_a_document_without_candidates_is_one_window_without_pairs(doc: Document):
    example = encode(doc)
    assert (example.pairs, example.uncovered, len(example.windows)) == ((), (), 1)
    assert example.labels.shape == (0, 1)
    assert example.weights.shape == (0,)
    assert example.windows[0].pairs.size == 0


def test_an_unlinked_mention_is_marked_but_has_no_pair():
    example = encode(document("1", "{brinol|Chemical|} and {gout|Disease|MESH:D3}"))
    assert example.pairs == ()
    assert example.windows[0].types[0] == 1
    assert example.windows[0].tags[0] == 1


def test_what_the_filter_leaves_out_does_not_count():
    coder = encoder()
    coder.labels = GoldLabels(coder.schema, lambda doc, pairs: [pair.tail.id != "MESH:D2" for pair in pairs])
    example = coder([documents()[0]])[0]
    assert dict(zip([pair.tail.id for pair in example.pairs], example.weights, strict=True)) == {
        "MESH:D1": 1,
        "MESH:D2": 0,
    }


def test_a_document_that_fits_is_one_window():
    assert [len(example.windows) for example in encoder()(documents())] == [1, 1, 1, 1]


def test_a_long_document_is_cut_at_its_sentences():
    doc = documents()[3]
    length = encode(doc).length
    example = encode(doc, window=length - 4, overlap=8)
    starts = subwords().encode([doc])[0].starts
    assert len(example.windows) == 2
    begin = length - len(example.windows[1].ids)
    assert doc.text[starts[begin] :].startswith(("Ostrelin was", "The rash"))
    assert max(len(window.ids) for window in example.windows) == example.length <= length - 4


@pytest.mark.parametrize(("window", "overlap"), [(30, 10), (20, 8), (12, 4), (8, 0)])
def test_each_token_pair_is_scored_once_or_reported(window: int, overlap: int):
    doc = documents()[3]
    whole, example = encode(doc), encode(doc, window=window, overlap=overlap)
    assert set(example.pairs) | set(example.uncovered) == set(whole.pairs)
    assert not set(example.pairs) & set(example.uncovered)

    def tokens(item: Example) -> list[tuple[str, str, int, int]]:
        names = [(pair.head.id, pair.tail.id) for pair in item.pairs]
        return [(*names[pair], head, tail) for pair, head, tail in token_pairs(item)]

    all_of_them, scored = tokens(whole), tokens(example)
    assert not set(scored) - set(all_of_them)
    for token_pair in set(scored):
        assert scored.count(token_pair) == all_of_them.count(token_pair)
    assert {item[:2] for item in scored} == {(pair.head.id, pair.tail.id) for pair in example.pairs}


def test_pairs_that_share_no_window_are_reported():
    filler = "No further event was noted in this group. " * 3
    doc = document(
        "1",
        f"{{Brinol|Chemical|MESH:C3}} eased {{gout|Disease|MESH:D3}}. {filler}",
        "In others {rash|Disease|MESH:D5}.",
    )
    example = encode(doc, window=30, overlap=10)
    assert [pair.tail.id for pair in example.pairs] == ["MESH:D3"]
    assert [pair.tail.id for pair in example.uncovered] == ["MESH:D5"]
    assert len(example.labels) == len(example.weights) == 1


def test_token_positions_are_those_of_the_window():
    doc = documents()[3]
    sequence = subwords().encode([doc])[0]
    example = encode(doc, window=24, overlap=10)
    assert len(example.windows) > 1
    for window in example.windows:
        for positions, mentions in ((window.heads, window.head_mentions), (window.tails, window.tail_mentions)):
            assert ((positions >= 0) & (positions < len(window.ids))).all()
            for position, mention in zip(positions, mentions, strict=True):
                bounds = example.mentions[mention]
                inside = (sequence.starts >= bounds.start) & (sequence.ends <= bounds.end)
                assert window.ids[position] in sequence.ids[inside]


def test_an_overlap_as_long_as_the_window_is_refused():
    with pytest.raises(ValidationError, match="overlap 16 must be smaller than window 16"):
        EncodingConfig(window=16, overlap=16)
