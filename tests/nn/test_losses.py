from __future__ import annotations

import math

import torch
from torch.autograd import gradcheck

from bran.encoding.batches import IGNORED_TAG
from bran.nn.losses import ExclusiveLink, IndependentLink, pair_loss, tag_loss

LOGITS = torch.tensor([[0.0, math.log(3)], [math.log(4), 0.0]])


def test_exclusive_scores_by_hand():
    assert ExclusiveLink().logits(3) == 4
    torch.testing.assert_close(ExclusiveLink().scores(LOGITS), torch.tensor([[0.75], [0.2]]))


def test_exclusive_losses_by_hand():
    losses = ExclusiveLink().losses(LOGITS, torch.tensor([[1.0], [0.0]]))
    torch.testing.assert_close(losses, torch.tensor([-math.log(0.75), -math.log(0.8)]))


def test_exclusive_labels_pick_their_type_and_null_comes_first():
    logits = torch.tensor([[0.0, 0.0, math.log(2)]]).expand(3, 3)
    labels = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    losses = ExclusiveLink().losses(logits, labels)
    torch.testing.assert_close(losses, torch.tensor([math.log(4), math.log(4), math.log(2)]))
    assert ExclusiveLink().losses(logits[:0], labels[:0]).shape == (0,)


def test_exclusive_losses_of_soft_labels_by_hand():
    logits = torch.tensor([[0.0, math.log(3)], [math.log(4), 0.0]])
    losses = ExclusiveLink().losses(logits, torch.tensor([[0.25], [0.5]]))
    # Scores are 1/4, 3/4 and 4/5, 1/5; null's share is what the label lacks to 1.
    expected = [
        -0.75 * math.log(0.25) - 0.25 * math.log(0.75),
        -0.5 * math.log(0.8) - 0.5 * math.log(0.2),
    ]
    torch.testing.assert_close(losses, torch.tensor(expected))


def test_labels_of_more_than_one_are_shared_out():
    losses = ExclusiveLink().losses(torch.tensor([[0.0, 0.0, math.log(2)]]), torch.tensor([[1.0, 1.0]]))
    torch.testing.assert_close(losses, torch.tensor([math.log(4) / 2 + math.log(2) / 2]))


def test_hard_labels_are_learned_from_exactly_as_classes_are():
    torch.manual_seed(0)
    logits = torch.randn(50, 4, requires_grad=True)
    classes = torch.randint(0, 4, (50,))
    expected = torch.nn.functional.cross_entropy(logits, classes, reduction="none")
    (wanted,) = torch.autograd.grad(expected.sum(), logits)
    losses = ExclusiveLink().losses(logits, torch.nn.functional.one_hot(classes, 4)[:, 1:].float())
    losses.sum().backward()
    assert torch.equal(losses, expected)
    torch.testing.assert_close(logits.grad, wanted, atol=1e-7, rtol=1e-6)


def test_soft_gradients_in_double_precision():
    torch.manual_seed(0)
    logits = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[0.2, 0.3], [0.0, 1.0], [0.9, 0.9]], dtype=torch.float64)
    for link in (ExclusiveLink(), IndependentLink()):
        shaped = logits[:, : link.logits(2)].detach().requires_grad_()
        assert gradcheck(lambda values, link=link: link.losses(values, labels), (shaped,))


def test_independent_scores_and_losses_by_hand():
    logits = torch.tensor([[math.log(3), 0.0]])
    assert IndependentLink().logits(2) == 2
    torch.testing.assert_close(IndependentLink().scores(logits), torch.tensor([[0.75, 0.5]]))
    losses = IndependentLink().losses(logits, torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(losses, torch.tensor([-math.log(0.75) - math.log(0.5)]))


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
