"""What pretraining minimises: the loss of hidden subwords; of passages that follow each other or do not; and of what
hidden mentions name.

Devlin et al.: *BERT*, NAACL 2019, section 3.1. Mentions hidden as a whole: Sun et al.: *ERNIE: enhanced representation
through knowledge integration*, 2019, section 3.2.3; told by their concepts: Févry et al.: *Entities as experts*,
EMNLP 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional

from bran.config import Config
from bran.encoding.masking import MaskingConfig
from bran.encoding.mention_classes import IGNORED
from bran.encoding.subwords import UNK_ID
from bran.encoding.texts import TextBatch, TextExample, collate_texts
from bran.nn.language_model import LanguageModel, mention_vectors
from bran.training.loop import LoopConfig
from bran.training.objective import Objective

PERPLEXITY = "validation_perplexity"


class MentionTask(Config):
    """What is to be told of hidden mentions beside their words."""

    types: bool = True
    """Their entity type."""
    concepts: int = Field(default=0, ge=0)
    """Their concept, where it is one of so many that are mentioned most often."""
    weight: float = Field(default=1.0, gt=0)
    """Factor of either loss; that of hidden subwords has 1."""

    @model_validator(mode="after")
    def _tells_something(self) -> MentionTask:
        if not self.types and not self.concepts:
            raise ValueError("types = false, concepts = 0: nothing is told; expected one of them, or null")
        return self


@dataclass(frozen=True, slots=True)
class Told:
    """How well one thing was told in a batch.

    Attributes:
        loss: sum of the cross-entropies.
        right: how many were told right.
        count: how many were to be told.
        weight: factor of their mean in what is minimised.
    """

    loss: Tensor
    right: Tensor
    count: int
    weight: float = 1.0

    @classmethod
    def of(cls, logits: Tensor, targets: Tensor, *, weight: float = 1.0) -> Told:
        """Tell ``targets``, shape ``(told,)``, by ``logits``, shape ``(told, classes)``."""
        loss = functional.cross_entropy(logits.float(), targets, reduction="sum")
        return cls(loss, (logits.argmax(1) == targets).sum(), len(targets), weight)

    def __add__(self, other: Told) -> Told:
        """Both together."""
        return Told(self.loss + other.loss, self.right + other.right, self.count + other.count, self.weight)

    @property
    def mean(self) -> Tensor:
        """Mean cross-entropy, 0 when there was nothing to tell."""
        return self.loss / max(1, self.count)

    def parts(self, name: str) -> dict[str, Tensor]:
        """Loss and accuracy, by names that begin with ``name``; none when there was nothing to tell."""
        if not self.count:
            return {}
        return {f"{name}_loss": self.mean.detach(), f"{name}_accuracy": self.right / self.count}


class MaskedTextObjective(Objective):
    """Cross-entropy of the hidden subwords; with heads for them, plus that of what follows what and of what is named.

    What is hidden is drawn anew for each batch, after the trainer has seeded torch for it: a run that goes on
    from a checkpoint hides the same.
    """

    subject = "subword"

    def __init__(self, model: LanguageModel, masking: MaskingConfig, *, mention_weight: float = 1.0) -> None:
        super().__init__()
        self.model = model
        self.masking = masking
        self.mention_weight = mention_weight

    def learns_from(self, example: TextExample) -> bool:
        """Whether it has a known subword."""
        return bool((example.ids > UNK_ID).any())

    def collate(self, examples: Sequence[TextExample]) -> TextBatch:
        """Padded tensors."""
        return collate_texts(examples)

    def forward(self, batch: TextBatch, *, chance: float) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of ``batch``; nothing is left to ``chance``. Parts: losses, and the shares that are told right."""
        told = self.tell(batch)
        loss = torch.stack([part.weight * part.mean for part in told.values()]).sum()
        return loss, {key: value for name, part in told.items() for key, value in part.parts(name).items()}

    def tell(self, batch: TextBatch) -> dict[str, Told]:
        """How well what is hidden of ``batch`` is told, by name."""
        hidden = self.masking.hide(batch, vocabulary=self.model.vocabulary)
        encoded = self.model.reader(hidden.read, batch.mask, batch.sentences)  # (windows, tokens, dim)
        places = hidden.targets != IGNORED
        told = {"masked": Told.of(self.model.tell(encoded[places]), hidden.targets[places])}
        if self.model.follows is not None:
            logits = self.model.follows(encoded, batch.mask & ~batch.second, batch.second)
            paired = batch.follows != IGNORED
            told["next"] = Told.of(logits[paired], batch.follows[paired])
        return {**told, **self._named(batch, encoded, hidden.mentions)}

    def _named(self, batch: TextBatch, encoded: Tensor, chosen: Tensor) -> dict[str, Told]:
        """How well it is told what the ``chosen`` mentions, shape ``(mentions,)``, name."""
        told = dict[str, Told]()
        if self.model.types is None and self.model.concepts is None:
            return told
        vectors = mention_vectors(encoded, batch.mentions, len(chosen))  # (mentions, dim)
        tasks = {"type": (self.model.types, batch.types), "concept": (self.model.concepts, batch.concepts)}
        for name, (head, targets) in tasks.items():
            if head is not None:
                asked = chosen & (targets != IGNORED)
                told[name] = Told.of(head(vectors[asked]), targets[asked], weight=self.mention_weight)
        return told


class PretrainingConfig(LoopConfig):
    """How an encoder is pretrained."""

    masking: MaskingConfig = MaskingConfig()
    mentions: MentionTask | None = Field(default=None, exclude_if=lambda value: value is None)
    """What is to be told of mentions that ``masking.mentions`` hides, in texts that have some; ``null``: words only."""

    @model_validator(mode="after")
    def _hides_mentions(self) -> PretrainingConfig:
        if self.mentions is not None and not self.masking.mentions:
            raise ValueError("mentions are to be told, and masking.mentions = 0 hides none; expected more than 0")
        return self

    def objective(self, model: LanguageModel) -> MaskedTextObjective:
        """Masked-language modelling."""
        weight = self.mentions.weight if self.mentions else 1.0
        return MaskedTextObjective(model, self.masking, mention_weight=weight)


@torch.no_grad()
def held_out_metrics(model: LanguageModel, config: PretrainingConfig, batches: Sequence[TextBatch]) -> dict[str, float]:
    """Losses and accuracies over all of ``batches``; perplexity; and ``score``, minus the loss.

    The same is hidden each time. The perplexity is that of a hidden subword, ``exp`` of its mean cross-entropy: it
    can be compared where vocabulary and masking are the same.

    Args:
        model: in evaluation mode.
        config: what to hide.
        batches: of texts that the model does not learn from, on its device.
    """
    objective, told = config.objective(model), dict[str, Told]()
    torch.manual_seed(config.seed)
    for batch in batches:
        for name, part in objective.tell(batch).items():
            told[name] = told[name] + part if name in told else part
    score = -sum(part.weight * part.mean.item() for part in told.values())
    metrics = {key: value.item() for name, part in told.items() for key, value in part.parts(name).items()}
    masked = told["masked"]
    perplexity = {PERPLEXITY: masked.mean.exp().item()} if masked.count else {}
    return {"score": score, **{f"validation_{name}": value for name, value in metrics.items()}, **perplexity}
