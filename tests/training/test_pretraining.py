from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bran.encoding.masking import MaskingConfig
from bran.encoding.mention_classes import IGNORED
from bran.encoding.texts import TextExample, collate_texts
from bran.errors import ConfigError, TrainingError
from bran.nn.language_model import LanguageModel
from bran.training.loop import Checkpoints, Hooks, Trainer
from bran.training.pretraining import MaskedTextObjective, held_out_metrics
from tests.language_models import examples, language_model, pretraining, tagged_examples

DROPOUT = ("embeddings.dropout=0.2", "encoder.dropout=0.2")


class Killed(BaseException):
    """Ends a run as a signal would."""


def train(model: LanguageModel, given: list[TextExample], *changes: str) -> list[dict[str, float]]:
    return Trainer(model, pretraining(*changes), given).run().history


def objective(*, next_sentence: bool = False, rate: float = 0.5) -> MaskedTextObjective:
    return MaskedTextObjective(language_model(next_sentence=next_sentence), MaskingConfig(rate=rate))


def test_the_loss_is_the_mean_over_hidden_subwords() -> None:
    goal, batch = objective(), collate_texts(examples())
    torch.manual_seed(5)
    loss, parts = goal(batch, chance=0.9)
    torch.manual_seed(5)
    hidden = goal.masking.hide(batch, vocabulary=goal.model.vocabulary)
    targets = hidden.targets
    logits = goal.model.tell(goal.model.reader(hidden.read, batch.mask, batch.sentences))
    torch.testing.assert_close(loss, functional.cross_entropy(logits.flatten(0, 1), targets.flatten()))
    right = (logits.argmax(2) == targets)[targets != IGNORED].float().mean()
    assert parts == {"masked_loss": loss.detach(), "masked_accuracy": right}
    assert not parts["masked_loss"].requires_grad


def test_passages_add_their_loss() -> None:
    goal, batch = objective(next_sentence=True), collate_texts(examples(next_sentence=True))
    loss, parts = goal(batch, chance=0.0)
    assert set(parts) == {"masked_loss", "masked_accuracy", "next_loss", "next_accuracy"}
    torch.testing.assert_close(loss.detach(), parts["masked_loss"] + parts["next_loss"])
    assert parts["next_accuracy"].item() in {0.0, 0.25, 0.5, 0.75, 1.0}


def test_a_batch_with_nothing_to_tell_has_no_loss() -> None:
    goal, batch = objective(next_sentence=True, rate=1e-9), collate_texts(examples())
    loss, parts = goal(batch, chance=0.0)
    assert loss.item() == 0
    assert not parts
    loss.backward()
    metrics = held_out_metrics(goal.model, pretraining("masking.rate=1e-9"), [batch])
    assert metrics == {"score": 0.0}  # and no perplexity of 1


@pytest.mark.parametrize("next_sentence", [False, True])
def test_every_weight_has_a_gradient(next_sentence: bool) -> None:
    goal = objective(next_sentence=next_sentence)
    goal(collate_texts(examples(next_sentence=next_sentence)), chance=0.0)[0].backward()
    for name, parameter in goal.named_parameters():
        assert parameter.grad is not None, name
        if not name.endswith("key.bias"):  # softmax knows no constant
            assert torch.isfinite(parameter.grad).all(), name
    assert goal.model.reader.embeddings.subwords.weight.grad.abs().sum() > 0  # type: ignore[union-attr]


def test_four_texts_can_be_learned_by_heart() -> None:
    model = language_model("encoder.dim=32", next_sentence=True)
    given = examples(next_sentence=True)
    history = train(model, given, "epochs=150", "masking.replaced=0")
    assert history[0]["masked_loss"] > 3
    last = {name: sum(epoch[name] for epoch in history[-10:]) / 10 for name in history[-1]}
    assert last["masked_accuracy"] > 0.95
    assert last["next_accuracy"] > 0.95
    assert last["masked_loss"] < 0.3


def test_other_subwords_are_hidden_in_each_epoch() -> None:
    goal, batch = objective(), collate_texts(examples())
    assert goal(batch, chance=0.0)[0] != goal(batch, chance=0.0)[0]


def weights(model: LanguageModel) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("step", [1, 3, 4])
def test_a_run_killed_at_any_step_ends_as_if_it_had_not_been(tmp_path: Path, step: int) -> None:
    given, settings = examples(next_sentence=True), pretraining("batches.max_tokens=100")

    def run(folder: Path, kill: int = 0) -> Trainer:
        steps = iter(range(1, 99))

        def advance(documents: int) -> None:
            if next(steps) == kill:
                raise Killed

        model = language_model(*DROPOUT, next_sentence=True)
        hooks, saved = Hooks(advance=advance), Checkpoints(folder, "k", steps=1)
        return Trainer(model, settings, given, hooks=hooks, checkpoints=saved)

    whole = run(tmp_path / "whole")
    whole.run()
    assert whole.progress.step >= 4
    with pytest.raises(Killed):
        run(tmp_path / "killed", step).run()
    resumed = run(tmp_path / "killed")
    resumed.run()
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], tensor), name


def test_the_seed_decides_the_weights() -> None:
    def trained(*changes: str) -> dict[str, Tensor]:
        model = language_model()
        train(model, examples(), *changes)
        return weights(model)

    first, again, other = trained(), trained(), trained("seed=1")
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["words.bias"], other["words.bias"])


def test_held_out_texts_are_always_scored_on_the_same() -> None:
    model, batches = language_model(next_sentence=True), [collate_texts(examples(next_sentence=True))]
    first = held_out_metrics(model, pretraining(), batches)
    assert held_out_metrics(model, pretraining(), batches) == first
    assert first["score"] == pytest.approx(-first["validation_masked_loss"] - first["validation_next_loss"])
    assert 0 <= first["validation_masked_accuracy"] <= 1
    assert first["validation_perplexity"] == pytest.approx(math.exp(first["validation_masked_loss"]), rel=1e-5)


