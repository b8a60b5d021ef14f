"""The training loop: epochs over batches, validation, early stopping, exact resume."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from bran.config import Config
from bran.encoding.batches import BatchConfig, epoch_batches
from bran.errors import TrainingError
from bran.nn.devices import Processes, autocast
from bran.nn.model import Bran
from bran.nn.precision import Precision
from bran.training.checkpoint import (
    Progress,
    load_checkpoint,
    optimiser_tensors,
    restore_optimiser,
    save_checkpoint,
)
from bran.training.features import FeatureTrainingConfig
from bran.training.objective import Objective, PairObjective, TaggingConfig
from bran.training.optimiser import PEAK, OptimiserConfig, ScheduleConfig, WeightAverage, add_noise
from bran.training.regularisation import RegularisationConfig

Metrics = Mapping[str, float]
Draw = Callable[[int], Sequence[Any]]
"""Further examples of an epoch, whose number, from 0, it is given: the same for the same number."""
Validate = Callable[[Any], Metrics]
"""Scores a model; the metric called ``score`` decides which epoch is kept."""


class LoopConfig(Config):
    """How any model is trained."""

    epochs: int = Field(default=30, ge=1)
    patience: int = Field(default=0, ge=0)
    """Stop after so many epochs without a better validation score; 0: never."""
    keep_best: bool = True
    """Keep the epoch with the best validation score; otherwise the last."""
    average: float = Field(default=0.995, ge=0, lt=1)
    """Decay of the moving average of weights, which is what is validated and kept; 0: no average."""
    batches: BatchConfig = BatchConfig()
    accumulate: int = Field(default=1, ge=1)
    """Batches per optimiser step (and process)."""
    optimiser: OptimiserConfig = OptimiserConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    precision: Precision = "auto"
    seed: int = Field(default=0, ge=0)

    @abstractmethod
    def objective(self, model: Any) -> Objective:
        """What a step minimises."""


class TrainingConfig(LoopConfig):
    """How a relation model is trained."""

    tagging: TaggingConfig = TaggingConfig()
    features_first: FeatureTrainingConfig | None = Field(default=None, exclude_if=lambda value: value is None)
    """Train the perceptron over the pairs' features alone before, and freeze it; ``null``: all are trained together."""
    regularisation: RegularisationConfig = Field(
        default=RegularisationConfig(), exclude_if=RegularisationConfig().__eq__
    )
    """What is added to the loss of pairs."""

    def objective(self, model: Bran) -> PairObjective:
        """The loss of pairs with what is added to it, and now and then that of tags."""
        return PairObjective(model, self.tagging, self.regularisation)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the loop tells and asks the outside.

    Attributes:
        validate: scores the model after each epoch; ``None`` when there is nothing to validate on.
        log: takes the metrics of an epoch and its number, from 1.
        advance: takes the number of documents that a step has read.
    """

    validate: Validate | None = None
    log: Callable[[Metrics, int], None] = lambda metrics, epoch: None
    advance: Callable[[int], None] = lambda documents: None


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Where and how often a run is saved.

    Attributes:
        folder: where to.
        key: hash of settings and data, so that no other run continues from here.
        steps: save every so many optimiser steps, beside the end of each epoch; 0: there only.
    """

    folder: Path
    key: str
    steps: int = 0


