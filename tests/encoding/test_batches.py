from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from bran.corpus.document import Mention
from bran.corpus.sentences import SentenceIndex
from bran.encoding.batches import IGNORED_TAG, BatchConfig, collate, epoch_batches, pack
from bran.encoding.examples import Example
from bran.encoding.subwords import PAD_ID
from tests.builders import document, documents, encoder, several_types_documents, several_types_schema


def examples(number: int = 40) -> list[Example]:
    """Examples of many lengths."""
    docs = [
        document(str(index), "{brinol|Chemical|MESH:C3} and {gout|Disease|MESH:D3}" + " and pain" * (index * 7 % 23))
        for index in range(number)
    ]
    return encoder()(docs)


def padded(batch: list[int], items: list[Example]) -> int:
    return sum(len(items[index].windows) for index in batch) * max(items[index].length for index in batch)


def test_collate_pads_to_the_longest_window():
    first, second = encoder()(documents()[:2])
    batch = collate([first, second])
    lengths = [first.length, second.length]
    assert batch.token_ids.shape == batch.mask.shape == batch.types.shape == batch.tags.shape == (2, max(lengths))
    assert batch.mask.sum(1).tolist() == lengths
    assert batch.token_ids[0, : lengths[0]].tolist() == first.windows[0].ids.tolist()
    padding = ~batch.mask
    assert (batch.token_ids[padding] == PAD_ID).all()
    assert (batch.types[padding] == 0).all()
    assert (batch.tags[padding] == IGNORED_TAG).all()
    assert (batch.tags[batch.mask] >= 0).all()


@pytest.mark.parametrize("settings", [{}, {"window": 16, "overlap": 4}])
def test_tokens_know_their_sentence(settings: dict[str, int]):
    doc, coder = documents()[3], encoder(**settings)
    (sequence,) = coder.subwords.encode([doc])
    index = SentenceIndex(doc)
    expected = [index.sentence(Mention(start, start + 1, "Disease")) for start in sequence.starts.tolist()]
    (item,) = coder([doc])
    batch = collate([item, *coder(documents()[:1])])
    begin = 0
    for row, window in enumerate(item.windows):
        numbers = batch.sentences[row, : len(window.ids)].tolist()
        begin = next(
            at for at in range(begin, len(expected)) if (sequence.ids[at : at + len(numbers)] == window.ids).all()
        )
        assert numbers == expected[begin : begin + len(numbers)]
    assert not batch.sentences[~batch.mask].any()
    assert sorted({*expected}) == [0, 1, 2, 3]


def test_collate_numbers_pairs_one_document_after_the_other():
    schema = several_types_schema()
    items = encoder(schema)(several_types_documents())
    batch = collate(items)
    total = sum(len(item.pairs) for item in items)
    shape = (2, max(len(item.windows[0].heads) for item in items), max(len(item.windows[0].tails) for item in items))
    assert batch.pairs.shape == shape
    assert batch.labels.shape == (total, 4)
    assert batch.weights.shape == (total,)
    assert batch.pairs[0].unique().tolist() == [*range(len(items[0].pairs)), total]
    window = items[1].windows[0]
    corner = batch.pairs[1, : len(window.heads), : len(window.tails)].numpy()
    assert np.array_equal(corner, np.where(window.pairs < 0, total, window.pairs + len(items[0].pairs)))
    assert (batch.pairs[1, len(window.heads) :] == total).all()
    assert batch.labels.numpy().tolist() == np.concatenate([item.labels for item in items]).tolist()


def test_collate_stacks_the_windows_of_a_document():
    (item,) = encoder(window=20, overlap=8)(documents()[3:])
    batch = collate([item])
    assert len(item.windows) > 1
    assert len(batch.token_ids) == len(item.windows)
    assert set(batch.pairs.unique().tolist()) <= {*range(len(item.pairs) + 1)}


def test_a_document_without_words_can_be_batched():
    batch = collate(encoder()([document("1", ""), document("2", " ")]))
    assert batch.token_ids.shape == (2, 0)
    assert batch.labels.shape == (0, 1)


def test_moving_a_batch_moves_every_tensor():
    moved = collate(examples(2)).to(torch.device("meta"))
    tensors = [value for name in moved.__slots__ if isinstance(value := getattr(moved, name), torch.Tensor)]
    assert len(tensors) == len(moved.__slots__) - 1
    assert {tensor.device.type for tensor in tensors} == {"meta"}


def test_without_types_nothing_is_marked():
    batch = collate(examples(2))
    assert batch.types.any()
    assert not batch.without_types().types.any()
    assert torch.equal(batch.without_types().token_ids, batch.token_ids)


@pytest.mark.parametrize("max_tokens", [1, 40, 100, 1000])
def test_packs_keep_the_budget_and_hold_each_example_once(max_tokens: int):
    items = examples()
    batches = pack(items, max_tokens=max_tokens)
    assert sorted(index for batch in batches for index in batch) == list(range(len(items)))
    assert all(len(batch) == 1 or padded(batch, items) <= max_tokens for batch in batches)


def test_packs_are_as_few_as_the_order_of_lengths_allows():
    items = examples()
    batches = pack(items, max_tokens=100)
    for before, after in itertools.pairwise(batches):
        assert padded([*before, after[0]], items) > 100


def test_packing_counts_every_window():
    items = encoder(window=20, overlap=8)(documents() * 3)
    assert all(len(batch) == 1 or padded(batch, items) <= 60 for batch in pack(items, max_tokens=60))


def test_nothing_packs_to_nothing():
    assert pack([], max_tokens=10) == []


@pytest.mark.parametrize("pool", [1, 3, 64])
def test_an_epoch_holds_each_example_once_within_the_budget(pool: int):
    items = examples()
    batches = epoch_batches(items, BatchConfig(max_tokens=90, pool=pool), seed=1, epoch=0)
    assert sorted(index for batch in batches for index in batch) == list(range(len(items)))
    assert all(len(batch) == 1 or padded(batch, items) <= 90 for batch in batches)


def test_an_epoch_depends_on_seed_and_number_alone():
    items, config = examples(), BatchConfig(max_tokens=90, pool=2)
    first = epoch_batches(items, config, seed=3, epoch=5)
    np.random.seed(0)
    torch.manual_seed(0)
    assert epoch_batches(items, config, seed=3, epoch=5) == first
    assert epoch_batches(items, config, seed=3, epoch=6) != first
    assert epoch_batches(items, config, seed=4, epoch=5) != first


def test_sorting_larger_pools_pads_less():
    items = examples(200)

    def padding(pool: int) -> int:
        return sum(
            padded(batch, items)
            for batch in epoch_batches(items, BatchConfig(max_tokens=120, pool=pool), seed=0, epoch=0)
        )

    assert padding(64) < padding(1)
