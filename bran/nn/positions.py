"""How the network knows where a token stands: five kinds, of which some act on the input and some in attention."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, WrapSerializer
from torch import Tensor, nn

from bran.config import Config
from bran.encoding.batches import SHAPES
from bran.errors import ConfigError

_LONGEST_WAVE = 10_000.0


class _Positions(Config):
    """What all kinds have in common: by default they add nothing to the input, and nothing to attention."""

    in_attention: ClassVar[bool] = False
    """Whether it needs attention to act in."""

    def build_input(self, *, window: int, dim: int) -> nn.Module | None:
        """The module that turns places, shape ``(tokens,)``, into vectors to add to the input, ``(tokens, dim)``."""
        return None

    def build_attention(self, *, size: int) -> nn.Module:
        """The module that places queries and keys of ``size``; called as :class:`Unplaced` is."""
        return Unplaced()


class NoPositionsConfig(_Positions):
    """Attention does not know the order of tokens."""

    kind: Literal["none"] = "none"


class LearnedPositionsConfig(_Positions):
    """A vector for each place in a window, added to the input (paper, section 2.1)."""

    kind: Literal["learned"] = "learned"

    def build_input(self, *, window: int, dim: int) -> nn.Embedding:
        """A table for ``window`` tokens, and those that round it up to a padded length."""
        return nn.Embedding(-(-window // SHAPES) * SHAPES, dim)


class SinusoidalPositionsConfig(_Positions):
    """Waves of many lengths, added to the input (Vaswani et al. 2017, section 3.5)."""

    kind: Literal["sinusoidal"] = "sinusoidal"

    def build_input(self, *, window: int, dim: int) -> SinusoidalPositions:
        """A fixed table for ``window`` tokens, and those that round it up to a padded length."""
        return SinusoidalPositions(-(-window // SHAPES) * SHAPES, dim)


class RelativePositionsConfig(_Positions):
    """A vector for each distance between query and key, in every layer of attention (Shaw et al. 2018)."""

    in_attention: ClassVar[bool] = True
    kind: Literal["relative"] = "relative"
    distance: int = Field(default=16, ge=1)
    """Tokens apart from which on all distances to one side are one; the paper's k."""

    def build_attention(self, *, size: int) -> RelativePositions:
        """Vectors of distances, for queries of ``size``."""
        return RelativePositions(self.distance, size)


class RotaryPositionsConfig(_Positions):
    """Queries and keys are turned by angles that grow with their places (Su et al. 2021)."""

    in_attention: ClassVar[bool] = True
    kind: Literal["rotary"] = "rotary"

    def build_attention(self, *, size: int) -> RotaryPositions:
        """Angles for queries and keys of ``size``, which is even."""
        return RotaryPositions(size)


def _spell_out(value: Any) -> Any:
    """A kind's settings where the kind alone is given; first there were learned ones (``true``) and none."""
    if isinstance(value, bool):
        value = "learned" if value else "none"
    return {"kind": value} if isinstance(value, str) else value


def _as_written_first(value: Any, dump: SerializerFunctionWrapHandler) -> Any:
    """What there was before other kinds came is written as it was then: hashes of such configs stand."""
    return {"learned": True, "none": False}.get(value.kind) if value.kind in ("learned", "none") else dump(value)


PositionsConfig = Annotated[
    NoPositionsConfig
    | LearnedPositionsConfig
    | SinusoidalPositionsConfig
    | RelativePositionsConfig
    | RotaryPositionsConfig,
    Field(discriminator="kind"),
    BeforeValidator(_spell_out),
    WrapSerializer(_as_written_first),
]


class SinusoidalPositions(nn.Module):
    """``sin(i / 10000^(2m / dim))`` in dimensions ``2m``, cosines of the same in ``2m + 1``.

    They are divided by ``sqrt(dim)``, by which the sum of input vectors is multiplied.
    """

    table: Tensor

    def __init__(self, places: int, dim: int) -> None:
        super().__init__()
        angles = _angles(places, dim)
        table = torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :dim] / math.sqrt(dim)
        self.register_buffer("table", table.to(torch.get_default_dtype()), persistent=False)  # (places, dim)

    def forward(self, places: Tensor) -> Tensor:
        """The vectors of ``places``, shape ``(tokens,)``, of shape ``(tokens, dim)``."""
        return self.table[places]


class Unplaced(nn.Module):
    """Leaves queries and keys as they are."""

    def forward(self, query: Tensor, key: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Place queries and keys, each of shape ``(windows, heads, tokens, size)``.

        Returns:
            both, placed, and what to add to the scores of each query and key, ``(windows, heads, tokens, tokens)``.
        """
        return query, key, None


class RelativePositions(nn.Module):
    """Adds ``q_i . a_(j - i) / sqrt(size)`` to the score of query ``i`` and key ``j``; heads share the vectors ``a``.

    Shaw, Uszkoreit, Vaswani: *Self-attention with relative position representations*, NAACL 2018, equation 4. Their
    vectors for values (equation 3) are left out: by their own ablation they add nothing.
    """

    def __init__(self, distance: int, size: int) -> None:
        super().__init__()
        self.distance = distance
        self.vectors = nn.Parameter(torch.empty(2 * distance + 1, size))
        nn.init.normal_(self.vectors, std=size**-0.5)

    def forward(self, query: Tensor, key: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """As :meth:`Unplaced.forward`."""
        tokens = query.shape[2]
        places = torch.arange(tokens, device=query.device)
        apart = (places[None, :] - places[:, None]).clamp(-self.distance, self.distance) + self.distance
        scores = query @ self.vectors.T * query.shape[3] ** -0.5  # (windows, heads, tokens, 2 * distance + 1)
        return query, key, scores.gather(3, apart.expand(*query.shape[:2], tokens, tokens))


class RotaryPositions(nn.Module):
    """Turns dimensions ``(2m, 2m + 1)`` of token ``i`` by the angle ``i / 10000^(2m / size)``.

    The product of a query and a key then depends on their places through the distance alone. Su et al.: *RoFormer:
    enhanced transformer with rotary position embedding*, 2021, section 3.2.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        if size % 2:
            raise ConfigError(f"rotary positions turn dimensions in pairs: expected heads of an even size, not {size}")

    def forward(self, query: Tensor, key: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """As :meth:`Unplaced.forward`."""
        angles = _angles(query.shape[2], query.shape[3], device=query.device)
        sine, cosine = angles.sin().to(query.dtype), angles.cos().to(query.dtype)  # each (tokens, size / 2)
        return _turn(query, sine, cosine), _turn(key, sine, cosine), None


def _angles(places: int, dim: int, *, device: torch.device | None = None) -> Tensor:
    """``i / 10000^(2m / dim)`` for each place ``i`` and pair of dimensions ``m``, ``(places, dim / 2 rounded up)``."""
    pairs = torch.arange(0, dim, 2, dtype=torch.float64, device=device)
    return torch.arange(places, dtype=torch.float64, device=device)[:, None] * _LONGEST_WAVE ** (-pairs / dim)


def _turn(x: Tensor, sine: Tensor, cosine: Tensor) -> Tensor:
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack([even * cosine - odd * sine, even * sine + odd * cosine], dim=-1).flatten(-2)
