from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from bran.corpus.document import Document
from bran.encoding.batches import collate
from bran.encoding.examples import Example
from bran.errors import TrainingError
from bran.nn.model import Bran
from bran.training.loop import Checkpoints, Hooks, Metrics, Trainer
from bran.training.optimiser import PEAK
from tests.builders import (
    VARIANTS,
    documents,
    encoder,
    network,
    several_types_documents,
    several_types_schema,
    tiny_trainer,
    training_config,
)


def weights(model: Bran) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


def trained(*changes: str, docs: list[Document] | None = None, dropout: bool = False) -> dict[str, Tensor]:
    """The weights after a run from the same start."""
    model = network(*(["scorer.dropout=0.3"] if dropout else []))
    tiny_trainer(*changes, model=model, docs=docs).run()
    return weights(model)


class Scores:
    """Hands out validation scores one by one and remembers the weights that it was shown."""

    def __init__(self, *scores: float) -> None:
        self.scores = list(scores)
        self.shown: list[dict[str, Tensor]] = []

    def __call__(self, model: Bran) -> Metrics:
        assert not model.training
        self.shown.append(weights(model))
        return {"score": self.scores[len(self.shown) - 1], "precision": 0.25}


@pytest.mark.parametrize("exclusive", [None, True, False])
def test_one_batch_can_be_learned_by_heart(exclusive: bool | None):
    schema = None if exclusive is None else several_types_schema(exclusive=exclusive)
    docs = documents() if schema is None else several_types_documents()[1:]
    model = network("encoder.dim=16", schema=schema)
    examples = encoder(schema)(docs)
    config = training_config("epochs=120", "batches.max_tokens=1000", "average=0", "tagging.probability=0")
    progress = Trainer(model, config, examples).run()
    batch = collate(examples)
    with torch.no_grad():
        predicted = model.eval().link.scores(model(batch)) > 0.5
    assert progress.step == 120
    assert progress.history[-1]["pair_loss"] < 0.01 < progress.history[0]["pair_loss"]
    assert torch.equal(predicted, batch.labels > 0.5)


def test_the_tags_of_one_batch_can_be_learned_by_heart():
    model = network("encoder.dim=16")
    progress = tiny_trainer(
        "epochs=100", "batches.max_tokens=1000", "average=0", "tagging.probability=1", model=model
    ).run()
    batch = collate(encoder()(documents()))
    with torch.no_grad():
        predicted = model.eval().tag(batch).argmax(-1)
    assert progress.history[-1]["tag_loss"] < 0.1
    assert torch.equal(predicted[batch.mask], batch.tags[batch.mask])


def test_the_same_seed_gives_the_same_weights():
    assert same(trained(dropout=True), trained(dropout=True))
    assert not same(trained(dropout=True), trained("seed=1", dropout=True))


@pytest.mark.parametrize(
    "change",
    [
        "epochs=3",
        "average=0.05",
        "batches.max_tokens=40",
        "accumulate=2",
        "optimiser.learning_rate=0.02",
        "optimiser.kind=adam",
        "optimiser.betas=[0.8, 0.9]",
        "optimiser.weight_decay=0.5",
        "optimiser.clip=0.001",
        "optimiser.gradient_noise=0.1",
        "schedule.kind=constant",
        "schedule.warmup=0.5",
        "tagging.probability=0",
        "tagging.weight=10",
        "precision=bf16",
    ],
)
def test_every_setting_changes_the_weights(change: str):
    settings = ("batches.max_tokens=30", "tagging.probability=1")
    assert not same(trained(*settings), trained(*settings, change))


def test_steps_and_documents_are_counted():
    advanced: list[int] = []
    logged: list[tuple[int, Metrics]] = []
    hooks = Hooks(advance=advanced.append, log=lambda metrics, epoch: logged.append((epoch, metrics)))
    progress = tiny_trainer("batches.max_tokens=1", "accumulate=3", hooks=hooks).run()
    assert advanced == [3, 1, 3, 1]  # four batches of one document an epoch
    assert (progress.epoch, progress.batch, progress.step) == (2, 0, 4)
    assert [epoch for epoch, _ in logged] == [1, 2]
    assert [metrics for _, metrics in logged] == progress.history
    assert all(metrics["documents_per_second"] > 0 and metrics["pair_loss"] > 0 for metrics in progress.history)


