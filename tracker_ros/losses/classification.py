# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Binary classification losses for trackers: cross entropy, focal and shrinkage.

Source: Lu et al., "Deep Object Tracking with Shrinkage Loss", section 3.4. With p = sigmoid(logit) and
p_t = p for a positive and 1 - p for a negative sample, every loss here is

    L = f(p_t) * -log(p_t)

and the modulating factor f tells them apart:

    bce        1                                           eq. 9
    focal      alpha (1 - p_t)^gamma                       eq. 11
    shrinkage  exp(p_t) / (1 + exp(a (p_t - c)))           eq. 13 (without the exp factor: eq. 12)

For shrinkage f falls from about 1 to 1 / (1 + exp(a (1 - c))) as p_t rises: easy samples (p_t near 1)
shrink, hard ones keep their loss (figure 6a). Equations 12 and 13 have this sign as printed. The two
that repeat them for both classes do not survive a literal reading: the exponent of eq. 14's second
branch, printed a (1 - a)) - c, and that of eq. 18's second term, printed a (1 - p) - c, are both
a ((1 - p) - c). The class weights beta of eq. 10, 11 and 14 are in `class_weights`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

KINDS = ("bce", "focal", "shrinkage")


class ClassificationLoss(NamedTuple):
    """A modulating factor and its parameters; those of the other kinds are ignored.

    Attributes:
        kind: one of `KINDS`.
        a: how fast the shrinkage factor falls.
        c: the p_t at which it has fallen to half.
        gamma: exponent of the focal factor, at least 1 or exactly 0 for a finite gradient at p_t = 1.
        alpha: scale of the focal factor.
        exponential: multiply the shrinkage factor by exp(p_t), eq. 13.
        modulated: False leaves exp(p_t) alone of the shrinkage factor (an ablation of table 3).
    """

    kind: str = "shrinkage"
    a: float = 10.0
    c: float = 0.6
    gamma: float = 2.0
    alpha: float = 1.0
    exponential: bool = True
    modulated: bool = True


def make_loss(kind: str, a: float = 10.0, c: float = 0.6, gamma: float = 2.0) -> ClassificationLoss:
    """Return the loss of this name.

    Raises:
        ValueError: when the name is none of `KINDS`.

    >>> make_loss('focal').gamma
    2.0
    """
    if kind not in KINDS:
        raise ValueError(f"unknown classification loss '{kind}'; known: {', '.join(KINDS)}")
    return ClassificationLoss(kind, a, c, gamma)


def modulating_factor(p_t: Tensor, loss: ClassificationLoss) -> Tensor:
    """Return f(p_t) for probabilities of the true class in [0, 1], any shape; scriptable.

    >>> modulating_factor(torch.tensor([0.5]), make_loss('focal', gamma=2.0))
    tensor([0.2500])
    """
    if loss.kind == "focal":
        return loss.alpha * (1 - p_t).pow(loss.gamma)
    factor = torch.ones_like(p_t)
    if loss.kind == "shrinkage":
        if loss.modulated:
            factor = torch.sigmoid(loss.a * (loss.c - p_t))
        if loss.exponential:
            factor = factor * p_t.exp()
    return factor


def margin_loss(margin: Tensor, loss: ClassificationLoss) -> Tensor:
    """Return loss per sample of its margin: the logit of a positive, minus the logit of a negative sample.

    >>> margin_loss(torch.tensor([0.0]), make_loss('bce'))
    tensor([0.6931])
    """
    return modulating_factor(torch.sigmoid(margin), loss) * F.softplus(-margin)


def margin_gradient(margin: Tensor, loss: ClassificationLoss) -> Tensor:
    """Return the derivative of `margin_loss` by the margin, in closed form; scriptable.

    Trackers learn online under `torch.inference_mode`, where autograd does not work. With
    p = sigmoid(margin), dL/dmargin = (1 - p) (p f'(p) (-log p) - f(p)).

    >>> margin_gradient(torch.tensor([0.0]), make_loss('bce'))
    tensor([-0.5000])
    """
    p = torch.sigmoid(margin)
    factor = modulating_factor(p, loss)
    slope = torch.zeros_like(p)
    if loss.kind == "focal":
        slope = -loss.gamma * loss.alpha * (1 - p).pow(loss.gamma - 1)
    if loss.kind == "shrinkage":
        if loss.modulated:
            slope = -loss.a * factor * torch.sigmoid(loss.a * (p - loss.c))
        if loss.exponential:
            slope = slope + factor
    return (1 - p) * (p * slope * F.softplus(-margin) - factor)


def classification_loss(logits: Tensor, labels: Tensor, loss: ClassificationLoss) -> Tensor:
    """Return the loss per sample, same shape as `logits`; scriptable.

    Args:
        logits: log odds of the positive class.
        labels: in [0, 1], broadcastable; values between mix the two branches, as eq. 9 does.
        loss: which one.

    >>> classification_loss(torch.tensor([0.0]), torch.tensor([1.0]), make_loss('bce'))
    tensor([0.6931])
    """
    return labels * margin_loss(logits, loss) + (1 - labels) * margin_loss(-logits, loss)


def class_weights(labels: Tensor) -> Tensor:
    """Weight per sample that balances the classes (eq. 10): beta_1 for positives, beta_2 for negatives.

    beta_1 is the share of negatives in the batch, beta_2 that of positives: each class then weighs the
    same. A batch of one class only has weight 1 throughout; the printed ratio would leave it without
    a gradient.

    >>> class_weights(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([0.7500, 0.2500, 0.2500, 0.2500])
    """
    positive = labels.mean()
    weights = labels * (1 - positive) + (1 - labels) * positive
    mixed = (positive > 0) & (positive < 1)
    return torch.where(mixed, weights, torch.ones_like(weights))


def balanced_loss(logits: Tensor, labels: Tensor, loss: ClassificationLoss) -> Tensor:
    """Return the class-balanced mean [] over all samples of a batch (eq. 10, 11 or 14).

    Divided by the sum of the weights, so that the number of samples does not change the step size:
    half the mean over positives plus half the mean over negatives.

    >>> balanced_loss(torch.zeros(4), torch.tensor([1.0, 0.0, 0.0, 0.0]), make_loss('bce'))
    tensor(0.6931)
    """
    weights = class_weights(labels)
    return (weights * classification_loss(logits, labels, loss)).sum() / weights.sum()
