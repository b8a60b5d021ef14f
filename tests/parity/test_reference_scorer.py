from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from bran.corpus.document import Document
from bran.encoding.batches import collate
from bran.encoding.examples import DocumentEncoder
from bran.nn.model import Bran
from bran.nn.pooling import PoolingConfig
from tests.builders import (
    VARIANTS,
    documents,
    encoder,
    model_config,
    network,
    several_types_documents,
    several_types_schema,
)
from tests.parity.reference import ReferenceScorer


def check(
    model: Bran,
    coder: DocumentEncoder,
    docs: list[Document],
    *,
    pooling: PoolingConfig = PoolingConfig(),  # noqa: B008
) -> int:
    """Compare the scores of ``docs`` in one batch with the slow ones; the number of pairs."""
    examples = coder(docs)
    batch = collate(examples)
    with torch.no_grad():
        logits = model.double()(replace(batch, features=batch.features.double()))
    reference = ReferenceScorer(model, coder, pooling=pooling)
    by_document = logits.split([len(example.pairs) for example in examples])
    for doc, example, rows in zip(docs, examples, by_document, strict=True):
        expected = reference(doc)
        assert [(pair.head.id, pair.tail.id) for pair in example.pairs] == list(expected)
        assert {(pair.head.id, pair.tail.id) for pair in example.uncovered}.isdisjoint(expected)
        torch.testing.assert_close(rows, torch.tensor(list(expected.values())).double(), rtol=1e-6, atol=1e-6)
    return len(logits)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant(variant: str):
    model = network(*VARIANTS[variant])
    pooling = model_config(*VARIANTS[variant]).scorer.pooling
    if model.scorer.layouts is not None:
        torch.nn.init.normal_(model.scorer.layouts.weight)
    assert check(model, encoder(), documents(), pooling=pooling) == 15


@pytest.mark.parametrize(("mention_pairs", "pairs"), [("nearest", 15), ("sentence", 10)])
def test_some_mention_pairs(mention_pairs: str, pairs: int):
    assert check(network("scorer.layouts=true"), encoder(mention_pairs=mention_pairs), documents()) == pairs
    windows = encoder(mention_pairs=mention_pairs, window=24, overlap=8)
    assert 0 < check(network("scorer.layouts=true"), windows, documents()) <= pairs


def test_attention_over_layouts():
    model = network("scorer.pooling.kind=attention", "scorer.layouts=true", "scorer.structure=4")
    torch.nn.init.normal_(model.scorer.layouts.weight)
    assert check(model, encoder(), documents(), pooling=PoolingConfig(kind="attention")) == 15


@pytest.mark.parametrize("exclusive", [False, True])
def test_several_relation_types_and_symmetric_pairs(exclusive: bool):
    schema = several_types_schema(exclusive=exclusive)
    assert check(network(schema=schema), encoder(schema), several_types_documents()) == 13


@pytest.mark.parametrize(("window", "overlap"), [(30, 12), (24, 8), (16, 4), (10, 0)])
def test_several_windows(window: int, overlap: int):
    coder = encoder(window=window, overlap=overlap)
    assert max(len(example.windows) for example in coder(documents())) > 1
    assert check(network("scorer.layouts=true", window=window), coder, documents()) > 0


def test_several_windows_and_types():
    schema = several_types_schema()
    check(network(schema=schema, window=20), encoder(schema, window=20, overlap=8), several_types_documents())
