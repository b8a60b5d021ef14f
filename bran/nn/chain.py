"""A linear-chain conditional random field over BIO tags.

Lafferty, McCallum, Pereira: *Conditional random fields*, ICML 2001. Training from texts of which not everything is
annotated sums over all taggings that the annotation allows: Tsuboi et al., *Training conditional random fields using
incomplete annotations*, COLING 2008.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_FORBIDDEN = -1e4
"""Score of what cannot be: far below any that is learned, and still a number to take gradients through."""


class TagChain(nn.Module):
    """Scores sequences of the tags O, B-0, I-0, B-1, I-1, ...: emissions plus learned transitions.

    An I follows only a B or I of its own type.

    Args:
        types: number of entity types.
    """

    forbidden: Tensor
    forbidden_start: Tensor

    def __init__(self, types: int) -> None:
        super().__init__()
        self.tags = 2 * types + 1
        self.transitions = nn.Parameter(torch.zeros(self.tags, self.tags))
        inside = torch.arange(2, self.tags, 2)
        forbidden = torch.zeros(self.tags, self.tags)
        forbidden[:, inside] = _FORBIDDEN
        forbidden[inside, inside] = forbidden[inside - 1, inside] = 0.0
        start = torch.zeros(self.tags)
        start[inside] = _FORBIDDEN
        self.register_buffer("forbidden", forbidden, persistent=False)  # (tags before, tags)
        self.register_buffer("forbidden_start", start, persistent=False)  # (tags,)

    def losses(self, emissions: Tensor, mask: Tensor, allowed: Tensor) -> Tensor:
        """Negative log-probability that the tags are among those that the annotation allows, ``(windows,)``.

        Args:
            emissions: shape ``(windows, tokens, tags)``.
            mask: ``True`` at real tokens, which come before padding, shape ``(windows, tokens)``.
            allowed: whether each token may have each tag, shape ``(windows, tokens, tags)``; anything at padding.
        """
        annotated = emissions.masked_fill(~allowed & mask[:, :, None], _FORBIDDEN)
        return self.log_partition(emissions, mask) - self.log_partition(annotated, mask)

    def log_partition(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Logarithm of the summed scores of all taggings, ``(windows,)``; shapes as in :meth:`losses`."""
        transitions = self.transitions + self.forbidden
        total = self.forbidden_start + emissions[:, 0]  # (windows, tags)
        for token in range(1, emissions.shape[1]):
            longer = torch.logsumexp(total[:, :, None] + transitions, dim=1) + emissions[:, token]
            total = torch.where(mask[:, token, None], longer, total)
        return torch.logsumexp(total, dim=1)

    def decode(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """The best tagging, shape ``(windows, tokens)``; shapes as in :meth:`losses`. O at padding."""
        transitions = self.transitions + self.forbidden
        best = self.forbidden_start + emissions[:, 0]  # (windows, tags)
        stay = torch.arange(self.tags, device=emissions.device).expand_as(best)
        before = []  # for each token but the first: the best tag before each tag
        for token in range(1, emissions.shape[1]):
            scores, tags = (best[:, :, None] + transitions).max(dim=1)
            here = mask[:, token, None]
            best = torch.where(here, scores + emissions[:, token], best)
            before.append(torch.where(here, tags, stay))
        path = [best.argmax(1, keepdim=True)]
        for tags in reversed(before):
            path.append(tags.gather(1, path[-1]))
        return torch.cat(path[::-1], dim=1).masked_fill(~mask, 0)
