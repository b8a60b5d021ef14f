from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from bran.config import config_hash
from bran.encoding.batches import Batch, collate
from bran.nn.losses import pair_loss
from bran.nn.model import Bran
from bran.training.objective import PairObjective, TaggingConfig
from bran.training.regularisation import Adversarial, Consistency, Passes, RegularisationConfig, WithinSentences
from tests.builders import (
    documents,
    encoder,
    network,
    several_types_documents,
    several_types_schema,
    tiny_trainer,
    training_config,
)

ADDED = {"consistency": Consistency, "adversarial": Adversarial, "sentences": WithinSentences}


def batch(**settings: Any) -> Batch:
    """The four abstracts in double precision."""
    made = collate(encoder(**settings)(documents()))
    features, labels, weights = made.features.double(), made.labels.double(), made.weights.double()
    return replace(made, features=features, labels=labels, weights=weights)


def model(*changes: str) -> Bran:
    return network(*changes).double()


def objective(network: Bran, **settings: float) -> PairObjective:
    return PairObjective(network, TaggingConfig(probability=0.0), RegularisationConfig(**settings))


def plain(network: Bran, inputs: Batch) -> torch.Tensor:
    return pair_loss(network.link.losses(network(inputs), inputs.labels), inputs.weights)


def test_nothing_is_added_by_default():
    net, inputs = network("scorer.dropout=0.4").train(), collate(encoder()(documents()))
    torch.manual_seed(0)
    expected = plain(net, inputs)
    torch.manual_seed(0)
    loss, parts = objective(net)(inputs, chance=0.5)
    assert torch.equal(loss, expected)
    assert set(parts) == {"pair_loss"}
    assert RegularisationConfig().build() == {}


def test_older_configs_have_the_hash_that_they_had():
    assert "regularisation" not in training_config().model_dump()
    assert config_hash(training_config("regularisation={consistency: 0.0}")) == config_hash(training_config())
    hashes = {config_hash(training_config(f"regularisation={{{name}: 0.5}}")) for name in (*ADDED, "label_smoothing")}
    assert len(hashes | {config_hash(training_config())}) == 5


def test_smoothed_labels_are_what_is_told():
    net, inputs = model(), batch()
    loss, _ = objective(net, label_smoothing=0.2)(inputs, chance=0.5)
    # One relation type and null: a tenth goes to each.
    expected = pair_loss(net.link.losses(net(inputs), 0.8 * inputs.labels + 0.1), inputs.weights)
    torch.testing.assert_close(loss, expected)


def test_what_may_hold_unlabelled_is_not_smoothed():
    net, inputs = model(), batch()
    unknown = replace(inputs, recall=torch.full_like(inputs.recall, 0.5))
    assert torch.equal(Passes(net, unknown, smoothing=0.2).labels, inputs.labels)


def test_passes_that_agree_are_learned_from_twice():
    net, inputs = model(), batch()
    passes = Passes(net, inputs)
    torch.testing.assert_close(Consistency(3.0)(passes), plain(net, inputs))


def test_passes_that_differ_are_drawn_together():
    net, inputs = model("scorer.dropout=0.5").train(), batch()
    torch.manual_seed(4)
    first, second = net(inputs), net(inputs)
    torch.manual_seed(4)
    loss, parts = objective(net, consistency=0.7)(inputs, chance=0.5)
    one, other = first.softmax(1), second.softmax(1)
    apart = ((one * (one / other).log()).sum(1) + (other * (other / one).log()).sum(1)) / 2
    losses = sum(pair_loss(net.link.losses(logits, inputs.labels), inputs.weights) for logits in (first, second))
    assert apart.max() > 1e-4
    torch.testing.assert_close(loss, losses + 0.7 * pair_loss(apart, inputs.weights))
    torch.testing.assert_close(loss, parts["pair_loss"] + parts["consistency_loss"])


