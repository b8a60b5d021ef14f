from __future__ import annotations

import pytest
import torch

from bran.corpus.schema import load_schema
from bran.encoding.batches import SHAPES, collate
from bran.encoding.labels import GoldLabels
from bran.encoding.unstated import PositiveUnlabelledConfig
from bran.nn.losses import pair_loss, tag_loss
from bran.nn.unlabelled import unlabelled_risk
from bran.training.objective import PairObjective, TaggingConfig
from tests.builders import documents, encoder, network


@pytest.mark.parametrize("weight", [0.0, 1.0, 10.0])
def test_the_loss_is_the_sum_of_its_parts(weight: float):
    model, batch = network(), collate(encoder()(documents()))
    loss, parts = PairObjective(model, TaggingConfig(weight=weight))(batch, chance=0.0)
    pairs = pair_loss(model.link.losses(model(batch), batch.labels), batch.weights)
    tags = tag_loss(model.tag(batch), batch.tags)
    torch.testing.assert_close(loss, pairs + weight * tags)
    assert {name: part.item() for name, part in parts.items()} == {"pair_loss": pairs.item(), "tag_loss": tags.item()}
    assert not any(part.requires_grad for part in parts.values())


def test_lengths_are_rounded_up_so_that_few_shapes_follow_each_other():
    model, examples = network(), encoder()(documents())
    batch = PairObjective(model, TaggingConfig()).collate(examples)
    assert {length % SHAPES for length in (*batch.token_ids.shape[1:], *batch.pairs.shape[1:])} == {0}
    torch.testing.assert_close(model(batch), model(collate(examples)), atol=1e-5, rtol=1e-5)


def test_without_tagging_the_tagger_learns_nothing():
    model, batch = network(), collate(encoder()(documents()))
    loss, parts = PairObjective(model, TaggingConfig())(batch, chance=0.9)
    loss.backward()
    assert set(parts) == {"pair_loss"}
    assert parts["pair_loss"].item() == loss.item()
    assert model.tagger.weight.grad is None


def test_pairs_that_do_not_count_do_not_teach():
    coder = encoder()
    coder.labels = GoldLabels(coder.schema, lambda doc, pairs: [False] * len(pairs))
    model, batch = network(), collate(coder(documents()))
    loss, _ = PairObjective(model, TaggingConfig())(batch, chance=0.9)
    loss.backward()
    assert loss.item() == 0
    assert not any(weight.grad.any() for weight in model.parameters() if weight.grad is not None)


def test_what_is_unlabelled_is_no_negative():
    schema, coder = load_schema("cdr"), encoder()
    coder.labels = PositiveUnlabelledConfig(recall=0.5).labels(GoldLabels(schema), lambda model: GoldLabels(schema))
    model, complete, unlabelled = network(), collate(encoder()(documents())), collate(coder(documents()))
    objective = PairObjective(model, TaggingConfig())
    loss, _ = objective(unlabelled, chance=0.9)
    margins = model.link.margins(model(unlabelled))
    risk = unlabelled_risk(margins, unlabelled.labels, unlabelled.weights, unlabelled.recall) / len(margins)
    torch.testing.assert_close(loss, risk)
    assert loss.item() != objective(complete, chance=0.9)[0].item()
