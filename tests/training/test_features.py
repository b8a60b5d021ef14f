"""The perceptron over features goes first: it learns alone, and is left alone from then on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from bran.encoding.labels import GoldLabels
from bran.encoding.unstated import PositiveUnlabelledConfig
from bran.errors import TrainingError
from bran.training.features import FeatureTrainingConfig
from tests.builders import encoder, network
from tests.runs import abstracts

CONFIG = FeatureTrainingConfig(epochs=30, pairs=8, learning_rate=0.02)


def examples():
    return encoder()(abstracts())


def losses(model, examples):
    pairs = [example for example in examples if example.pairs]
    features = torch.cat([torch.from_numpy(example.features) for example in pairs])
    labels = torch.cat([torch.from_numpy(example.labels) for example in pairs])
    with torch.no_grad():
        return model.link.losses(model.scorer.structure.eval()(features), labels).mean().item()


def test_it_learns_alone_and_is_frozen():
    model, docs = network("scorer.structure=8"), examples()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    start = losses(model, docs)
    CONFIG.train(model, docs, seed=1)
    assert losses(model, docs) < 0.8 * start
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed
    assert all(name.startswith("scorer.structure.") for name in changed)
    assert not any(parameter.requires_grad for parameter in model.scorer.structure.parameters())
    assert all(parameter.requires_grad for parameter in model.encoder.parameters())


def test_the_same_seed_gives_the_same_weights():
    first, second = network("scorer.structure=8"), network("scorer.structure=8")
    for model in (first, second):
        CONFIG.train(model, examples(), seed=3)
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


def test_it_learns_soft_labels_as_they_are():
    model = network("scorer.structure=8")
    soft = [replace(example, labels=np.full_like(example.labels, 0.3)) for example in examples()]
    CONFIG.train(model, soft, seed=1)
    features = torch.cat([torch.from_numpy(example.features) for example in soft])
    with torch.no_grad():
        scores = model.link.scores(model.scorer.structure.eval()(features))
    assert scores.mean().item() == pytest.approx(0.3, abs=0.05)


def test_without_epochs_it_is_frozen_as_it_is():
    model = network("scorer.structure=8")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    FeatureTrainingConfig(epochs=0).train(model, examples(), seed=0)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert not any(parameter.requires_grad for parameter in model.scorer.structure.parameters())


def test_what_is_not_stated_may_be_unlabelled():
    schema = encoder().schema
    docs, coder = abstracts(), encoder()
    coder.labels = PositiveUnlabelledConfig(recall=0.5).labels(GoldLabels(schema), lambda model: GoldLabels(schema))
    complete, unlabelled = network("scorer.structure=8"), network("scorer.structure=8")
    CONFIG.train(complete, examples(), seed=1)
    CONFIG.train(unlabelled, coder(docs), seed=1)
    features = torch.cat([torch.from_numpy(example.features) for example in examples()])

    def score(model):
        with torch.no_grad():
            return model.link.scores(model.scorer.structure.eval()(features)).mean().item()

    # A third of the pairs is stated; where that is half of what holds, two thirds do.
    assert score(complete) == pytest.approx(1 / 3, abs=0.1)
    assert score(unlabelled) > score(complete) + 0.1


def test_nothing_to_train():
    with pytest.raises(TrainingError, match=r"the scorer hears of none \(structure = 0\)"):
        CONFIG.train(network(), examples(), seed=0)
    with pytest.raises(TrainingError, match="none of 0 examples has a pair"):
        CONFIG.train(network("scorer.structure=8"), [], seed=0)