def test_each_hidden_subword_counts_alike_in_whatever_batch() -> None:
    goal, settings, given = objective(), pretraining(), examples()
    batches = [collate_texts(given[:1]), collate_texts(given[1:])]
    torch.manual_seed(settings.seed)
    goal.masking = settings.masking
    told = [goal.tell(batch)["masked"] for batch in batches]
    assert told[0].count != told[1].count
    expected = sum(part.loss.item() for part in told) / sum(part.count for part in told)
    metrics = held_out_metrics(goal.model, settings, batches)
    assert metrics["validation_masked_loss"] == pytest.approx(expected, rel=1e-5)


def test_texts_without_known_subwords_are_nothing_to_learn_from() -> None:
    (example, *_) = examples()
    unknown = replace(example, ids=example.ids * 0 + 1)
    with pytest.raises(TrainingError, match="none of the 1 training documents has a subword to learn from"):
        train(language_model(), [unknown])


def mention_objective(*, types: int = 2, concepts: int = 3, weight: float = 1.0) -> MaskedTextObjective:
    model = language_model(types=types, concepts=concepts)
    return MaskedTextObjective(model, MaskingConfig(mentions=0.6), mention_weight=weight)


def test_hidden_mentions_are_told_from_the_mean_of_their_vectors() -> None:
    goal, batch = mention_objective(weight=2.0), collate_texts(tagged_examples())
    torch.manual_seed(3)
    loss, parts = goal(batch, chance=0.0)
    torch.manual_seed(3)
    hidden = goal.masking.hide(batch, vocabulary=goal.model.vocabulary)
    assert 0 < hidden.mentions.sum() < len(hidden.mentions)
    encoded = goal.model.reader(hidden.read, batch.mask, batch.sentences)
    expected = parts["masked_loss"].clone()
    for name, head, targets in (
        ("type", goal.model.types, batch.types),
        ("concept", goal.model.concepts, batch.concepts),
    ):
        asked = [m for m in hidden.mentions.nonzero().flatten().tolist() if targets[m] != IGNORED]
        vectors = torch.stack([encoded[batch.mentions == m + 1].mean(0) for m in asked])
        told = functional.cross_entropy(head(vectors), targets[asked])  # type: ignore[misc]
        torch.testing.assert_close(parts[f"{name}_loss"], told.detach())
        expected += 2 * told.detach()
    torch.testing.assert_close(loss.detach(), expected)
    assert (batch.concepts == IGNORED).any()  # of which none was asked


def test_what_is_not_to_be_told_has_no_head_and_no_part() -> None:
    batch = collate_texts(tagged_examples())
    assert set(mention_objective(types=0)(batch, chance=0.0)[1]) == {
        "masked_loss",
        "masked_accuracy",
        "concept_loss",
        "concept_accuracy",
    }
    assert set(objective()(batch, chance=0.0)[1]) == {"masked_loss", "masked_accuracy"}


def test_heads_of_mentions_have_gradients_and_texts_without_any_give_none() -> None:
    goal = mention_objective()
    goal(collate_texts(tagged_examples()), chance=0.0)[0].backward()
    for name, parameter in goal.named_parameters():
        assert parameter.grad is not None, name
    for head in (goal.model.types, goal.model.concepts):
        assert all(parameter.grad.abs().sum() > 0 for parameter in head.parameters())  # type: ignore[union-attr]
    loss, parts = goal(collate_texts(examples()), chance=0.0)
    assert set(parts) == {"masked_loss", "masked_accuracy"}
    torch.testing.assert_close(loss.detach(), parts["masked_loss"])


def test_mentions_can_be_learned_by_heart() -> None:
    model = language_model("encoder.dim=32", types=2, concepts=3)
    settings = ("epochs=150", "masking.mentions=0.4", "masking.replaced=0", "mentions={types: true, concepts: 3}")
    history = train(model, tagged_examples(), *settings)

    def last(name: str) -> float:  # an epoch that hides no mention has nothing to tell of them
        return float(np.mean([epoch[name] for epoch in history[-20:] if name in epoch]))

    assert last("type_accuracy") > 0.9
    assert last("concept_accuracy") > 0.9
    assert next(epoch["concept_loss"] for epoch in history if "concept_loss" in epoch) > 2 * last("concept_loss")


@pytest.mark.parametrize("unit", ["word", "span"])
def test_words_and_spans_are_learned(unit: str) -> None:
    history = train(language_model("encoder.dim=32"), examples(), "epochs=60", f"masking.unit={unit}")
    first, last = ([epoch["masked_loss"] for epoch in part] for part in (history[:5], history[-5:]))
    assert sum(last) < sum(first) / 2


def test_sixteen_bits_learn_what_thirty_two_do() -> None:
    last = {}
    for precision in ("fp32", "bf16"):
        history = train(
            language_model("encoder.dim=32"), examples(), "epochs=50", "schedule.kind=cosine", f"precision={precision}"
        )
        last[precision] = sum(epoch["masked_loss"] for epoch in history[-10:]) / 10
        assert last[precision] < history[0]["masked_loss"] / 2
    assert last["bf16"] == pytest.approx(last["fp32"], rel=0.3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["mentions={types: true}"], r"mentions are to be told, and masking\.mentions = 0 hides none"),
        (["masking.mentions=0.2", "mentions={types: false}"], r"types = false, concepts = 0: nothing is told"),
    ],
)
def test_tasks_that_would_do_nothing_are_refused(changes: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pretraining(*changes)
