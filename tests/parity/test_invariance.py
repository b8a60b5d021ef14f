"""What must not matter: padding, the other documents of a batch, and their order."""

from __future__ import annotations

import pytest
import torch

from bran.corpus.document import Document
from bran.corpus.schema import Schema
from bran.encoding.batches import collate
from bran.encoding.examples import DocumentEncoder
from bran.nn.model import Bran
from tests.builders import (
    ENCODINGS,
    VARIANTS,
    documents,
    encoder,
    network,
    several_types_documents,
    several_types_schema,
)

Logits = dict[tuple[str, str, str], list[float]]


def score(model: Bran, coder: DocumentEncoder, docs: list[Document]) -> Logits:
    """Logits of every pair of ``docs``, scored in one batch, by document, head and tail."""
    examples = coder(docs)
    with torch.no_grad():
        logits = model(collate(examples)).tolist()
    names = [(item.document.id, pair.head.id, pair.tail.id) for item in examples for pair in item.pairs]
    return dict(zip(names, logits, strict=True))


def assert_same(first: Logits, second: Logits) -> None:
    assert first.keys() == second.keys()
    rows = [torch.tensor([logits[name] for name in first]) for logits in (first, second)]
    torch.testing.assert_close(*rows, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_batch_of_one_scores_as_in_a_padded_batch(variant: str):
    model, coder = network(*VARIANTS[variant], "encoder.dim=16"), encoder()
    alone: Logits = {}
    for doc in documents():
        alone |= score(model, coder, [doc])
    assert_same(score(model, coder, documents()), alone)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_some_mention_pairs_score_alone_as_in_a_batch(encoding: str):
    model, coder = network(), encoder(**ENCODINGS[encoding])
    alone: Logits = {}
    for doc in documents():
        alone |= score(model, coder, [doc])
    assert_same(score(model, coder, documents()[::-1]), alone)


@pytest.mark.parametrize("multiple", [1, 16, 40])
@pytest.mark.parametrize("variant", VARIANTS)
def test_more_padding_changes_nothing(variant: str, multiple: int):
    model, examples = network(*VARIANTS[variant]), encoder()(documents())
    with torch.no_grad():
        expected, padded = model(collate(examples)), model(collate(examples, multiple=multiple))
    torch.testing.assert_close(padded, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("schema", [several_types_schema(), several_types_schema(exclusive=True)])
def test_several_types_score_alone_as_in_a_batch(schema: Schema):
    model, coder = network(schema=schema), encoder(schema)
    alone: Logits = {}
    for doc in several_types_documents():
        alone |= score(model, coder, [doc])
    assert_same(score(model, coder, several_types_documents()), alone)


@pytest.mark.parametrize("order", [[3, 2, 1, 0], [1, 3, 0, 2]])
def test_the_order_of_documents_changes_nothing(order: list[int]):
    model, coder, docs = network(), encoder(), documents()
    assert_same(score(model, coder, docs), score(model, coder, [docs[index] for index in order]))


def test_other_documents_in_the_batch_change_nothing():
    model, coder, docs = network(), encoder(), documents()
    with_long = score(model, coder, [docs[0], docs[3]])
    with_short = score(model, coder, [docs[2], docs[0]])
    for name, logits in score(model, coder, docs[:1]).items():
        assert with_long[name] == pytest.approx(logits, abs=1e-5)
        assert with_short[name] == pytest.approx(logits, abs=1e-5)


def test_windows_of_one_document_do_not_see_another():
    model, coder = network(window=20), encoder(window=20, overlap=8)
    alone: Logits = {}
    for doc in documents():
        alone |= score(model, coder, [doc])
    assert_same(score(model, coder, documents()), alone)


def test_a_window_as_long_as_the_text_is_no_window():
    (whole,) = encoder()(documents()[3:])
    model = network()
    assert_same(
        score(model, encoder(), documents()[3:]), score(model, encoder(window=whole.length, overlap=4), documents()[3:])
    )


def test_what_the_first_window_holds_scores_as_the_text_that_it_is():
    # Everything that can pair stands in the first two sentences; what follows is cut into windows of its own.
    doc = documents()[0]
    (short,) = encoder()([doc])
    passages = (*doc.passages, *documents()[2].passages[1:] * 6)
    long = Document("11", passages, doc.mentions, doc.relations)
    coder = encoder(window=short.length, overlap=2)
    (example,) = coder([long])
    assert len(example.windows) > 2
    assert example.uncovered == ()
    assert len(example.windows[0].ids) == short.length
    model = network(window=short.length)
    assert_same(score(model, encoder(), [doc]), score(model, coder, [long]))


def test_scores_do_not_change_from_run_to_run():
    model, coder = network(), encoder()
    assert score(model, coder, documents()) == score(model, coder, documents())
