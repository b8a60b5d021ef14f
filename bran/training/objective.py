"""What a training step minimises: pair loss, and now and then the tagger's loss (paper, section 2.4)."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from bran.config import Config
from bran.encoding.batches import Batch
from bran.nn.losses import pair_loss, tag_loss
from bran.nn.model import Bran


class TaggingConfig(Config):
    """Joint named-entity recognition."""

    weight: float = Field(default=1.0, ge=0)
    """Factor of its loss. The published code uses 10."""
    probability: float = Field(default=0.5, ge=0, le=1)
    """Share of steps that train it as well; 0: none, the paper's "no NER" row."""


class Objective(nn.Module):
    """The loss of a batch, as a module, so that data-parallel wrappers can hold it.

    The tagger reads the text without marked mentions, in a pass of its own: marks would tell it the answer.
    """

    def __init__(self, model: Bran, config: TaggingConfig) -> None:
        super().__init__()
        self.model = model
        self.config = config

    def forward(self, batch: Batch, *, tagging: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss to minimise and its parts by name; all are scalars.

        Args:
            batch: with ``P`` pairs.
            tagging: whether the tagger takes part.
        """
        losses = self.model.link.losses(self.model(batch), batch.labels)  # (pairs,)
        pairs = pair_loss(losses, batch.counted)
        if not tagging:
            return pairs, {"pair_loss": pairs.detach()}
        tags = tag_loss(self.model.tag(batch), batch.tags)
        return pairs + self.config.weight * tags, {"pair_loss": pairs.detach(), "tag_loss": tags.detach()}
