"""The sub-layer beside attention: a stack of convolutions, or none.

The paper's is a stack of widths 1, 5, 1 (section 2.1); widths 1, 1 are the position-wise feed-forward
layer of Vaswani et al. 2017, section 3.3.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator
from torch import Tensor, nn

from bran.config import Config


class ConvolutionConfig(Config):
    """A stack of 1-d convolutions, rectified in between."""

    kind: Literal["convolution"] = "convolution"
    widths: tuple[int, ...] = (1, 5, 1)
    """Odd widths; ``(1, 1)`` is the position-wise layer, ``(1, 1, 1)`` the paper's "no width-5" row."""
    expansion: int = Field(default=4, ge=1)
    """Inner channels per outer one."""
    dropout: float = Field(default=0.1, ge=0, lt=1)

    @field_validator("widths")
    @classmethod
    def _widths_are_odd(cls, widths: tuple[int, ...]) -> tuple[int, ...]:
        if not widths or any(width < 1 or width % 2 == 0 for width in widths):
            raise ValueError("expected one or more odd widths")
        return widths

    def build(self, dim: int) -> Convolution:
        """The module, for vectors of ``dim``."""
        return Convolution(self, dim)


class Convolution(nn.Module):
    """``dim -> inner -> ... -> inner -> dim`` with a rectifier and dropout between the layers."""

    def __init__(self, config: ConvolutionConfig, dim: int) -> None:
        super().__init__()
        channels = [dim, *[config.expansion * dim] * (len(config.widths) - 1), dim]
        self.layers = nn.ModuleList(
            nn.Conv1d(channels[i], channels[i + 1], width, padding=width // 2) for i, width in enumerate(config.widths)
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Convolve; padding is zero before every layer that sees more than one token, so that it never leaks.

        Args:
            x: shape ``(windows, tokens, dim)``.
            mask: ``True`` at real tokens, shape ``(windows, tokens)``.

        Returns:
            shape ``(windows, tokens, dim)``.
        """
        real = mask[:, None, :].to(x.dtype)  # (windows, 1, tokens)
        hidden = x.transpose(1, 2)  # (windows, dim, tokens)
        for index, layer in enumerate(self.layers):
            if index:
                hidden = self.dropout(hidden.relu())
            hidden = layer(hidden if layer.kernel_size == (1,) else hidden * real)
        return hidden.transpose(1, 2)


class NoFeedForwardConfig(Config):
    """No sub-layer beside attention."""

    kind: Literal["none"] = "none"

    def build(self, dim: int) -> NoFeedForward:
        """The module; ``dim`` is not needed."""
        return NoFeedForward()


class NoFeedForward(nn.Module):
    """Adds nothing to the residual stream."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Zeros of the shape of ``x``, ``(windows, tokens, dim)``."""
        return x.new_zeros(()).expand_as(x)
