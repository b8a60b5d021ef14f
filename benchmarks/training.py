"""What training a document costs: an epoch of the trainer, every document once."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from benchmarks.timing import Clock, timed
from bran.encoding.examples import Example
from bran.nn.model import Bran
from bran.nn.precision import Precision
from bran.training.loop import Trainer, TrainingConfig


class TrainingEpoch:
    """An epoch on the relations, with all that a step does; nothing is validated or saved.

    The tagger has no part in it, nor in what it is compared with: it would add as much to both.

    Args:
        network: copies of it are trained.
        examples: those without a pair are left out.
        precision: number format of matrix products.
    """

    def __init__(self, network: Bran, examples: Sequence[Example], *, precision: Precision) -> None:
        self.network = network
        self.examples = [example for example in examples if example.pairs]
        settings = {"epochs": 1, "precision": precision, "tagging": {"probability": 0}}
        self.config = TrainingConfig.model_validate(settings)

    def measure(self, clock: Clock) -> dict[str, float]:
        """Seconds of the epoch."""
        trainer = Trainer(deepcopy(self.network), self.config, self.examples)
        seconds, _ = timed(clock, trainer.run)
        return {"training": seconds}