def test_input_vectors_are_moved_by_the_length_in_every_window():
    net, inputs = model(), batch()
    passes = Passes(net, inputs)
    seen: list[torch.Tensor] = []
    run = passes.run
    passes.run = lambda embedded: (seen.append(embedded), run(embedded))[1]  # type: ignore[method-assign]
    Adversarial(0.25)(passes)
    steps = (seen[0] - passes.first.embedded).flatten(1).norm(dim=1)
    torch.testing.assert_close(steps, torch.full((4,), 0.25, dtype=torch.float64))
    assert not (seen[0] - passes.first.embedded)[~inputs.mask].any()


def test_the_loss_grows_along_the_gradient_by_length_times_its_norm():
    net, inputs = model(), collate([batch().examples[0]])
    passes = Passes(net, replace(inputs, features=inputs.features.double()))
    loss = passes.loss(passes.first.logits)
    (gradient,) = torch.autograd.grad(loss, passes.first.embedded, retain_graph=True)
    grown = Adversarial(1e-4)(passes) - loss
    torch.testing.assert_close(grown, 1e-4 * gradient.norm(), rtol=1e-2, atol=0)


@pytest.mark.parametrize("types", ["true", "false"])
def test_frozen_input_vectors_are_moved_too(types: str):
    net = model("embeddings.frozen=true", "embeddings.positions=none", f"embeddings.types={types}")
    loss, parts = objective(net, adversarial=0.5)(batch(), chance=0.5)
    loss.backward()
    assert parts["adversarial_loss"] > parts["pair_loss"]
    assert net.embeddings.subwords.weight.grad is None
    assert net.scorer.biaffine.weight.grad is not None


def test_pairs_without_a_weight_move_nothing():
    inputs = batch()
    silent = replace(inputs, weights=torch.zeros_like(inputs.weights))
    assert Adversarial(0.5)(Passes(model(), silent)).item() == 0


def test_what_sentences_say_is_the_loss_of_their_mention_pairs_alone():
    net, some = model("scorer.layouts=true"), batch(mention_pairs="sentence")
    torch.nn.init.normal_(net.scorer.layouts.weight)
    assert len(some.labels) < len(batch().labels)
    torch.testing.assert_close(WithinSentences(1.0)(Passes(net, batch())), plain(net, some))
    torch.testing.assert_close(WithinSentences(0.25)(Passes(net, batch())), 0.25 * plain(net, some))


def test_pairs_that_share_no_sentence_have_no_such_loss():
    inputs = collate(encoder()(documents()[3:]))
    apart = [pair.head.id == "MESH:C1" and pair.tail.id == "MESH:D7" for pair in inputs.examples[0].pairs]
    alone = replace(inputs, pairs=inputs.pairs.masked_fill(inputs.pairs != apart.index(True), len(apart)))
    passes = Passes(network(), alone)
    added = WithinSentences(1.0)(passes)
    assert added.item() == 0
    added.backward()


@pytest.mark.parametrize("name", ADDED)
@pytest.mark.parametrize("link", ["plain", "threshold"])
def test_each_changes_the_gradient_under_every_link(name: str, link: str):
    schema = several_types_schema()
    inputs = collate(encoder(schema)(several_types_documents()))
    gradients = []
    for strength in (0.0, 0.5):
        net = network(f"link={link}", "scorer.dropout=0.3", schema=schema).train()
        torch.manual_seed(0)
        objective(net, **{name: strength})(inputs, chance=0.5)[0].backward()
        gradients.append(net.scorer.biaffine.weight.grad)
    assert not torch.allclose(gradients[0], gradients[1], rtol=1e-3)


def test_all_of_them_train_together():
    every = "regularisation={label_smoothing: 0.1, consistency: 0.5, adversarial: 0.2, sentences: 0.3}"
    progress = tiny_trainer("epochs=20", every, model=network("scorer.dropout=0.1")).run()
    first, last = progress.history[0], progress.history[-1]
    assert {f"{name}_loss" for name in (*ADDED, "pair", "tag")} <= {*first}
    assert last["pair_loss"] < first["pair_loss"]