def test_documents_without_a_pair_are_passed_over():
    bare = documents()[0].with_mentions(())
    assert len(tiny_trainer(docs=[bare, *documents()]).examples) == 4


@pytest.mark.parametrize("docs", [[], [documents()[0].with_mentions(())]])
def test_nothing_to_learn_from_is_refused(docs: list[Document]):
    with pytest.raises(TrainingError, match=f"none of the {len(docs)} training documents has a pair to learn from"):
        tiny_trainer(docs=docs)


def test_a_loss_that_is_no_number_names_the_documents():
    model = network()
    torch.nn.init.constant_(model.scorer.biaffine.weight, math.nan)
    with pytest.raises(TrainingError, match=r"^epoch 1: the loss is nan on documents 1\d(, 1\d)*$"):
        tiny_trainer(model=model).run()


def test_weights_that_overflow_end_the_run():
    with pytest.raises(TrainingError, match=r"epoch \d+: the loss is (nan|inf) on documents"):
        tiny_trainer("optimiser.learning_rate=1e30", "schedule.warmup=0", "epochs=30", "average=0").run()


def test_the_best_epoch_is_kept():
    validate = Scores(0.2, 0.7, 0.5)
    model = network()
    progress = tiny_trainer("epochs=3", model=model, hooks=Hooks(validate=validate)).run()
    assert (progress.best, progress.best_epoch) == (0.7, 2)
    assert same(weights(model), validate.shown[1])
    assert [metrics["score"] for metrics in progress.history] == [0.2, 0.7, 0.5]
    assert progress.history[0]["precision"] == 0.25


def test_of_equal_epochs_the_first_is_kept():
    progress = tiny_trainer("epochs=3", hooks=Hooks(validate=Scores(0.7, 0.7, 0.7))).run()
    assert progress.best_epoch == 1


def test_the_last_epoch_is_kept_when_asked():
    validate = Scores(0.9, 0.7, 0.5)
    model = network()
    tiny_trainer("epochs=3", "keep_best=false", model=model, hooks=Hooks(validate=validate)).run()
    assert same(weights(model), validate.shown[2])


def test_a_score_that_is_no_number_is_never_the_best():
    progress = tiny_trainer("epochs=3", hooks=Hooks(validate=Scores(math.nan, 0.1, math.nan))).run()
    assert (progress.best, progress.best_epoch) == (0.1, 2)


@pytest.mark.parametrize(
    ("patience", "scores", "epochs"),
    [
        (0, [0.5, 0.4, 0.3, 0.2, 0.1], 5),
        (1, [0.5, 0.4], 2),
        (2, [0.5, 0.6, 0.5, 0.5], 4),
        (2, [0.1, 0.0, 0.2, 0.1, 0.3], 5),
    ],
)
def test_a_run_ends_when_patience_is_lost(patience: int, scores: list[float], epochs: int):
    progress = tiny_trainer("epochs=5", f"patience={patience}", hooks=Hooks(validate=Scores(*scores))).run()
    assert progress.epoch == len(progress.history) == epochs


def test_without_a_validation_patience_is_not_lost():
    assert tiny_trainer("epochs=4", "patience=1").run().epoch == 4


def test_a_run_that_lost_patience_does_not_go_on(tmp_path: Path):
    checkpoints = Checkpoints(tmp_path, key="k")
    for scores in ((0.5, 0.4), ()):
        model = network()
        hooks = Hooks(validate=Scores(*scores))
        progress = tiny_trainer("epochs=5", "patience=1", model=model, hooks=hooks, checkpoints=checkpoints).run()
        assert progress.epoch == 2


def test_validation_sees_the_average_and_training_goes_on_with_the_weights():
    validate = Scores(0.1, 0.2)
    averaged, plain = network(), network()
    tiny_trainer("average=0.9", model=averaged, hooks=Hooks(validate=validate)).run()
    tiny_trainer("average=0.9", model=plain).run()
    assert same(weights(averaged), weights(plain))
    assert same(weights(averaged), validate.shown[1])


