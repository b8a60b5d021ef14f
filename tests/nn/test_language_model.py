from __future__ import annotations

import pytest
import torch

from bran.errors import ConfigError
from bran.nn.language_model import FollowsHead, LanguageModelConfig, mention_vectors
from tests.builders import network
from tests.language_models import language_model


def inputs(windows: int = 3, tokens: int = 16) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    ids = torch.randint(2, 20, (windows, tokens))
    return ids, torch.ones_like(ids, dtype=torch.bool), torch.arange(tokens).expand(windows, -1) // 4


def test_the_table_of_answers_is_that_of_the_embeddings() -> None:
    model = language_model()
    table = model.reader.embeddings.subwords.weight
    vectors = torch.randn(5, 8)
    torch.testing.assert_close(model.tell(vectors), model.words.transform(vectors) @ table.T + model.words.bias)
    assert sum(parameter is table for parameter in model.parameters()) == 1
    model.tell(vectors).sum().backward()
    assert table.grad is not None
    assert table.grad.abs().sum() > 0


def test_weights_have_the_names_that_they_have_in_a_relation_model() -> None:
    reader, bran = language_model().reader.state_dict(), network(window=64).state_dict()
    shared = {name for name in bran if name.startswith(("embeddings.subwords", "embeddings.positions", "encoder."))}
    assert set(reader) == shared


@pytest.mark.parametrize("next_sentence", [False, True])
def test_the_second_head_is_there_when_asked_for(next_sentence: bool) -> None:
    assert (language_model(next_sentence=next_sentence).follows is not None) == next_sentence


@pytest.mark.parametrize(("types", "concepts"), [(0, 0), (3, 0), (0, 5), (3, 5)])
def test_heads_of_mentions_are_there_when_asked_for_and_no_part_of_the_reader(types: int, concepts: int) -> None:
    model = language_model(types=types, concepts=concepts)
    assert (model.types is not None, model.concepts is not None) == (types > 0, concepts > 0)
    for head, classes in ((model.types, types), (model.concepts, concepts)):
        assert head is None or head(torch.randn(2, 8)).shape == (2, classes)
    assert set(model.reader.state_dict()) == set(language_model().reader.state_dict())


def test_a_mention_is_the_mean_of_its_vectors() -> None:
    vectors = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 0.0]], [[9.0, 9.0], [7.0, 7.0], [1.0, 1.0]]])
    mentions = torch.tensor([[1, 1, 0], [0, 3, 0]])
    expected = torch.tensor([[2.0, 3.0], [0.0, 0.0], [7.0, 7.0]])
    torch.testing.assert_close(mention_vectors(vectors, mentions, 3), expected)
    assert mention_vectors(vectors, torch.zeros_like(mentions), 0).shape == (0, 2)
    double = vectors.double().requires_grad_()
    (gradient,) = torch.autograd.grad(mention_vectors(double, mentions, 3).sum(), double)
    assert gradient[:, :, 0].tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]


def test_frozen_embeddings_stay_and_the_rest_learns() -> None:
    model = language_model("embeddings.frozen=true")
    model.tell(model.reader(*inputs()).flatten(0, 1)).sum().backward()
    assert model.reader.embeddings.subwords.weight.grad is None
    assert all(parameter.grad is not None for parameter in model.parameters() if parameter.requires_grad)
    assert "frozen" not in LanguageModelConfig().model_dump(mode="json")["embeddings"]


def test_passages_are_told_by_their_means() -> None:
    head = FollowsHead(2)
    vectors = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 0.0], [9.0, 9.0]]])
    first, second = torch.tensor([[True, True, False, False]]), torch.tensor([[False, False, True, False]])
    torch.testing.assert_close(head(vectors, first, second), head.layers(torch.tensor([[2.0, 3.0, 5.0, 0.0]])))
    assert torch.isfinite(head(vectors, first, torch.zeros_like(second))).all()


def test_gradients_of_both_heads() -> None:
    model = language_model(next_sentence=True).double()
    assert model.follows is not None
    vectors = torch.randn(2, 3, 8, dtype=torch.float64, requires_grad=True)
    first, second = torch.tensor([[True, True, False]] * 2), torch.tensor([[False, False, True]] * 2)
    assert torch.autograd.gradcheck(lambda x: model.tell(x.flatten(0, 1)), vectors)
    assert torch.autograd.gradcheck(lambda x: model.follows(x, first, second), vectors)  # type: ignore[misc]


def test_padding_changes_nothing() -> None:
    model = language_model()
    ids, mask, sentences = inputs()
    short = model.reader(ids, mask, sentences)
    padded = [torch.nn.functional.pad(tensor, (0, 16)) for tensor in (ids, mask, sentences)]
    torch.testing.assert_close(model.reader(*padded)[:, :16], short)


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "relative", "rotary", "none"])
def test_every_kind_of_positions_and_attention_in_sentences(positions: str) -> None:
    model = language_model(f"embeddings.positions={positions}", "encoder.attention.within_sentences=true")
    assert model.reader(*inputs()).shape == (3, 16, 8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("embeddings.types=true", "unknown key 'embeddings.types'"),
        ("scorer.dim=3", "unknown key 'scorer'"),
    ],
)
def test_keys_that_would_do_nothing_are_refused(change: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        language_model(change)


def test_positions_without_attention_to_act_in_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"embeddings\.positions = relative: acts in attention, and encoder\.attention"
    ):
        language_model("embeddings.positions=relative", "encoder.attention=null")
