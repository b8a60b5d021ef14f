"""Multi-head self-attention over a whole abstract (Vaswani et al. 2017, section 3.2; paper, section 2.1)."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from bran.config import Config
from bran.errors import ConfigError


class AttentionConfig(Config):
    """How tokens attend to each other."""

    heads: int = Field(default=4, ge=1)
    output_projection: bool = False
    """Mix the concatenated heads by one more linear layer. Off: the paper."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Dropout of attention weights."""

    def build(self, dim: int) -> SelfAttention:
        """The module, for vectors of ``dim``."""
        return SelfAttention(self, dim)


class SelfAttention(nn.Module):
    """Scaled dot-product attention of every token to every real token."""

    def __init__(self, config: AttentionConfig, dim: int) -> None:
        super().__init__()
        if dim % config.heads:
            raise ConfigError(f"encoder.dim = {dim}: expected a multiple of the {config.heads} attention heads")
        self.heads = config.heads
        self.dropout = config.dropout
        self.project = nn.Linear(dim, 3 * dim)
        self.output = nn.Linear(dim, dim) if config.output_projection else nn.Identity()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Attend.

        Args:
            x: shape ``(windows, tokens, dim)``.
            mask: ``True`` at real tokens, shape ``(windows, tokens)``.

        Returns:
            shape ``(windows, tokens, dim)``.
        """
        windows, tokens, dim = x.shape
        projected = self.project(x).view(windows, tokens, 3, self.heads, dim // self.heads)
        query, key, value = projected.permute(2, 0, 3, 1, 4)  # each (windows, heads, tokens, dim / heads)
        attended = self._attend(query, key, value, mask[:, None, None, :])
        output: Tensor = self.output(attended.transpose(1, 2).reshape(windows, tokens, dim))
        return output

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
        """Attend per head: ``(windows, heads, tokens, size)``, but for the mask ``(windows, 1, 1, tokens)``."""
        dropout = self.dropout if self.training else 0.0
        if query.dtype == torch.bfloat16 and query.device.type == "cpu":
            return _attend_by_window(query, key, value, mask, dropout)
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout)


def _attend_by_window(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, dropout: float) -> Tensor:
    """Attend in plain products, one window after the other, so that its weights stay in the cache.

    The fused kernel of CPUs turns bfloat16 into 32 bits before it multiplies, which takes up to twice as long,
    and three times in its backward pass. The mask is one more dimension of the keys: a pass over the weights less.
    """
    hidden = torch.where(mask, 0.0, torch.finfo(key.dtype).min / 2).to(key.dtype)  # (windows, 1, 1, tokens)
    keys = torch.cat([key.transpose(-1, -2), hidden.expand(-1, key.shape[1], -1, -1)], dim=2)
    queries = functional.pad(query * query.shape[-1] ** -0.5, (0, 1), value=1.0)
    attended = []
    for q, k, v in zip(queries, keys, value, strict=True):  # (heads, tokens, size)
        weights = functional.dropout((q @ k).softmax(-1), dropout)  # (heads, tokens, tokens)
        attended.append(weights @ v)
    return torch.stack(attended)
