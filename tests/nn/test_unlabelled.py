"""The risk of pairs of which not all relations are labelled."""

from __future__ import annotations

import math

import pytest
import torch
from torch.autograd import gradcheck

from bran.nn.links import ExclusiveLink, IndependentLink, Link, ThresholdLink
from bran.nn.losses import pair_loss
from bran.nn.unlabelled import pair_risk, unlabelled_risk

ONES = torch.ones(4)


def softplus(value: float) -> float:
    return math.log1p(math.exp(value))


def test_the_risk_by_hand():
    margins = torch.tensor([[2.0], [0.5], [-1.0]])
    labels, weights, recall = torch.tensor([[1.0], [0.0], [0.0]]), torch.tensor([1.0, 1.0, 0.5]), torch.full((3,), 0.8)
    positives = softplus(-2.0) / 0.8
    negatives = softplus(2.0) + softplus(0.5) + 0.5 * softplus(-1.0) - softplus(2.0) / 0.8
    assert negatives > 0
    risk = unlabelled_risk(margins, labels, weights, recall)
    torch.testing.assert_close(risk, torch.tensor(positives + negatives))


def test_the_risk_of_negatives_is_cut_off_at_zero_for_each_type():
    margins = torch.tensor([[9.0, 0.0], [-9.0, 0.0]], requires_grad=True)
    labels = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    risk = unlabelled_risk(margins, labels, torch.ones(2), torch.full((2,), 0.5))
    # Of the first type, - l-(9) + l-(-9) is far below zero: only the positive is left, and it alone has a gradient.
    expected = softplus(-9.0) / 0.5 + 2 * softplus(0.0)
    torch.testing.assert_close(risk, torch.tensor(expected), rtol=1e-5, atol=1e-6)
    risk.backward()
    assert margins.grad[0, 0] < 0
    assert margins.grad[1, 0] == 0


@pytest.mark.parametrize("link", [ExclusiveLink(), IndependentLink(), ThresholdLink()])
def test_of_complete_labels_it_is_the_loss(link: Link):
    torch.manual_seed(0)
    logits, labels = torch.randn(4, link.logits(1)), torch.tensor([[1.0], [0.0], [1.0], [0.0]])
    weights = torch.tensor([1.0, 0.5, 0.0, 1.0])
    expected = pair_loss(link.losses(logits, labels), weights)
    assert torch.equal(pair_risk(link, logits, labels, weights, ONES), expected)
    nearly = pair_risk(link, logits, labels, weights, ONES - 1e-7)
    torch.testing.assert_close(nearly, expected, atol=1e-5, rtol=1e-5)


def test_pairs_of_both_kinds_share_a_mean():
    torch.manual_seed(0)
    link, logits = IndependentLink(), torch.randn(4, 2)
    labels, recall = torch.tensor([[1.0, 0], [0, 0], [0, 1], [0, 0]]), torch.tensor([1.0, 1.0, 0.5, 0.5])
    known = link.losses(logits[:2], labels[:2]).sum()
    guessed = unlabelled_risk(link.margins(logits[2:]), labels[2:], ONES[2:], recall[2:])
    torch.testing.assert_close(pair_risk(link, logits, labels, ONES, recall), (known + guessed) / 4)


def test_pairs_without_weight_teach_nothing():
    logits = torch.randn(4, 2, requires_grad=True)
    risk = pair_risk(ExclusiveLink(), logits, torch.ones(4, 1), torch.zeros(4), torch.full((4,), 0.5))
    risk.backward()
    assert risk.item() == 0
    assert not logits.grad.any()


def test_gradients_in_double_precision():
    torch.manual_seed(0)
    margins = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[1.0, 0], [0, 0], [0, 1], [0, 0], [0, 0]], dtype=torch.float64)
    weights, recall = torch.rand(5, dtype=torch.float64), torch.full((5,), 0.9, dtype=torch.float64)
    assert gradcheck(lambda values: unlabelled_risk(values, labels, weights, recall), (margins,))


def test_half_the_labels_teach_the_same_risk_as_all_of_them():
    """What the estimator is for: over many draws of what is labelled, its mean is the loss under complete labels."""
    torch.manual_seed(0)
    margins, holds = torch.randn(400, 1), torch.rand(400, 1) < 0.4
    complete = IndependentLink().losses(margins, holds.float()).sum()
    draws = [holds & (torch.rand(400, 1) < 0.5) for _ in range(400)]
    risks = torch.stack(
        [unlabelled_risk(margins, draw.float(), torch.ones(400), torch.full((400,), 0.5)) for draw in draws]
    )
    naive = torch.stack([IndependentLink().losses(margins, draw.float()).sum() for draw in draws])
    assert abs(risks.mean() - complete) < 3 * risks.std() / 20
    assert abs(naive.mean() - complete) > 3 * naive.std() / 20
