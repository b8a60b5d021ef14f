from __future__ import annotations

from pathlib import Path

import pytest

from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.mesh import MeshTree
from bran.corpus.readers import read_pubtator
from bran.corpus.schema import load_schema

MESH = MeshTree({"general": ("C01",), "special": ("C01.5",), "apart": ("C02",)})
POSITIVES = frozenset({("drug", "special"), ("other", "apart")})


@pytest.mark.parametrize(
    ("pair", "ignored"),
    [
        (("drug", "general"), True),
        (("drug", "special"), False),  # a positive
        (("drug", "apart"), False),  # no ancestor
        (("other", "general"), False),  # the positive below it has another head
        (("drug", "absent"), False),
    ],
)
def test_only_negatives_above_a_positive_of_the_same_head(pair: tuple[str, str], ignored: bool) -> None:
    assert HypernymFilter(MESH).ignores(pair, POSITIVES) is ignored


def test_a_positive_is_never_left_out_even_above_another() -> None:
    positives = {("drug", "special"), ("drug", "general")}
    assert not any(HypernymFilter(MESH).ignores(pair, positives) for pair in positives)


def test_candidates_of_a_document(fixtures: Path) -> None:
    schema = load_schema("cdr")
    first, *others = read_pubtator(fixtures / "corpus" / "cdr.pubtator", schema=schema)
    hypernyms = HypernymFilter(MeshTree.bundled())
    # amiodarone causes toxic hepatitis, which is a liver disease
    assert hypernyms.ignored(first, schema) == {("MESH:D000638", "MESH:D008107")}
    assert not any(hypernyms.ignored(document, schema) for document in others)
