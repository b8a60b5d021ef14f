"""What other documents state of a pair: counts, ranks, and that no document hears of itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bran.corpus.document import Document, Entity, Mention, Pair
from bran.corpus.statements import Statement
from bran.encoding.knowledge import KIND_FEATURES, Knowledge
from bran.errors import ModelError

KINDS = ("causes", "treats")
CONCEPTS = [f"MESH:{letter}" for letter in "ABCD"]

statements = st.lists(
    st.builds(
        Statement,
        document=st.sampled_from(["1", "2", "3"]),
        kind=st.sampled_from([*KINDS, "other"]),
        head=st.sampled_from(CONCEPTS),
        tail=st.sampled_from(CONCEPTS),
    ),
    max_size=30,
)


def pair(head: str, tail: str) -> Pair:
    mention = Mention(0, 1, "Chemical", ("x",))
    return Pair(Entity(f"MESH:{head}", "Chemical", (mention,)), Entity(f"MESH:{tail}", "Disease", (mention,)))


def column(knowledge: Knowledge, name: str, pairs: list[Pair], *, document: str = "x", kind: str = "causes"):
    at = len(KIND_FEATURES) * knowledge.kinds.index(kind) + KIND_FEATURES.index(name)
    return knowledge.features(Document(document, ()), pairs)[:, at]


def known(*rows: tuple[str, str, str, str]) -> Knowledge:
    return Knowledge.of([Statement(d, k, f"MESH:{h}", f"MESH:{t}") for d, k, h, t in rows], kinds=KINDS)


def test_documents_are_counted_once_each_and_by_kind():
    knowledge = known(("1", "causes", "A", "B"), ("1", "causes", "A", "B"), ("2", "causes", "A", "B"))
    pairs = [pair("A", "B"), pair("B", "A"), pair("A", "Z")]
    assert np.expm1(column(knowledge, "documents", pairs)) == pytest.approx([2, 0, 0])
    assert column(knowledge, "stated", pairs).tolist() == [1, 0, 0]
    assert column(knowledge, "documents", pairs, kind="treats").tolist() == [0, 0, 0]


def test_ranks_are_among_the_pairs_of_the_document():
    knowledge = known(*((str(n), "causes", "A", "B") for n in range(3)), ("9", "causes", "A", "C"))
    pairs = [pair("A", "B"), pair("A", "C"), pair("A", "D"), pair("E", "D")]
    assert np.expm1(column(knowledge, "rank of head", pairs)) == pytest.approx([0, 1, 2, 0])
    assert np.expm1(column(knowledge, "rank of tail", pairs)) == pytest.approx([0, 0, 0, 0])
    assert column(knowledge, "behind best of head", pairs) == pytest.approx([0, np.log(2) - np.log(4), -np.log(4), 0])
    assert column(knowledge, "behind best", pairs)[3] == pytest.approx(-np.log(4))


def test_partners_are_pairs_not_documents():
    knowledge = known(("1", "causes", "A", "B"), ("2", "causes", "A", "B"), ("3", "causes", "A", "C"))
    assert np.expm1(3 * column(knowledge, "head statements", [pair("A", "Z")])) == pytest.approx([2])
    assert np.expm1(3 * column(knowledge, "tail statements", [pair("Z", "B")])) == pytest.approx([1])


@given(statements)
def test_a_document_does_not_hear_of_itself(rows):
    """What document 2 is told is what it would be told, had it never stated anything."""
    pairs = [pair(head, tail) for head in "ABZ" for tail in "BCD"]
    everything = Knowledge.of(rows, kinds=KINDS)
    others = Knowledge.of([row for row in rows if row.document != "2"], kinds=KINDS)
    told = everything.features(Document("2", ()), pairs)
    np.testing.assert_array_equal(told, others.features(Document("2", ()), pairs))


@given(statements, st.permutations(range(9)))
def test_the_order_of_pairs_and_statements_says_nothing(rows, order):
    pairs = [pair(head, tail) for head in "ABZ" for tail in "BCD"]
    features = Knowledge.of(rows, kinds=KINDS).features(Document("x", ()), pairs)
    turned = Knowledge.of(rows[::-1], kinds=KINDS).features(Document("x", ()), [pairs[index] for index in order])
    np.testing.assert_array_equal(features[list(order)], turned)
    assert features.shape == (9, 2 * len(KIND_FEATURES))
    assert np.isfinite(features).all()


@given(statements)
def test_what_is_saved_is_read_again(tmp_path_factory, rows):
    knowledge = Knowledge.of(rows, kinds=KINDS)
    path = tmp_path_factory.mktemp("knowledge") / "knowledge.safetensors"
    knowledge.save(path)
    again = Knowledge.load(path)
    assert (again.kinds, again.hash, len(again)) == (knowledge.kinds, knowledge.hash, len(knowledge))
    pairs = [pair(head, tail) for head in "ABZ" for tail in "BCD"]
    told = (each.features(Document("1", ()), pairs) for each in (knowledge, again))
    np.testing.assert_array_equal(*told)


def test_the_documents_of_a_pair():
    knowledge = known(("12", "causes", "A", "B"), ("7", "causes", "A", "B"), ("3", "treats", "A", "B"))
    assert knowledge.documents("causes", "MESH:A", "MESH:B") == ["7", "12"]
    assert knowledge.documents("treats", "MESH:A", "MESH:B") == ["3"]
    assert knowledge.documents("causes", "MESH:B", "MESH:A") == []
    assert knowledge.documents("causes", "MESH:Z", "MESH:A") == []


@pytest.mark.parametrize("content", [None, b"", b"no safetensors"])
def test_a_damaged_file_is_told_in_one_line(tmp_path: Path, content):
    path = tmp_path / "knowledge.safetensors"
    if content is not None:
        path.write_bytes(content)
    told = r"knowledge.safetensors: cannot be read .*expected what `bran knowledge build`"
    with pytest.raises(ModelError, match=told):
        Knowledge.load(path)
