from __future__ import annotations

import math

import numpy as np
import pytest

from bran.corpus.document import Document
from bran.encoding.batches import collate
from bran.encoding.structure import ENTITY_FEATURES, FEATURES, PAIR_FEATURES, Structure
from tests.builders import document, documents, encoder, sentence_starts

# Four sentences; velorin stands in the first, third and last, brinol in the second, gout in the first and last.
DOC = document(
    "1",
    "{Velorin|Chemical|MESH:C1} in {gout|Disease|MESH:D3}.",
    "{Brinol|Chemical|MESH:C3} failed. Then {velorin|Chemical|MESH:C1} came. "
    "{Velorin|Chemical|MESH:C1} eased {gout|Disease|MESH:D3}, not {rash|Disease|MESH:D5}.",
)


def structure(doc: Document) -> Structure:
    return Structure(doc, doc.entities, sentence_starts(doc))


def test_entity_features_by_hand():
    rows = dict(zip([entity.id for entity in DOC.entities], structure(DOC).entities.tolist(), strict=True))
    expected = {
        "MESH:C1": [math.log(4), 3 / 4, 1, 0, 1, 0, 3 / 4, math.log(2)],
        "MESH:C3": [math.log(2), 1 / 4, 1 / 3, math.log(2), 0, 1 / 4, 1 / 4, math.log(2)],
        "MESH:D3": [math.log(3), 2 / 3, 1, 0, 1, 0, 3 / 4, math.log(2)],
        "MESH:D5": [math.log(2), 1 / 3, 1 / 2, math.log(2), 0, 3 / 4, 3 / 4, math.log(2)],
    }
    assert len(ENTITY_FEATURES) == 8
    for name, row in expected.items():
        assert rows[name] == pytest.approx(row), name


def test_pair_features_by_hand():
    (example,) = encoder()([DOC])
    rows = {
        (pair.head.id, pair.tail.id): row.tolist() for pair, row in zip(example.pairs, example.features, strict=True)
    }
    single = dict(zip([entity.id for entity in DOC.entities], structure(DOC).entities.tolist(), strict=True))
    starts = {name: [m.start for m in DOC.mentions if name in m.concepts] for name in single}

    def near(head: str, tail: str) -> float:
        return math.log(1 + min(abs(i - j) for i in starts[head] for j in starts[tail])) / 5

    expected = {
        # both in title, shared sentences, same, next, sentences apart, characters apart
        ("MESH:C1", "MESH:D3"): [1, math.log(3), 1, 0, 0, near("MESH:C1", "MESH:D3")],
        ("MESH:C1", "MESH:D5"): [0, math.log(2), 1, 0, 0, near("MESH:C1", "MESH:D5")],
        ("MESH:C3", "MESH:D3"): [0, 0, 0, 1, math.log(2), near("MESH:C3", "MESH:D3")],
        ("MESH:C3", "MESH:D5"): [0, 0, 0, 0, math.log(3), near("MESH:C3", "MESH:D5")],
    }
    assert len(PAIR_FEATURES) == 6
    assert rows.keys() == expected.keys()
    for (head, tail), row in expected.items():
        assert rows[head, tail] == pytest.approx([*single[head], *single[tail], *row]), (head, tail)


def test_a_batch_has_the_features_of_its_examples():
    examples = encoder()(documents())
    features = collate(examples).features.numpy()
    assert features.shape == (sum(len(example.pairs) for example in examples), FEATURES)
    assert np.array_equal(features, np.concatenate([example.features for example in examples]))
    assert np.abs(features).max() < 5


@pytest.mark.parametrize(
    "doc",
    [
        document("1", "{ |Disease|MESH:D1} {\n|Chemical|MESH:C1}"),
        document("1", "{ rash|Disease|MESH:D5} after {brinol|Chemical|MESH:C3}."),
        document("1", "", "{brinol|Chemical|MESH:C3} {gout|Disease|MESH:D3}"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_odd_places_have_features_like_any_other(doc: Document):
    (example,) = encoder()([doc])
    assert example.features.shape == (len(example.pairs), FEATURES)
    assert ((example.features >= 0) & (example.features < 5)).all()
