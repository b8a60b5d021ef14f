"""What a training step minimises: the loss of pairs, and now and then that of the tagger (paper, section 2.4)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import reduce
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from bran.config import Config
from bran.encoding.batches import SHAPES, Batch, collate
from bran.encoding.examples import Example
from bran.nn.losses import tag_loss
from bran.nn.model import Bran
from bran.training.regularisation import Passes, RegularisationConfig


class TaggingConfig(Config):
    """Joint named-entity recognition."""

    weight: float = Field(default=1.0, ge=0)
    """Factor of its loss. The published code uses 10."""
    probability: float = Field(default=0.5, ge=0, le=1)
    """Share of steps that train it as well; 0: none, the paper's "no NER" row."""


class Objective(nn.Module):
    """The loss of a batch, as a module, so that data-parallel wrappers can hold it; and how to make the batch."""

    subject: ClassVar[str]
    """What an example must have to be learned from."""

    @abstractmethod
    def learns_from(self, example: Any) -> bool:
        """Whether there is anything in ``example`` to learn."""

    @abstractmethod
    def collate(self, examples: Sequence[Any]) -> Any:
        """``examples`` as one batch."""

    @abstractmethod
    def forward(self, batch: Any, *, chance: float) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss to minimise and its parts by name; all are scalars.

        Args:
            batch: of examples.
            chance: drawn for this batch from [0, 1).
        """


class PairObjective(Objective):
    """The loss of a relation model.

    The tagger reads the text without marked mentions, in a pass of its own: marks would tell it the answer.
    """

    subject = "pair"

    def __init__(
        self,
        model: Bran,
        config: TaggingConfig,
        regularisation: RegularisationConfig = RegularisationConfig(),  # noqa: B008
    ) -> None:
        super().__init__()
        self.model = model
        self.config = config
        self.smoothing = regularisation.label_smoothing
        self.added = regularisation.build()

    def learns_from(self, example: Example) -> bool:
        """Whether it has a pair."""
        return bool(example.pairs)

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Padded tensors."""
        return collate(examples, multiple=SHAPES)

    def forward(self, batch: Batch, *, chance: float) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of the pairs of ``batch``, what regularises it, and the loss of its tags when ``chance`` has it."""
        passes = Passes(self.model, batch, smoothing=self.smoothing)
        parts = {"pair_loss": passes.loss(passes.first.logits)}
        parts |= {f"{name}_loss": added(passes) for name, added in self.added.items()}
        loss = reduce(torch.add, parts.values())
        if chance < self.config.probability:
            parts["tag_loss"] = tag_loss(self.model.tag(batch), batch.tags)
            loss = loss + self.config.weight * parts["tag_loss"]
        return loss, {name: part.detach() for name, part in parts.items()}