def test_validation_does_not_disturb_training():
    def draw(model: Bran) -> Metrics:
        torch.rand(1000)
        return {"score": 1.0}

    models = [network("scorer.dropout=0.3") for _ in range(2)]
    tiny_trainer("keep_best=false", model=models[0], hooks=Hooks(validate=draw)).run()
    torch.manual_seed(99)
    tiny_trainer("keep_best=false", model=models[1]).run()
    assert same(weights(models[0]), weights(models[1]))


def test_accumulated_batches_are_one_step_on_their_mean():
    def gradient(*changes: str) -> dict[str, Tensor]:
        # A step of plain size one along the gradient: what Adam does with it is left out.
        model = network()
        trainer = tiny_trainer("tagging.probability=0", *changes, model=model)
        trainer.optimiser = torch.optim.SGD([{"params": model.parameters(), PEAK: 1.0}], lr=1.0)
        before = weights(model)
        trainer._step(trainer._steps()[0], progress=0.05)
        return {name: before[name] - tensor for name, tensor in model.state_dict().items()}

    docs = encoder()(documents())
    model = network()
    losses = [
        torch.nn.functional.cross_entropy(model(collate([doc])), collate([doc]).labels[:, 0].long()) for doc in docs
    ]
    (sum(losses) / 4).backward()
    step = gradient("batches.max_tokens=1", "accumulate=4", "optimiser.learning_rate=1.0")
    for name, parameter in model.named_parameters():
        expected = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        torch.testing.assert_close(step[name], expected, atol=1e-6, rtol=1e-4)


def test_the_gradient_is_clipped():
    model = network()
    trainer = tiny_trainer("optimiser.clip=0.01", "optimiser.learning_rate=1.0", model=model)
    trainer.optimiser = torch.optim.SGD([{"params": model.parameters(), PEAK: 1.0}], lr=1.0)
    before = weights(model)
    trainer._step(trainer._steps()[0], progress=0.05)
    moved = torch.cat([(before[name] - tensor).flatten() for name, tensor in model.state_dict().items()])
    assert moved.norm().item() == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0.0), (0.3, 0.3), (1.0, 1.0)])
def test_the_tagger_takes_part_in_its_share_of_steps(probability: float, share: float):
    trainer = tiny_trainer(f"tagging.probability={probability}")
    assert sum(trainer._draw(number) < probability for number in range(300)) / 300 == pytest.approx(share, abs=0.08)


def test_bfloat16_trains_close_to_32_bits():
    exact, rough = (
        tiny_trainer(f"precision={precision}", "epochs=5", "tagging.probability=1", model=network()).run().history
        for precision in ("fp32", "bf16")
    )
    assert exact[-1]["pair_loss"] != rough[-1]["pair_loss"]
    for first, second in zip(exact, rough, strict=True):
        assert second["pair_loss"] == pytest.approx(first["pair_loss"], rel=0.05, abs=0.02)
        assert second["tag_loss"] == pytest.approx(first["tag_loss"], rel=0.05)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_trains(variant: str):
    progress = tiny_trainer("epochs=12", "tagging.probability=0", model=network(*VARIANTS[variant])).run()
    assert progress.history[-1]["pair_loss"] < progress.history[0]["pair_loss"]


def test_an_epoch_may_have_further_examples():
    own, more = encoder()(documents()[:2]), encoder()(documents()[2:])
    asked: list[int] = []

    def further(epoch: int) -> list[Example]:
        asked.append(epoch)
        return more[epoch : epoch + 1]

    advanced: list[int] = []
    model = network()
    trainer = Trainer(
        model, training_config("batches.max_tokens=1"), own, further=further, hooks=Hooks(advance=advanced.append)
    )
    trainer.run()
    assert asked == [0, 1]
    assert sum(advanced) == 2 * (2 + 1)
    plain = network()
    tiny_trainer("batches.max_tokens=1", model=plain, docs=documents()[:2]).run()
    assert not same(weights(model), weights(plain))


def test_further_examples_without_a_pair_are_passed_over():
    bare = encoder()([documents()[0].with_mentions(())])
    advanced: list[int] = []
    trainer = Trainer(
        network(),
        training_config(),
        encoder()(documents()),
        further=lambda epoch: bare,
        hooks=Hooks(advance=advanced.append),
    )
    trainer.run()
    assert sum(advanced) == 2 * 4
