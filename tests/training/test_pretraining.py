from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bran.encoding.masking import IGNORED, MaskingConfig, TextExample, collate_texts
from bran.errors import TrainingError
from bran.nn.language_model import LanguageModel
from bran.training.loop import Checkpoints, Hooks, Trainer
from bran.training.pretraining import MaskedTextObjective, held_out_metrics
from tests.language_models import examples, language_model, pretraining

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
    read, targets = goal.masking.hide(batch.token_ids, vocabulary=goal.model.vocabulary)
    logits = goal.model.tell(goal.model.reader(read, batch.mask, batch.sentences))
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
    loss, _ = goal(batch, chance=0.0)
    assert loss.item() == 0
    loss.backward()


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


def test_texts_without_known_subwords_are_nothing_to_learn_from() -> None:
    (example, *_) = examples()
    unknown = TextExample(example.document, example.ids * 0 + 1, example.sentences, example.length)
    with pytest.raises(TrainingError, match="none of the 1 training documents has a subword to learn from"):
        train(language_model(), [unknown])