class Trainer:
    """Trains one model.

    Every batch draws its dropout from a seed of its own (run seed, epoch, batch), so a run that was
    killed and goes on, or that is spread over processes, takes the same steps as one that was not.

    Args:
        model: trained in place; holds the kept weights when :meth:`run` returns.
        config: how.
        examples: what to train on.
        further: what each epoch has beside them.
        hooks: validation, logging and progress.
        checkpoints: where to save; ``None``: nowhere.
        device: where the model is.
        processes: this process among those of a data-parallel run.

    Raises:
        TrainingError: when no example has anything to learn from.
    """

    def __init__(
        self,
        model: nn.Module,
        config: LoopConfig,
        examples: Sequence[Any],
        *,
        further: Draw = lambda epoch: (),
        hooks: Hooks | None = None,
        checkpoints: Checkpoints | None = None,
        device: torch.device | None = None,
        processes: Processes | None = None,
    ) -> None:
        self.model, self.config = model, config
        self.objective = config.objective(model)
        self.examples, self.further = self._learned_from(examples), further
        if not self.examples:
            raise TrainingError(
                f"none of the {len(examples)} training documents has a {self.objective.subject} to learn from"
            )
        self.hooks, self.checkpoints = hooks or Hooks(), checkpoints
        self.device, self.processes = device or torch.device("cpu"), processes or Processes()
        self.wrapped: nn.Module = self.objective
        if self.processes.count > 1:
            self.wrapped = DistributedDataParallel(self.objective, find_unused_parameters=True)
        self.optimiser = config.optimiser.build(model)
        self.average = WeightAverage(model, config.average)
        self.best: dict[str, Tensor] = {}
        self.progress = Progress()
        self._totals: dict[str, float] = {}
        self._restore()

    def run(self) -> Progress:
        """Train to the end, or until patience is lost; the model then holds the kept weights.

        Raises:
            TrainingError: when the loss is no longer a number.
        """
        while self.progress.epoch < self.config.epochs and not self._out_of_patience():
            started = time.perf_counter()
            documents = self._epoch()
            self._finish_epoch({"documents_per_second": documents / (time.perf_counter() - started)})
        self.model.load_state_dict(self.best if self.best and self.config.keep_best else self.average.weights)
        return self.progress

    def _learned_from(self, examples: Sequence[Any]) -> list[Any]:
        return [example for example in examples if self.objective.learns_from(example)]

    def _epoch(self) -> int:
        """Train on what is left of the epoch under way; the number of documents read."""
        steps = self._steps()
        documents = 0
        for index in range(self.progress.batch, len(steps)):
            read = self._step(steps[index], (self.progress.epoch + (index + 1) / len(steps)) / self.config.epochs)
            documents += read
            self.hooks.advance(read)
            self.progress.batch = index + 1
            if self.checkpoints and self.checkpoints.steps and self.progress.step % self.checkpoints.steps == 0:
                self._save()
        return documents

    def _steps(self) -> list[list[tuple[int, list[Any]]]]:
        """The epoch as optimiser steps: numbered batches, ``accumulate`` of them for each process."""
        config, epoch = self.config, self.progress.epoch
        examples = [*self.examples, *self._learned_from(self.further(epoch))]
        batches = epoch_batches(examples, config.batches, seed=config.seed, epoch=epoch)
        numbered = [(number, [examples[index] for index in batch]) for number, batch in enumerate(batches)]
        size = config.accumulate * self.processes.count
        return [numbered[start : start + size] for start in range(0, len(numbered), size)]

    def _step(self, numbered: list[tuple[int, list[Any]]], progress: float) -> int:
        """One optimiser step on this process's share of ``numbered`` batches; documents read by all processes."""
        self.model.train()
        rank, count = self.processes.rank, self.processes.count
        rounds = math.ceil(len(numbered) / count)
        for turn in range(rounds):
            # The last step may have fewer batches than processes: the idle ones repeat a batch with weight zero.
            position = turn * count + rank
            number, examples = numbered[min(position, len(numbered) - 1)]
            share = count / len(numbered) if position < len(numbered) else 0.0
            wait = turn + 1 < rounds and isinstance(self.wrapped, DistributedDataParallel)
            with self.wrapped.no_sync() if wait else nullcontext():  # type: ignore[operator]
                self._backward(number, self.objective.collate(examples), share)
        self._update(progress)
        return sum(len(examples) for _, examples in numbered)

    def _backward(self, number: int, batch: Any, share: float) -> None:
        chance = self._draw(number)
        with autocast(self.device, self.config.precision):
            loss, parts = self.wrapped(batch.to(self.device), chance=chance)
        if not torch.isfinite(loss):
            documents = ", ".join(example.document.id for example in batch.examples)
            raise TrainingError(f"epoch {self.progress.epoch + 1}: the loss is {loss.item()} on documents {documents}")
        (loss * share).backward()
        for name, part in parts.items():
            self._totals[name] = self._totals.get(name, 0.0) + part.item()
            self._totals[f"{name}_count"] = self._totals.get(f"{name}_count", 0.0) + 1

    def _draw(self, number: int) -> float:
        """Seed torch for batch ``number`` of this epoch; a number in [0, 1) for what the objective leaves to chance."""
        generator = np.random.default_rng([self.config.seed, self.progress.epoch, number])
        torch.manual_seed(int(generator.integers(2**63)))
        return float(generator.random())

    def _update(self, progress: float) -> None:
        config = self.config.optimiser
        for group in self.optimiser.param_groups:
            group["lr"] = group[PEAK] * self.config.schedule.factor(progress)
        if config.gradient_noise:
            # Each process has drawn dropout for batches of its own; the noise must be the same in all of them.
            torch.manual_seed(int(np.random.default_rng([self.config.seed, self.progress.step]).integers(2**63)))
            add_noise(self.model.parameters(), eta=config.gradient_noise, step=self.progress.step)
        nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.average.update(self.model, self.progress.step)
        self.progress.step += 1

    def _finish_epoch(self, timing: dict[str, float]) -> None:
        """Validate the averaged weights, note the best, log and save."""
        metrics = {**self._mean_totals(), **timing, **self._validate()}
        self.progress.epoch += 1
        self.progress.batch = 0
        self._totals = {}
        if self.hooks.validate and metrics["score"] > self.progress.best:
            self.progress.best, self.progress.best_epoch = metrics["score"], self.progress.epoch
            self.best = {name: tensor.clone() for name, tensor in self.average.weights.items()}
        self.progress.history.append(metrics)
        self.hooks.log(metrics, self.progress.epoch)
        self._save()

    def _mean_totals(self) -> dict[str, float]:
        names = [name for name in self._totals if not name.endswith("_count")]
        return {name: self._totals[name] / self._totals[f"{name}_count"] for name in names}

    def _validate(self) -> dict[str, float]:
        if self.hooks.validate is None:
            return {}
        trained = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        self.model.load_state_dict(self.average.weights)
        self.model.eval()
        metrics = dict(self.hooks.validate(self.model))
        self.model.load_state_dict(trained)
        return metrics

    def _out_of_patience(self) -> bool:
        since = self.progress.epoch - self.progress.best_epoch
        return bool(self.config.patience and self.hooks.validate and since >= self.config.patience)

    def _save(self) -> None:
        if self.checkpoints is None or self.processes.rank:
            return
        tensors = {
            "model": self.model.state_dict(),
            "average": self.average.weights,
            "best": self.best,
            "optimiser": optimiser_tensors(self.optimiser),
        }
        save_checkpoint(
            self.checkpoints.folder,
            tensors=tensors,
            progress=self.progress,
            totals=self._totals,
            key=self.checkpoints.key,
        )

    def _restore(self) -> None:
        saved = load_checkpoint(self.checkpoints.folder, key=self.checkpoints.key) if self.checkpoints else None
        if saved is None:
            return
        tensors, self.progress, self._totals = saved
        tensors = {group: {name: t.to(self.device) for name, t in named.items()} for group, named in tensors.items()}
        self.model.load_state_dict(tensors["model"])
        self.average.load(tensors["average"])
        self.best = tensors.get("best", {})
        restore_optimiser(self.optimiser, tensors["optimiser"])
