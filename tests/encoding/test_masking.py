from __future__ import annotations

import numpy as np
import pytest
import torch

from bran.config import parse_config
from bran.corpus.document import Document
from bran.encoding.masking import IGNORED, MaskingConfig, TextEncoder, collate_texts
from bran.encoding.subwords import PAD_ID, UNK_ID
from bran.errors import ConfigError
from tests.builders import document, subwords

TEXTS = [
    document("a", "Velorin induced tremor.", "After velorin, two men had tremor. Pain was rare. It eased."),
    document("b", "Sotamide in gout.", "Men on brinol developed rash. Gout eased. The rash cleared."),
    document("c", "Kelvane against fever.", "No adverse event was seen. Fever was rare."),
    document("d", "A case of vertigo.", "Ostrelin was stopped. The vertigo cleared in 3 days."),
]
VOCABULARY = 50


def many() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randint(UNK_ID + 1, VOCABULARY, (200, 500))


def test_eight_in_ten_are_hidden_one_replaced_and_one_kept() -> None:
    ids = many()
    read, targets = MaskingConfig().hide(ids, vocabulary=VOCABULARY)
    told = targets != IGNORED
    assert told.float().mean().item() == pytest.approx(0.15, abs=0.005)
    assert torch.equal(targets[told], ids[told])
    assert torch.equal(read[~told], ids[~told])
    hidden, same = read[told] == UNK_ID, read[told] == ids[told]
    assert hidden.float().mean().item() == pytest.approx(0.8, abs=0.01)
    # One in ten stays, and of those that are replaced one in so many is drawn as itself.
    assert same.float().mean().item() == pytest.approx(0.1 + 0.1 / (VOCABULARY - 2), abs=0.01)
    others = read[told][~hidden & ~same]
    assert others.min() == UNK_ID + 1
    assert others.max() == VOCABULARY - 1


def test_padding_and_unknown_subwords_are_never_told() -> None:
    ids = many()
    ids[:, ::2], ids[:, 1::4] = PAD_ID, UNK_ID
    read, targets = MaskingConfig(rate=0.9).hide(ids, vocabulary=VOCABULARY)
    special = ids <= UNK_ID
    assert (targets[special] == IGNORED).all()
    assert torch.equal(read[special], ids[special])
    assert (targets[~special] != IGNORED).float().mean() > 0.85


@pytest.mark.parametrize(("masked", "replaced", "left"), [(1.0, 0.0, "none"), (0.0, 1.0, "few"), (0.0, 0.0, "all")])
def test_shares_decide_what_becomes_of_the_chosen(masked: float, replaced: float, left: str) -> None:
    ids = many()
    read, targets = MaskingConfig(masked=masked, replaced=replaced).hide(ids, vocabulary=VOCABULARY)
    same = (read == ids)[targets != IGNORED].float().mean().item()
    low, high = {"none": (0, 0), "few": (0.001, 0.1), "all": (1, 1)}[left]
    assert low <= same <= high


def test_the_seed_of_torch_decides_what_is_hidden() -> None:
    def hidden(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return MaskingConfig().hide(torch.full((20, 50), 7), vocabulary=VOCABULARY)[1]

    assert torch.equal(hidden(3), hidden(3))
    assert not torch.equal(hidden(3), hidden(4))


def test_shares_of_more_than_all_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"masked 0\.8 and replaced 0\.3 are more than all"):
        parse_config(MaskingConfig, {"replaced": 0.3}, source="masking")


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
