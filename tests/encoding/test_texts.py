from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.corpus.document import Document
from bran.encoding.mention_classes import IGNORED, MentionClasses
from bran.encoding.texts import TextEncoder, TextExample, collate_texts
from tests.builders import document, documents, subwords
from tests.language_models import tagged_examples

TEXTS = [
    document("a", "Velorin induced tremor.", "After velorin, two men had tremor. Pain was rare. It eased."),
    document("b", "Sotamide in gout.", "Men on brinol developed rash. Gout eased. The rash cleared."),
    document("c", "Kelvane against fever.", "No adverse event was seen. Fever was rare."),
    document("d", "A case of vertigo.", "Ostrelin was stopped. The vertigo cleared in 3 days."),
]


def ids_of(doc: Document) -> list[int]:
    return subwords().encode([doc])[0].ids.tolist()


def test_a_text_is_one_window_unless_it_is_long() -> None:
    examples = TextEncoder(subwords(), window=64)(TEXTS)
    assert [example.document.id for example in examples] == ["a", "b", "c", "d"]
    assert [example.ids.tolist() for example in examples] == [ids_of(doc) for doc in TEXTS]
    assert set(examples[0].sentences.tolist()) == {0, 1, 2, 3}
    assert all((example.second, example.follows) == (example.length, IGNORED) for example in examples)
    cut = TextEncoder(subwords(), window=12)(TEXTS[:1])
    assert all(example.length <= 12 for example in cut)
    assert np.concatenate([example.ids for example in cut]).tolist() == ids_of(TEXTS[0])


def test_half_of_the_second_halves_change_places_and_each_is_read_once() -> None:
    examples = TextEncoder(subwords(), window=64, next_sentence=True)(TEXTS)
    assert sorted(example.follows for example in examples) == [0, 0, 1, 1]
    texts = {doc.id: ids_of(doc) for doc in TEXTS}
    seconds = []
    for example in examples:
        whole, begin = texts[example.document.id], example.second
        assert example.ids[:begin].tolist() == whole[:begin]
        assert (example.ids.tolist() == whole) == bool(example.follows)
        assert 0 < begin < example.length
        assert example.sentences[begin] == example.sentences[begin - 1] + 1
        assert (np.diff(example.sentences) >= 0).all()
        seconds.append(example.ids[begin:].tolist())
    assert sorted(seconds) == sorted(texts[example.document.id][example.second :] for example in examples)


def test_the_seed_decides_the_halves() -> None:
    def halves(seed: int) -> list[tuple[int, int, list[int]]]:
        examples = TextEncoder(subwords(), window=64, next_sentence=True, seed=seed)(TEXTS)
        return [(example.second, example.follows, example.ids.tolist()) for example in examples]

    assert halves(0) == halves(0)
    assert any(halves(0) != halves(seed) for seed in (1, 2, 3))


def test_joined_halves_are_no_longer_than_the_window() -> None:
    window = max(len(ids_of(doc)) for doc in TEXTS)
    for seed in range(8):
        examples = TextEncoder(subwords(), window=window, next_sentence=True, seed=seed)(TEXTS)
        assert all(example.second < example.length <= window for example in examples)


def test_texts_of_one_sentence_or_none_have_no_second_half() -> None:
    docs = [document("1", "Tremor was rare"), document("2", " "), document("3", "Gout eased. Pain eased.")]
    examples = TextEncoder(subwords(), window=64, next_sentence=True)(docs)
    assert [example.follows for example in examples] == [IGNORED, IGNORED, 1]  # with whom would the third change?
    assert examples[1].length == 0


def test_batches_are_padded() -> None:
    examples = TextEncoder(subwords(), window=64, next_sentence=True)(TEXTS)
    batch = collate_texts(examples)
    assert batch.token_ids.shape[1] % 16 == 0
    for row, example in enumerate(examples):
        assert batch.token_ids[row][batch.mask[row]].tolist() == example.ids.tolist()
        assert batch.sentences[row][batch.mask[row]].tolist() == example.sentences.tolist()
        assert batch.second[row].nonzero().flatten().tolist() == list(range(example.second, example.length))
    assert not batch.token_ids[~batch.mask].any()
    assert batch.follows.tolist() == [example.follows for example in examples]
    assert batch.to(torch.device("cpu")).examples == tuple(examples)


def test_words_begin_where_no_subword_goes_on() -> None:
    (example,) = TextEncoder(subwords(), window=64)([document("1", "Velorinable tremors")])
    begins = np.flatnonzero(example.starts).tolist()
    assert len(begins) == 2
    assert begins[0] == 0
    assert example.length > 2


def surfaces(example: TextExample) -> list[str]:
    """The text of each mention, by the characters of its first and last subword."""
    sequence = subwords().encode([example.document])[0]
    bounds = example.mentions[:, :2].tolist()
    return [example.document.text[sequence.starts[begin] : sequence.ends[end - 1]] for begin, end in bounds]


def test_mentions_are_whole_subwords_and_the_outermost_counts() -> None:
    by_id = {example.document.id: example for example in tagged_examples()}
    assert surfaces(by_id["12"]) == ["Sotamide and brinol", "chronic gout", "brinol", "rash", "gout"]
    assert surfaces(by_id["13"]) == ["Kelvane", "fever"]
    classes = MentionClasses.count(documents(), types=True, concepts=3)
    assert classes.types == ("Chemical", "Disease")
    assert classes.concepts == ("MESH:C1", "MESH:D5", "MESH:C5")  # three times each, then twice, the first by id
    told = [tuple(row) for row in by_id["12"].mentions[:, 2:].tolist()]
    assert told == [(0, IGNORED), (1, IGNORED), (0, IGNORED), (1, 1), (1, IGNORED)]  # a composite has no concept


def test_nothing_is_told_of_mentions_unless_asked() -> None:
    (example, *_) = TextEncoder(subwords(), window=64)(documents())
    assert len(example.mentions) == 5
    assert (example.mentions[:, 2:] == IGNORED).all()


@settings(deadline=None)
@given(window=st.integers(8, 40), next_sentence=st.booleans(), seed=st.integers(0, 9))
def test_windows_keep_whole_mentions_and_say_the_same_of_them(window: int, next_sentence: bool, seed: int) -> None:
    classes = MentionClasses.count(documents(), types=True, concepts=9)
    encode = TextEncoder(subwords(), window=window, next_sentence=next_sentence, seed=seed, classes=classes)
    known = {
        (tuple(example.ids[begin:end].tolist()), type_, concept)
        for example in TextEncoder(subwords(), window=999, classes=classes)(documents())
        for begin, end, type_, concept in example.mentions.tolist()
    }
    for example in encode(documents()):
        ends = [0, *example.mentions[:, :2].flatten().tolist(), example.length]
        assert ends == sorted(ends)
        for begin, end, type_, concept in example.mentions.tolist():
            assert (tuple(example.ids[begin:end].tolist()), type_, concept) in known


def test_batches_number_mentions() -> None:
    examples = tagged_examples()
    batch = collate_texts(examples)
    assert batch.mentions.max() == len(batch.types) == len(batch.concepts) == sum(len(e.mentions) for e in examples)
    number = 0
    for row, example in enumerate(examples):
        for begin, end, type_, concept in example.mentions.tolist():
            number += 1
            assert (batch.mentions[row] == number).nonzero().flatten().tolist() == list(range(begin, end))
            assert (batch.types[number - 1], batch.concepts[number - 1]) == (type_, concept)
        assert batch.starts[row][batch.mask[row]].tolist() == example.starts.tolist()
    assert not batch.mentions[~batch.mask].any()
