from __future__ import annotations

import math

import pytest
import torch

from bran.encoding.subwords import PAD_ID, UNK_ID
from bran.errors import ConfigError
from bran.nn.embeddings import EmbeddingConfig, Embeddings


def embeddings(**settings: object) -> Embeddings:
    torch.manual_seed(0)
    config = EmbeddingConfig.model_validate({"word_dropout": 0.0, "dropout": 0.0, **settings})
    return config.build(vocabulary=20, types=2, window=10, dim=4).eval()


IDS = torch.tensor([[5, 7, 5, 0], [9, 9, 0, 0]])
TYPES = torch.tensor([[1, 0, 2, 0], [0, 1, 0, 0]])


def test_an_input_vector_is_the_scaled_sum_of_its_parts():
    module = embeddings()
    embedded = module(IDS, TYPES)
    expected = (module.subwords.weight[7] + module.positions.weight[1] + module.types.weight[0]) * math.sqrt(4)
    torch.testing.assert_close(embedded[0, 1], expected)
    expected = (module.subwords.weight[5] + module.positions.weight[2] + module.types.weight[2]) * math.sqrt(4)
    torch.testing.assert_close(embedded[0, 2], expected)


def test_padding_and_unmarked_subwords_are_zero_vectors():
    module = embeddings()
    assert not module.subwords.weight[PAD_ID].any()
    assert not module.types.weight[0].any()
    module(IDS, TYPES).sum().backward()
    assert not module.subwords.weight.grad[PAD_ID].any()
    assert not module.types.weight.grad[0].any()


def test_without_positions_the_place_does_not_matter():
    embedded = embeddings(positions=False)(IDS, torch.zeros_like(TYPES))
    assert torch.equal(embedded[0, 0], embedded[0, 2])
    embedded = embeddings()(IDS, torch.zeros_like(TYPES))
    assert not torch.equal(embedded[0, 0], embedded[0, 2])


def test_without_types_the_marks_do_not_matter():
    assert torch.equal(embeddings(types=False)(IDS, TYPES), embeddings(types=False)(IDS, torch.zeros_like(TYPES)))
    assert not torch.equal(embeddings()(IDS, TYPES), embeddings()(IDS, torch.zeros_like(TYPES)))


def test_markers_stand_where_mentions_begin_and_end():
    plain, marked = embeddings(), embeddings(markers=True)
    types = torch.tensor([[1, 1, 1, 0, 2, 1, 0], [0, 0, 0, 0, 0, 2, 2]])
    ids = torch.full_like(types, 5)
    marked.load_state_dict(plain.state_dict(), strict=False)
    assert torch.equal(marked(ids, types), plain(ids, types))
    assert marked.markers is not None
    torch.nn.init.normal_(marked.markers.begins.weight)
    torch.nn.init.normal_(marked.markers.ends.weight)
    begins, ends = marked.markers.begins.weight.clone(), marked.markers.ends.weight.clone()
    begins[0] = ends[0] = 0
    # A mention of three subwords, two of one each that touch and differ in type, and one up to the end of the window.
    firsts, lasts = (
        torch.tensor([[1, 0, 0, 0, 2, 1, 0], [0] * 5 + [2, 0]]),
        torch.tensor([[0, 0, 1, 0, 2, 1, 0], [0] * 6 + [2]]),
    )
    with torch.no_grad():
        marked.markers.begins.weight[0] = marked.markers.ends.weight[0] = 0
        added = (marked(ids, types) - plain(ids, types)) / 2
    torch.testing.assert_close(added, begins[firsts] + ends[lasts])


def test_masked_mentions_do_not_tell_what_they_are_called():
    module = embeddings(mask_mentions=True, positions="none", types=False)
    embedded = module(IDS, TYPES)
    torch.testing.assert_close(embedded[0, 0], module.masks.weight[1] * 2)
    torch.testing.assert_close(embedded[0, 2], module.masks.weight[2] * 2)
    torch.testing.assert_close(embedded[0, 1], module.subwords.weight[7] * 2)
    renamed = torch.where(TYPES > 0, 11, IDS)
    assert torch.equal(module(renamed, TYPES), embedded)
    assert not torch.equal(module(renamed, torch.zeros_like(TYPES)), module(IDS, torch.zeros_like(TYPES)))


