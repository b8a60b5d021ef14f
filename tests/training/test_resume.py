from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from bran.corpus.document import Document
from bran.errors import ModelError
from bran.nn.model import Bran
from bran.training.loop import Checkpoints, Hooks, Metrics, Trainer
from tests.builders import document, network, tiny_trainer

# Everything that could go another way the second time: dropout, noise, the tagger's share of steps, the average.
MODEL = ("embeddings.word_dropout=0.2", "encoder.dropout=0.2", "scorer.dropout=0.2")
TRAINING = (
    "epochs=3",
    "accumulate=2",
    "batches.max_tokens=1",
    "optimiser.gradient_noise=0.01",
    "tagging.probability=0.5",
)


class Killed(BaseException):
    """Ends a run as a signal would."""


def docs() -> list[Document]:
    """Seven short documents: seven batches, so four steps an epoch, the last one of a single batch."""
    return [
        document(
            str(index),
            "{brinol|Chemical|MESH:C3} and {gout|Disease|MESH:D3}" + " pain" * index + " {rash|Disease|MESH:D5}",
            relations=[("CID", "MESH:C3", "MESH:D3")] if index % 2 else [],
        )
        for index in range(7)
    ]


class Run:
    """One run that may be killed, with what it has seen.

    Args:
        folder: of its checkpoints.
        steps: how often it saves.
        kill: ends the run when so many steps, validations or logs were seen.
    """

    def __init__(self, folder: Path, *, steps: int = 1, **kill: int) -> None:
        self.kill = kill
        self.seen = {"advance": 0, "validate": 0, "log": 0}
        hooks = Hooks(validate=self._validate, log=self._log, advance=self._advance)
        self.trainer: Trainer = tiny_trainer(
            *TRAINING,
            model=network(*MODEL),
            docs=docs(),
            hooks=hooks,
            checkpoints=Checkpoints(folder, key="k", steps=steps),
        )

    def weights(self) -> dict[str, Tensor]:
        return self.trainer.model.state_dict()

    def history(self) -> list[dict[str, float]]:
        """Metrics of each epoch without the timing."""
        return [
            {name: value for name, value in metrics.items() if name != "documents_per_second"}
            for metrics in self.trainer.progress.history
        ]

    def _count(self, name: str) -> None:
        self.seen[name] += 1
        if self.seen[name] == self.kill.get(name):
            raise Killed

    def _advance(self, documents: int) -> None:
        self._count("advance")

    def _log(self, metrics: Metrics, epoch: int) -> None:
        self._count("log")

    def _validate(self, model: Bran) -> Metrics:
        self._count("validate")
        # It falls from epoch to epoch, so that the best weights are none of the last ones.
        return {"score": abs(model.scorer.biaffine.weight.sum().item())}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nothing interrupted."""
    run = Run(tmp_path_factory.mktemp("whole"))
    run.trainer.run()
    return run


def resume(folder: Path, *, steps: int, **kill: int) -> Run:
    """Kill a run and let another go on from its checkpoint."""
    killed = Run(folder, steps=steps, **kill)
    with pytest.raises(Killed):
        killed.trainer.run()
    run = Run(folder, steps=steps)
    run.trainer.run()
    return run


def assert_same(run: Run, whole: Run) -> None:
    assert run.history() == whole.history()
    assert run.trainer.progress.step == whole.trainer.progress.step
    assert run.trainer.progress.best == whole.trainer.progress.best
    assert run.trainer.progress.best_epoch == whole.trainer.progress.best_epoch
    for name, weight in whole.weights().items():
        assert torch.equal(run.weights()[name], weight), name
    for name, weight in whole.trainer.average.weights.items():
        assert torch.equal(run.trainer.average.weights[name], weight), name


def test_the_run_is_one_that_can_go_wrong(whole: Run):
    assert whole.seen["advance"] == whole.trainer.progress.step == 12
    assert whole.trainer.progress.best_epoch == 1
    assert any("tag_loss" in metrics for metrics in whole.history())


def test_running_twice_is_running_the_same(tmp_path: Path, whole: Run):
    run = Run(tmp_path)
    run.trainer.run()
    assert_same(run, whole)


@pytest.mark.parametrize(
    ("step", "steps"), [*((step, 1) for step in range(1, 13)), (2, 3), (5, 3), (9, 3), (12, 3), (3, 0), (6, 0), (12, 0)]
)
def test_a_run_killed_at_any_step_ends_as_if_it_had_not_been(tmp_path: Path, whole: Run, step: int, steps: int):
    assert_same(resume(tmp_path, steps=steps, advance=step), whole)


@pytest.mark.parametrize("kill", [{"validate": 1}, {"validate": 2}, {"log": 1}, {"log": 3}])
def test_a_run_killed_between_epochs_ends_as_if_it_had_not_been(tmp_path: Path, whole: Run, kill: dict[str, int]):
    assert_same(resume(tmp_path, steps=1, **kill), whole)


def test_a_run_killed_again_and_again_ends_as_if_it_had_not_been(tmp_path: Path, whole: Run):
    while True:
        run = Run(tmp_path, steps=1, advance=2)
        try:
            run.trainer.run()
        except Killed:
            continue
        break
    assert_same(run, whole)


def test_a_finished_run_has_nothing_left_to_do(tmp_path: Path, whole: Run):
    Run(tmp_path).trainer.run()
    again = Run(tmp_path)
    again.trainer.run()
    assert again.seen == {"advance": 0, "validate": 0, "log": 0}
    assert_same(again, whole)


def test_another_run_is_refused_before_it_starts(tmp_path: Path):
    Run(tmp_path).trainer.run()
    with pytest.raises(ModelError, match="belongs to a run with other settings or data"):
        tiny_trainer(checkpoints=Checkpoints(tmp_path, key="other"))
