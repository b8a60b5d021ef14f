"""What pretraining minimises: the loss of hidden subwords, and of passages that follow each other or do not.

Devlin et al.: *BERT*, NAACL 2019, section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from bran.encoding.masking import IGNORED, MaskingConfig, TextBatch, TextExample, collate_texts
from bran.encoding.subwords import UNK_ID
from bran.nn.language_model import LanguageModel
from bran.training.loop import LoopConfig
from bran.training.objective import Objective


class MaskedTextObjective(Objective):
    """Cross-entropy of the hidden subwords; with a head for it, plus that of what follows what.

    What is hidden is drawn anew for each batch, after the trainer has seeded torch for it: a run that goes on
    from a checkpoint hides the same.
    """

    subject = "subword"

    def __init__(self, model: LanguageModel, masking: MaskingConfig) -> None:
        super().__init__()
        self.model = model
        self.masking = masking

    def learns_from(self, example: TextExample) -> bool:
        """Whether it has a known subword."""
        return bool((example.ids > UNK_ID).any())

    def collate(self, examples: Sequence[TextExample]) -> TextBatch:
        """Padded tensors."""
        return collate_texts(examples)

    def forward(self, batch: TextBatch, *, chance: float) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of ``batch``; nothing is left to ``chance``. Parts: losses, and the shares that are told right."""
        read, targets = self.masking.hide(batch.token_ids, vocabulary=self.model.vocabulary)
        encoded = self.model.reader(read, batch.mask, batch.sentences)  # (windows, tokens, dim)
        hidden = targets != IGNORED
        loss, parts = _told(self.model.tell(encoded[hidden]), targets[hidden], "masked")
        if self.model.follows is not None:
            logits = self.model.follows(encoded, batch.mask & ~batch.second, batch.second)
            paired = batch.follows != IGNORED
            follows, more = _told(logits[paired], batch.follows[paired], "next")
            loss, parts = loss + follows, {**parts, **more}
        return loss, parts


class PretrainingConfig(LoopConfig):
    """How an encoder is pretrained."""

    masking: MaskingConfig = MaskingConfig()

    def objective(self, model: LanguageModel) -> MaskedTextObjective:
        """Masked-language modelling."""
        return MaskedTextObjective(model, self.masking)


@torch.no_grad()
def held_out_metrics(model: LanguageModel, config: PretrainingConfig, batches: Sequence[TextBatch]) -> dict[str, float]:
    """Means of the objective's parts over ``batches``; and ``score``, minus the loss. The same is hidden each time.

    Args:
        model: in evaluation mode.
        config: what to hide.
        batches: of texts that the model does not learn from, on its device.
    """
    objective, sums = config.objective(model), dict[str, float]()
    total = 0.0
    torch.manual_seed(config.seed)
    for batch in batches:
        loss, parts = objective(batch, chance=0.0)
        total += loss.item() / len(batches)
        for name, part in parts.items():
            sums[f"validation_{name}"] = sums.get(f"validation_{name}", 0.0) + part.item() / len(batches)
    return {"score": -total, **sums}


def _told(logits: Tensor, targets: Tensor, name: str) -> tuple[Tensor, dict[str, Tensor]]:
    """Mean cross-entropy, 0 when there is nothing to tell; and it and the accuracy by name.

    Args:
        logits: shape ``(told, classes)``.
        targets: the right classes, shape ``(told,)``.
        name: what metrics begin with.
    """
    count = max(1, len(targets))
    loss = functional.cross_entropy(logits.float(), targets, reduction="sum") / count
    right = (logits.argmax(1) == targets).sum() / count
    return loss, {f"{name}_loss": loss.detach(), f"{name}_accuracy": right}
