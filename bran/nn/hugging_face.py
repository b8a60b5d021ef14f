"""Encoders of Hugging Face's transformers under the scorer of BRAN.

What is pretrained is taken over: the table of subwords, the layers, and the vectors of the special subwords that stand
before and after a text (``[CLS]``, ``[SEP]``). The latter are put around each window within the encoder, so that no
token outside of it stands for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from bran.config import Config
from bran.encoding.pretrained_subwords import SHIFT, PretrainedSubwords
from bran.encoding.subwords import PAD_ID, UNK_ID
from bran.errors import ConfigError
from bran.nn.embeddings import EmbeddingConfig, Embeddings
from bran.nn.hugging_face_library import Architecture, build_model
from bran.nn.positions import LearnedPositionsConfig, NoPositionsConfig
from bran.wording import counted


class HuggingFaceConfig(Config):
    """A pretrained encoder in place of bran's own; the scorer, and all else of a model, stay what they are."""

    subwords: ClassVar[type[PretrainedSubwords]] = PretrainedSubwords

    kind: Literal["hugging_face"] = "hugging_face"
    name: str
    """A folder with ``config.json``, weights as safetensors and a tokenizer; or the name of one on the hub, which is
    looked for in the local cache."""
    revision: str | None = None
    """Branch, tag or commit of a name on the hub; ``null``: its main branch."""
    download: bool = False
    """Whether a name on the hub may be fetched from there."""
    dropout: float | None = Field(default=None, ge=0, lt=1)
    """Every dropout within the encoder; ``null``: those of its own config."""
    frozen_layers: int = Field(default=0, ge=0)
    """So many of the lowest layers, and the subwords and positions beneath them, stay as they were pretrained; 0: all
    are trained."""
    checkpointing: bool = False
    """Compute the inside of each layer again for its gradient, which takes a third more time and far less memory."""
    architecture: Architecture | None = Field(default=None, exclude_if=lambda value: value is None, repr=False)
    """Read from the folder when a model is made, and kept with it."""

    @property
    def known(self) -> Architecture:
        """What the encoder is.

        Raises:
            ConfigError: when it has not been read from the folder.
        """
        if self.architecture is None:
            raise ConfigError(
                f"model.encoder.name = {self.name}: is not read yet; expected what `bran train` makes of it"
            )
        return self.architecture

    @property
    def summary(self) -> str:
        """What it is, in a few words."""
        kind = self.known.config.get("model_type")
        return f"{kind} as in {self.name}"

    def check(self, embeddings: EmbeddingConfig) -> None:
        """Make sure that ``embeddings`` ask for nothing that the encoder does not have.

        Raises:
            ValueError: when they ask for positions of another kind.
        """
        positions = embeddings.positions
        if not isinstance(positions, LearnedPositionsConfig | NoPositionsConfig):
            raise ValueError(
                f"embeddings.positions = {positions.kind}: the encoder has positions of its own; expected none"
            )

    def build_reader(
        self, embeddings: EmbeddingConfig, *, vocabulary: int, types: int, window: int
    ) -> tuple[Embeddings, HuggingFaceEncoder]:
        """Input embeddings and encoder, with random weights.

        Args:
            embeddings: what a subword's input vector is made of.
            vocabulary: number of subwords.
            types: number of entity types.
            window: longest window, in subwords.

        Raises:
            ConfigError: when transformers is not installed, or the encoder has no such window or layers.
        """
        model = build_model(self.known, dropout=self.dropout)
        encoder = HuggingFaceEncoder(self, model)
        encoder.check_window(window)
        if self.frozen_layers:
            encoder.freeze(self.frozen_layers)
            embeddings = embeddings.model_copy(update={"frozen": True})
        table = HuggingFaceEmbeddings(embeddings, vocabulary=vocabulary, types=types, dim=encoder.before.shape[1])
        return table, encoder


