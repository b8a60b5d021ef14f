r"""The risk of pairs of which not all relations are labelled: a missing label is unknown, not negative.

Of a relation type, let ``c`` be the share of the relations that hold which are labelled (Elkan, Noto: *Learning
classifiers from only positive and unlabeled data*, KDD 2008), and ``l+`` and ``l-`` the losses of a pair as a positive
and as a negative. Each labelled pair then stands for ``1 / c`` positives, ``1 / c - 1`` of them somewhere among all
pairs taken for negatives, so that in expectation

    ``R = sum_labelled l+ / c  +  ( sum_all l-  -  sum_labelled l- / c )``

is the risk under complete labels (du Plessis, Niu, Sugiyama: *Convex formulation for learning from positive and
unlabeled data*, ICML 2015). The bracket is a risk of negatives, so it is not negative either; a network that has
learned the labelled pairs by heart would make it so without end. It is cut off at zero (Kiryo, Niu, du Plessis,
Sugiyama: *Positive-unlabeled learning with non-negative risk estimator*, NeurIPS 2017, equation 6), for each relation
type and batch. With ``s`` the share of pairs that are labelled, the class prior that they write is ``s / c``.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from bran.nn.links import Link
from bran.nn.losses import pair_loss


def pair_risk(link: Link, logits: Tensor, labels: Tensor, weights: Tensor, recall: Tensor) -> Tensor:
    """Mean risk of the pairs with a weight above 0: their losses where labels are complete, and else the risk above.

    Args:
        link: what the loss of complete labels is.
        logits: shape ``(pairs, logits)``.
        labels: how far each relation type holds, shape ``(pairs, types)``.
        weights: factor of each pair, shape ``(pairs,)``.
        recall: share of the relations that hold which are labelled, shape ``(pairs,)``; 1: labels are complete.
    """
    complete = recall == 1
    if complete.all():
        return pair_loss(link.losses(logits, labels), weights)
    rest = ~complete
    known = (link.losses(logits[complete], labels[complete]) * weights[complete]).sum()
    guessed = unlabelled_risk(link.margins(logits[rest]), labels[rest], weights[rest], recall[rest])
    return (known + guessed) / (weights > 0).sum().clamp_min(1)


def unlabelled_risk(margins: Tensor, labels: Tensor, weights: Tensor, recall: Tensor) -> Tensor:
    """Sum of the risks of all relation types, each against no relation, by the logistic loss.

    Args:
        margins: by how much each relation type lies above no relation, shape ``(pairs, types)``.
        labels: 1 where it is labelled, same shape.
        weights: factor of each pair, shape ``(pairs,)``.
        recall: ``c`` of each pair, shape ``(pairs,)``; 1 where all relations that hold are labelled.
    """
    stands_for = labels / recall[:, None]  # (pairs, types)
    positives = (weights[:, None] * stands_for * softplus(-margins)).sum(0)  # (types,)
    negatives = (weights[:, None] * (1 - stands_for) * softplus(margins)).sum(0)
    return (positives + negatives.clamp_min(0)).sum()
