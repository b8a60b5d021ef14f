"""What training the recogniser minimises."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from bran.encoding.tagging import TaggingBatch, TaggingExample, collate_tagging
from bran.nn.recogniser import RecogniserNetwork
from bran.training.loop import LoopConfig
from bran.training.objective import Objective


class RecognitionObjective(Objective):
    """Negative log-likelihood of what the annotation says, per subword."""

    subject = "subword"

    def __init__(self, model: RecogniserNetwork) -> None:
        super().__init__()
        self.model = model

    def learns_from(self, example: TaggingExample) -> bool:
        """Whether it has text."""
        return bool(example.windows)

    def collate(self, examples: Sequence[TaggingExample]) -> TaggingBatch:
        """Padded tensors."""
        return collate_tagging(examples)

    def forward(self, batch: TaggingBatch, *, chance: float) -> tuple[Tensor, dict[str, Tensor]]:
        """The mean loss over subwords; nothing is left to ``chance``."""
        loss = self.model.losses(batch).sum() / batch.mask.sum()
        return loss, {"chain_loss": loss.detach()}


class RecognitionTrainingConfig(LoopConfig):
    """How a recogniser is trained."""

    def objective(self, model: RecogniserNetwork) -> RecognitionObjective:
        """The likelihood of the annotation."""
        return RecognitionObjective(model)