class HuggingFaceEmbeddings(Embeddings):
    """The pretrained table of subwords, and what bran adds to it before the encoder adds its own.

    The encoder has positions. Embeddings of entity types start at zero, so that a model starts at what is pretrained.
    """

    def __init__(self, config: EmbeddingConfig, *, vocabulary: int, types: int, dim: int) -> None:
        unplaced = config.model_copy(update={"positions": NoPositionsConfig()})
        super().__init__(unplaced, vocabulary=vocabulary, types=types, window=0, dim=dim)
        self.scale = 1.0
        if self.types is not None:
            nn.init.zeros_(self.types.weight)

    @torch.no_grad()
    def take(self, table: Tensor, *, hidden: int) -> None:
        """Start from a pretrained table.

        Args:
            table: shape ``(subwords, dim)``, by the tokenizer's numbers.
            hidden: the row of the subword that stands for a hidden word.
        """
        self.subwords.weight[PAD_ID] = 0
        self.subwords.weight[UNK_ID] = table[hidden]
        self.subwords.weight[SHIFT:] = table[: len(self.subwords.weight) - SHIFT]


class HuggingFaceEncoder(nn.Module):
    """The layers of a pretrained encoder, which read vectors, and the special subwords around them.

    Args:
        config: which layers are frozen, and how gradients are computed.
        model: of transformers; its table of subwords is taken out.

    Attributes:
        dim: of the vectors that it returns.
        limit: subwords of a text that it reads at most; ``None``: no limit is known.
    """

    def __init__(self, config: HuggingFaceConfig, model: Any) -> None:
        super().__init__()
        known = config.known
        width = model.get_input_embeddings().embedding_dim
        model.set_input_embeddings(nn.Identity())
        self.model = model
        self.dim: int = model.config.hidden_size
        self.before = nn.Parameter(torch.randn(len(known.before), width) / width**0.5)
        self.after = nn.Parameter(torch.randn(len(known.after), width) / width**0.5)
        places = _places(model)
        self.limit = None if places is None else places - len(self.before) - len(self.after)
        if config.checkpointing:
            self._checkpoint()

    def forward(self, x: Tensor, mask: Tensor, sentences: Tensor | None = None) -> Tensor:
        """Encode.

        Args:
            x: embeddings, shape ``(windows, tokens, width)``.
            mask: ``True`` at real tokens, which come first, shape ``(windows, tokens)``.
            sentences: not looked at: attention is what it was in pretraining.

        Returns:
            shape ``(windows, tokens, dim)``; what stands at padding means nothing.
        """
        tokens = x.shape[1]
        read = tokens if self.limit is None else min(tokens, self.limit)  # beyond it is padding to a round length
        vectors, seen = self._enclose(x[:, :read], mask[:, :read])
        encoded: Tensor = self.model(inputs_embeds=vectors, attention_mask=seen.long()).last_hidden_state
        start = len(self.before)
        return functional.pad(encoded[:, start : start + read], (0, 0, 0, tokens - read))

    def _enclose(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """``x`` with special subwords before the first and after the last real token of each window, and the mask."""
        windows, before, after = len(x), len(self.before), len(self.after)
        opening = self.before.to(x.dtype).expand(windows, -1, -1)
        vectors = torch.cat([opening, x, x.new_zeros(windows, after, x.shape[2])], dim=1)
        ends = before + mask.sum(1, keepdim=True)  # (windows, 1)
        places = torch.arange(vectors.shape[1], device=x.device)[None, :]  # (1, tokens with specials)
        if after:
            closing = self.after.to(x.dtype)[(places - ends).clamp(0, after - 1)]  # (windows, tokens, width)
            vectors = torch.where(((places >= ends) & (places < ends + after))[:, :, None], closing, vectors)
        return vectors, places < ends + after

    def stack(self) -> list[list[nn.Parameter]]:
        """Its parameters by layer, the uppermost one first; last come those beneath all layers.

        What no layer has of its own goes with the layer that it comes after, and with those beneath all layers where
        the lowest one computes with it already, as with positions that all layers share (MPNet, DeBERTa).

        Raises:
            ConfigError: when it has no layers of its own, or shares one among all.
        """
        layers = [list(layer.parameters()) for layer in self._layers()]
        within = {parameter for layer in layers for parameter in layer}
        rest = [
            parameter for parameter in (*self.model.parameters(), self.before, self.after) if parameter not in within
        ]
        beneath, *above = self._by_first_use(rest, len(layers))
        return [*reversed([[*own, *layer] for own, layer in zip(above, layers, strict=True)]), beneath]

    def freeze(self, count: int) -> None:
        """Leave the lowest ``count`` layers, and all beneath them, as they are.

        Raises:
            ConfigError: when it has fewer layers.
        """
        *layers, beneath = self.stack()
        if count > len(layers):
            own = counted(len(layers), "layer")
            raise ConfigError(f"model.encoder.frozen_layers = {count}: expected at most its {own}")
        for parameters in (*layers[len(layers) - count :], beneath):
            for parameter in parameters:
                parameter.requires_grad_(False)

    def check_window(self, window: int) -> None:
        """Make sure that windows of ``window`` subwords can be read.

        Raises:
            ConfigError: when they are too long.
        """
        if self.limit is not None and window > self.limit:
            kind, special = self.model.config.model_type, len(self.before) + len(self.after)
            raise ConfigError(
                f"encoding.window = {window}: {kind} reads {self.limit} subwords and {special} special ones; "
                f"expected at most {self.limit}"
            )

    def _layers(self) -> nn.ModuleList:
        count = self.model.config.num_hidden_layers
        for module in self.model.modules():
            if isinstance(module, nn.ModuleList) and len(module) == count:
                return module
        raise ConfigError(f"{self.model.config.model_type} has no list of {count} layers to freeze or to slow down")

    def _by_first_use(self, parameters: Sequence[nn.Parameter], layers: int) -> list[list[nn.Parameter]]:
        """``parameters`` that are of no layer, by the number of layers, from 0, whose vectors are without them."""
        names = {parameter: name for name, parameter in self.named_parameters()}
        copies = {name: parameter.detach().requires_grad_() for parameter, name in names.items()}
        found: list[list[nn.Parameter]] = [[] for _ in range(layers + 1)]
        left = list(parameters)
        for number, vectors in enumerate(self._outputs(copies)):
            if left:
                asked = [copies[names[parameter]] for parameter in left]
                used = torch.autograd.grad(vectors.sum(), asked, allow_unused=True, retain_graph=True)
                found[number] += [one for one, gradient in zip(left, used, strict=True) if gradient is not None]
                left = [one for one, gradient in zip(left, used, strict=True) if gradient is None]
        found[layers] += left
        return found

    def _outputs(self, parameters: Mapping[str, Tensor]) -> list[Tensor]:
        """What each layer makes of two subwords with other ``parameters``, the lowest one first."""
        outputs: list[Tensor] = []

        def keep(layer: nn.Module, given: Any, output: Any) -> None:
            outputs.append(output if isinstance(output, Tensor) else output[0])

        hooks = [layer.register_forward_hook(keep) for layer in self._layers()]
        training, device = self.training, self.before.device
        subwords = torch.zeros(1, 2, self.before.shape[1], device=device)
        try:
            with torch.enable_grad():
                functional_call(
                    self.eval(), dict(parameters), (subwords, torch.ones(1, 2, dtype=torch.bool, device=device))
                )
        finally:
            self.train(training)
            for hook in hooks:
                hook.remove()
        return outputs

    def _checkpoint(self) -> None:
        if not self.model.supports_gradient_checkpointing:
            raise ConfigError(f"model.encoder.checkpointing: {self.model.config.model_type} cannot; expected false")
        enable = getattr(self.model, "activation_checkpointing_enable", self.model.gradient_checkpointing_enable)
        enable({"use_reentrant": False})


def _places(model: Any) -> int | None:
    """Subwords, special ones included, that ``model`` has places for."""
    places: int | None = getattr(model.config, "max_position_embeddings", None)
    if not places or places < 0:
        return None
    tables = [module for name, module in model.named_modules() if name.endswith("position_embeddings")]
    padding = next((table.padding_idx for table in tables if isinstance(table, nn.Embedding)), None)
    return places if padding is None else places - padding - 1  # RoBERTa counts places from the one that pads
