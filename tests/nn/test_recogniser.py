from __future__ import annotations

import pytest
import torch

from bran.encoding.subwords import PAD_ID, UNK_ID
from bran.encoding.tagging import collate_tagging
from bran.errors import ConfigError
from bran.nn.chain import TagChain
from bran.nn.recogniser import FeatureEmbeddings
from tests.builders import document
from tests.recognisers import bare, encoded, notes, recogniser_config, recogniser_network, tagging_encoder, vocabulary


def embeddings(*changes: str) -> FeatureEmbeddings:
    torch.manual_seed(0)
    return FeatureEmbeddings(recogniser_config(*changes), sizes=tagging_encoder().sizes(2))


def test_emissions_have_one_score_for_each_tag():
    batch = collate_tagging(encoded(notes()))
    assert recogniser_network()(batch).shape == (*batch.mask.shape, 5)


def test_every_parameter_has_a_gradient():
    network = recogniser_network("word_dropout=0.1", "lexicon_dropout=0.1", "dropout=0.1").train()
    network.losses(collate_tagging(encoded(notes()))).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_the_loss_falls_along_its_gradient():
    network, batch = recogniser_network(), collate_tagging(encoded(notes()))
    optimiser = torch.optim.SGD(network.parameters(), lr=0.001)
    losses = []
    for _ in range(3):
        loss = network.losses(batch).sum()
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert losses[0] > losses[1] > losses[2] > 0


def test_a_batch_gives_each_window_what_it_gets_alone():
    network = recogniser_network()
    examples = encoded([*notes(), document("1", "Velorin and tremor. " * 12)])
    batch = collate_tagging(examples)
    together, losses, tags = network(batch), network.losses(batch), network.tag(batch)
    for row, example in enumerate(examples):
        alone, length = collate_tagging([example]), example.length
        torch.testing.assert_close(network(alone)[0, :length], together[row, :length], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(network.losses(alone)[0], losses[row], atol=1e-4, rtol=1e-4)
        assert network.tag(alone)[0, :length].tolist() == tags[row, :length].tolist()


def test_padding_is_tagged_o():
    batch = collate_tagging(encoded(notes()))
    assert not recogniser_network().tag(batch)[~batch.mask].any()


def test_the_loss_is_that_of_the_chain_in_32_bits():
    network, batch = recogniser_network(), collate_tagging(encoded(notes()))
    assert isinstance(network.chain, TagChain)
    expected = network.chain.losses(network(batch), batch.mask, batch.allowed)
    torch.testing.assert_close(network.losses(batch), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = network.losses(batch)
        assert network(batch).dtype == rough.dtype == torch.float32
    torch.testing.assert_close(rough, expected, rtol=0.05, atol=0.5)


def test_what_no_annotation_speaks_of_costs_nothing():
    losses = recogniser_network().losses(collate_tagging(encoded(notes(), None)))
    torch.testing.assert_close(losses, torch.zeros_like(losses))


@pytest.mark.parametrize("column", range(4))
def test_every_feature_counts(column: int):
    network, batch = recogniser_network(styles=2), collate_tagging(encoded(notes()[:1]))
    before = network(batch)
    batch.features[0, 0, column] = 1 if batch.features[0, 0, column] != 1 else 0
    assert not torch.allclose(network(batch)[0, 0], before[0, 0], atol=1e-3)


# What is dropped in training


def test_word_dropout_hides_the_subword_alone():
    features = collate_tagging(encoded(notes())).features
    dropped = embeddings("word_dropout=0.5")._drop(features)
    hidden = (dropped != features).any(2)
    assert 0.3 < hidden[features[:, :, 0] != PAD_ID].float().mean() < 0.7
    assert (dropped[hidden][:, 0] == UNK_ID).all()
    assert torch.equal(dropped[:, :, 1:], features[:, :, 1:])
    assert not hidden[features[:, :, 0] == PAD_ID].any()


def test_lexicon_dropout_silences_whole_windows():
    features = collate_tagging(encoded(notes() * 30)).features
    dropped = embeddings("lexicon_dropout=0.5")._drop(features)
    assert torch.equal(dropped[:, :, [0, 1, 3]], features[:, :, [0, 1, 3]])
    named = features[:, :, 2].any(1)
    silent = named & ~dropped[:, :, 2].any(1)
    assert torch.equal(dropped[~silent], features[~silent])
    assert 0.3 < (silent.sum() / named.sum()).item() < 0.7


def test_nothing_is_dropped_outside_training():
    features = collate_tagging(encoded(notes())).features
    module = embeddings("word_dropout=0.9", "lexicon_dropout=0.9", "dropout=0.9")
    assert not torch.equal(module(features), module(features))
    module.eval()
    assert torch.equal(module(features), module(features))


# Vectors to start from, and 16 bits


def test_embeddings_start_from_the_first_dimensions_of_vectors():
    module, vectors = embeddings(), torch.randn(len(vocabulary()), 20)
    module.start_from(vectors)
    weight = module.subwords.weight
    torch.testing.assert_close(weight / weight[3, 2], vectors[:, :16] / vectors[3, 2], rtol=1e-4, atol=1e-4)
    assert 0.4 < weight.std().item() < 0.6
    assert weight.requires_grad


def test_vectors_with_too_few_dimensions_are_refused():
    with pytest.raises(ConfigError, match=r"vectors of 15 dimensions; expected at least encoder\.dim = 16"):
        embeddings().start_from(torch.randn(len(vocabulary()), 15))


def test_rounding_leaves_subwords_in_16_bits_and_tags_as_they_were():
    network, batch = recogniser_network(), collate_tagging(encoded(bare(notes()), None))
    exact = network.embeddings.subwords.weight.clone()
    before = network(batch)
    network.embeddings.round()
    rounded = network.embeddings.subwords.weight
    assert torch.equal(rounded, rounded.half().float())
    assert not torch.equal(rounded, exact)
    torch.testing.assert_close(rounded, exact, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(network(batch), before, rtol=0.02, atol=0.02)
