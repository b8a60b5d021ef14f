from __future__ import annotations

import math

import pytest
import torch
from torch.autograd import gradcheck

from bran.nn.links import ExclusiveLink, IndependentLink, Link, LinkKind, ThresholdLink, build_link

LINKS: dict[str, Link] = {
    "exclusive": ExclusiveLink(),
    "independent": IndependentLink(),
    "threshold": ThresholdLink(),
}
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


def test_independent_scores_and_losses_by_hand():
    logits = torch.tensor([[math.log(3), 0.0]])
    assert IndependentLink().logits(2) == 2
    torch.testing.assert_close(IndependentLink().scores(logits), torch.tensor([[0.75, 0.5]]))
    losses = IndependentLink().losses(logits, torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(losses, torch.tensor([-math.log(0.75) - math.log(0.5)]))


def test_margins_are_what_lies_above_no_relation():
    logits = torch.tensor([[1.0, 4.0, -2.0]])
    assert ExclusiveLink().margins(logits).tolist() == ThresholdLink().margins(logits).tolist() == [[3.0, -3.0]]
    assert IndependentLink().margins(logits).tolist() == logits.tolist()


def test_threshold_scores_by_hand():
    assert ThresholdLink().logits(3) == 4
    scores = ThresholdLink().scores(torch.tensor([[1.0, 1.0, 1.0 + math.log(3)], [-5.0, -5.0 - math.log(4), -5.0]]))
    torch.testing.assert_close(scores, torch.tensor([[0.5, 0.75], [0.2, 0.5]]))


def test_threshold_losses_by_hand():
    logits = torch.tensor([[0.0, math.log(2), math.log(3), math.log(4)]]).expand(3, 4)
    labels = torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    # Weights are 1, 2, 3, 4. None holds: 1 of 10. First and third: 2 and 4 of 1 + 2 + 4, then 1 of 1 + 3.
    expected = [-math.log(1 / 10), -math.log(2 / 7 * 4 / 7 * 1 / 4), -math.log(2 / 10 * 3 / 10 * 4 / 10)]
    torch.testing.assert_close(ThresholdLink().losses(logits, labels), torch.tensor(expected))


def test_threshold_losses_of_soft_labels_are_the_mean_over_the_sets_they_stand_for():
    link, logits = ThresholdLink(), torch.tensor([[0.3, -1.0, 0.8]])
    soft = link.losses(logits, torch.tensor([[0.2, 0.7]]))
    # Up to 0.2 both hold, up to 0.7 the second does, then none.
    both, second, none = (link.losses(logits, torch.tensor([row])) for row in ([1.0, 1.0], [0.0, 1.0], [0.0, 0.0]))
    torch.testing.assert_close(soft, 0.2 * both + 0.5 * second + 0.3 * none)


def test_of_one_relation_type_the_threshold_is_null():
    torch.manual_seed(0)
    logits, labels = torch.randn(20, 2), torch.rand(20, 1)
    torch.testing.assert_close(ThresholdLink().losses(logits, labels), ExclusiveLink().losses(logits, labels))
    torch.testing.assert_close(ThresholdLink().scores(logits), ExclusiveLink().scores(logits))


def test_a_score_of_threshold_is_best_where_its_label_says():
    margin = torch.zeros(1, requires_grad=True)
    logits = torch.stack([torch.zeros(1), margin], dim=1)
    ThresholdLink().losses(logits, torch.tensor([[0.5]])).backward()
    assert margin.grad is not None
    assert margin.grad.item() == 0.0


def test_logits_of_a_pair_without_tokens_have_a_finite_threshold_loss():
    logits = torch.full((2, 3), torch.finfo(torch.float32).min, requires_grad=True)
    losses = ThresholdLink().losses(logits, torch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    losses.sum().backward()
    torch.testing.assert_close(losses.detach(), torch.tensor([2 * math.log(2), math.log(3)]))
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_smoothed_labels_by_hand():
    labels = torch.tensor([[1.0, 0.0]])
    torch.testing.assert_close(ExclusiveLink().smoothed(labels, 0.3), torch.tensor([[0.8, 0.1]]))  # and null 0.1
    for link in (IndependentLink(), ThresholdLink()):
        torch.testing.assert_close(link.smoothed(labels, 0.3), torch.tensor([[0.85, 0.15]]))
    for link in LINKS.values():
        assert torch.equal(link.smoothed(labels, 0.0), labels)


def test_divergences_by_hand():
    one, other = torch.tensor([[0.0, math.log(3)]]), torch.tensor([[0.0, 0.0]])
    # KL(1/4, 3/4 | 1/2, 1/2) and back, halved
    there = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)
    back = -0.5 * math.log(0.5) - 0.5 * math.log(1.5)
    expected = torch.tensor([(there + back) / 2])
    torch.testing.assert_close(ExclusiveLink().divergences(one, other), expected)
    torch.testing.assert_close(ThresholdLink().divergences(one, other), expected)
    torch.testing.assert_close(IndependentLink().divergences(one, other), expected)


@pytest.mark.parametrize("name", ["exclusive", "independent", "threshold"])
def test_divergences_equal_those_of_torch(name: str):
    torch.manual_seed(0)
    link, one, other = LINKS[name], torch.randn(9, 4), torch.randn(9, 4)
    kind = torch.distributions.Categorical if name == "exclusive" else torch.distributions.Bernoulli
    first, second = (kind(logits=values if name == "exclusive" else link.margins(values)) for values in (one, other))
    both = torch.distributions.kl_divergence(first, second) + torch.distributions.kl_divergence(second, first)
    torch.testing.assert_close(link.divergences(one, other), both.reshape(9, -1).sum(1) / 2)
    assert link.divergences(one, one).tolist() == [0.0] * 9


@pytest.mark.parametrize("name", ["exclusive", "independent", "threshold"])
def test_gradients_in_double_precision(name: str):
    torch.manual_seed(0)
    link, labels = LINKS[name], torch.tensor([[0.2, 0.3], [0.0, 1.0], [0.9, 0.9]], dtype=torch.float64)
    shape = (3, link.logits(2))
    logits, others = (torch.randn(shape, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert gradcheck(lambda values: link.losses(values, labels), (logits,))
    assert gradcheck(link.divergences, (logits, others))


@pytest.mark.parametrize("kind", ["plain", "threshold"])
def test_kinds_fit_schemas(kind: LinkKind):
    built = {exclusive: type(build_link(kind, exclusive=exclusive)) for exclusive in (True, False)}
    plain = {True: ExclusiveLink, False: IndependentLink}
    assert built == (plain if kind == "plain" else {True: ThresholdLink, False: ThresholdLink})
