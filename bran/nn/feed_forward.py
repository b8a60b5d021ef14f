"""The sub-layer beside attention: a stack of convolutions, a gated convolution, an LSTM, or none.

The paper's is a stack of widths 1, 5, 1 (section 2.1); widths 1, 1 are the position-wise feed-forward
layer of Vaswani et al. 2017, section 3.3. Tan et al. compare a recurrent, a convolutional and a position-wise layer
beside attention: *Deep semantic role labeling with self-attention*, AAAI 2018.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn import functional

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
            TokenConvolution(channels[i], channels[i + 1], width) for i, width in enumerate(config.widths)
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
        real, hidden = mask[:, :, None], x
        for index, layer in enumerate(self.layers):
            if index:
                hidden = self.dropout(hidden.relu())
            hidden = layer(hidden if layer.kernel_size == (1,) else hidden * real)
        return hidden


class TokenConvolution(nn.Conv1d):
    """A convolution over tokens as they lie in memory, channels last: ``(windows, tokens, channels)``, in and out.

    Torch's own takes channels first, and copies tokens there and back.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; as many tokens come out."""
        (width,) = self.kernel_size
        if width == 1:
            return functional.linear(x, self.weight[:, :, 0], self.bias)
        image = x.transpose(1, 2).unsqueeze(2)  # (windows, channels, 1, tokens): one row of pixels
        convolved = functional.conv2d(image, self.weight.unsqueeze(2), self.bias, padding=(0, width // 2))
        return convolved.squeeze(2).transpose(1, 2)


class GatedConvolutionConfig(Config):
    """A convolution whose outputs are let through by gates that are convolved as they are."""

    kind: Literal["gated"] = "gated"
    width: int = Field(default=5, ge=1)
    """An odd number of tokens."""

    @field_validator("width")
    @classmethod
    def _width_is_odd(cls, width: int) -> int:
        if width % 2 == 0:
            raise ValueError("expected an odd width")
        return width

    def build(self, dim: int) -> GatedConvolution:
        """The module, for vectors of ``dim``."""
        return GatedConvolution(self, dim)


class GatedConvolution(nn.Module):
    """``conv(x) * sigmoid(gate(x))``.

    Dauphin, Fan, Auli, Grangier: *Language modeling with gated convolutional networks*, ICML 2017, section 2.
    """

    def __init__(self, config: GatedConvolutionConfig, dim: int) -> None:
        super().__init__()
        self.convolution = TokenConvolution(dim, 2 * dim, config.width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Convolve and gate; shapes as in :meth:`Convolution.forward`, and padding is zero as there."""
        return functional.glu(self.convolution(x * mask[:, :, None]), dim=2)


class LstmConfig(Config):
    """A recurrent layer that reads from both ends."""

    kind: Literal["lstm"] = "lstm"

    def build(self, dim: int) -> Lstm:
        """The module, for vectors of ``dim``."""
        return Lstm(dim)


class Lstm(nn.Module):
    """The sum of two LSTMs, one of which reads backwards (Tan et al. 2018)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.forwards = nn.LSTM(dim, dim, batch_first=True)
        self.backwards = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Read real tokens, which come before padding; shapes as in :meth:`Convolution.forward`."""
        # Packed sequences would do the same, but on CPUs they take over ten times as long.
        places = torch.arange(x.shape[1], device=x.device)
        turned = torch.where(mask, mask.sum(1, keepdim=True) - 1 - places, places)  # real tokens from last to first
        back = turned[:, :, None].expand_as(x)
        read: Tensor = self.forwards(x)[0] + self.backwards(x.gather(1, back))[0].gather(1, back)
        return read


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
