from __future__ import annotations

import math

import torch

from bran.encoding.batches import IGNORED_TAG
from bran.nn.losses import pair_loss, tag_loss


def test_pairs_that_do_not_count_are_left_out_of_the_mean():
    losses = torch.tensor([1.0, 5.0, 3.0], requires_grad=True)
    loss = pair_loss(losses, torch.tensor([1.0, 0.0, 1.0]))
    assert loss.item() == 2.0
    loss.backward()
    assert losses.grad is not None
    assert losses.grad.tolist() == [0.5, 0.0, 0.5]


def test_light_pairs_weigh_less_in_whatever_company():
    losses = torch.tensor([1.0, 5.0, 3.0])
    assert pair_loss(losses, torch.tensor([1.0, 0.5, 0.0])).item() == 1.75
    assert pair_loss(losses, torch.full((3,), 0.25)).item() == 0.75


def test_no_pair_that_counts_is_no_loss():
    losses = torch.tensor([1.0, 5.0], requires_grad=True)
    loss = pair_loss(losses, torch.zeros(2))
    assert loss.item() == 0.0
    loss.backward()


def test_tag_loss_is_the_mean_over_real_tokens():
    logits = torch.tensor([[[0.0, math.log(3)], [math.log(4), 0.0], [9.0, -9.0]]])
    tags = torch.tensor([[1, 0, IGNORED_TAG]])
    torch.testing.assert_close(tag_loss(logits, tags), torch.tensor((-math.log(0.75) - math.log(0.8)) / 2))
    assert tag_loss(logits.bfloat16(), tags).dtype == torch.float32