def test_dropped_words_of_masked_mentions_stay_masked():
    module = embeddings(mask_mentions=True, positions="none", types=False, word_dropout=0.99).train()
    assert torch.equal(module(IDS, TYPES)[TYPES > 0], module.masks(TYPES[TYPES > 0]) * 2)


def test_sinusoids_enter_unscaled():
    embedded = embeddings(positions="sinusoidal")(IDS, torch.zeros_like(TYPES))
    unplaced = embeddings(positions="none")(IDS, torch.zeros_like(TYPES))
    expected = [[math.sin(i), math.cos(i), math.sin(i / 100), math.cos(i / 100)] for i in range(4)]
    torch.testing.assert_close(embedded - unplaced, torch.tensor([expected, expected]))


@pytest.mark.parametrize("kind", ["relative", "rotary"])
def test_positions_that_act_in_attention_leave_the_input_alone(kind: str):
    assert torch.equal(embeddings(positions=kind)(IDS, TYPES), embeddings(positions="none")(IDS, TYPES))


@pytest.mark.parametrize(("name", "marked"), [("word_dropout", False), ("mention_dropout", True)])
def test_dropped_words_become_the_unknown_one(name: str, marked: bool):
    module = embeddings(positions=False, types=False, **{name: 0.4}).train()
    ids = torch.full((50, 40), 5)
    types = torch.full_like(ids, int(marked))
    torch.manual_seed(1)
    embedded = module(ids, types)
    unknown = module.subwords.weight[UNK_ID] * 2
    share = (embedded == unknown).all(2).float().mean().item()
    assert share == pytest.approx(0.4, abs=0.05)
    assert torch.equal(module.eval()(ids, types), (module.subwords.weight[5] * 2).expand(50, 40, 4))


def test_mention_dropout_spares_other_words():
    module = embeddings(positions=False, types=False, mention_dropout=0.99).train()
    ids = torch.full((20, 40), 5)
    assert torch.equal(module(ids, torch.zeros_like(ids)), (module.subwords.weight[5] * 2).expand(20, 40, 4))


def test_padding_is_never_dropped():
    module = embeddings(positions=False, types=False, word_dropout=0.99).train()
    assert not module(torch.zeros(5, 5, dtype=torch.long), torch.zeros(5, 5, dtype=torch.long)).any()


def test_dropout_acts_in_training_only():
    module = embeddings(dropout=0.5)
    assert torch.equal(module(IDS, TYPES), module(IDS, TYPES))
    module.train()
    assert not torch.equal(module(IDS, TYPES), module(IDS, TYPES))


def test_a_start_from_vectors_keeps_their_directions_and_the_scale_of_random_ones():
    module = embeddings()
    vectors = torch.arange(120.0).view(20, 6).sin()
    special = module.subwords.weight[: UNK_ID + 1].clone()
    module.start_from(vectors)
    started = module.subwords.weight[UNK_ID + 1 :]
    ratio = started / vectors[UNK_ID + 1 :, :4]
    torch.testing.assert_close(ratio, ratio[0, 0].expand(18, 4), rtol=2e-3, atol=0)  # 16 bits keep three digits
    assert started.std().item() == pytest.approx(1 / math.sqrt(4), rel=0.1)
    torch.testing.assert_close(module.subwords.weight[: UNK_ID + 1], special, rtol=1e-3, atol=1e-6)
    assert torch.equal(module.subwords.weight, module.subwords.weight.half().float())
    module(IDS, TYPES).sum().backward()
    assert module.subwords.weight.grad.any()


def test_vectors_that_are_too_short_are_refused():
    with pytest.raises(ConfigError, match=r"subword vectors of 3 dimensions; expected at least encoder\.dim = 4"):
        embeddings().start_from(torch.zeros(20, 3))
