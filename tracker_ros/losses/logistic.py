# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Logistic losses of a score map v against labels y of +1 and -1, element by element."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def logistic(scores: Tensor, labels: Tensor) -> Tensor:
    """Compute log(1 + exp(-y v)) (AdaCFNet, eq. 4; EDCF, eq. 4), of the shape of `scores`.

    >>> logistic(torch.tensor([0.0]), torch.tensor([1.0]))  # log 2
    tensor([0.6931])
    """
    return F.softplus(-labels * scores)


def focal_logistic(scores: Tensor, labels: Tensor, a: float = 2.0, b: float = 1.0) -> Tensor:
    """Return a / (1 + exp(b y v)) * log(1 + exp(-y v)) (AdaCFNet, eq. 6), of the shape of `scores`.

    Shrinks with b what is easy (y v > 0). With a = 2, b = 0 it is `logistic`. The factor is part of
    the loss: gradients flow through it.

    >>> focal_logistic(torch.tensor([0.0]), torch.tensor([1.0]))  # a / 2 times the logistic loss
    tensor([0.6931])
    """
    return a * torch.sigmoid(-b * labels * scores) * logistic(scores, labels)


def balanced_mean(losses: Tensor, labels: Tensor) -> Tensor:
    """Return the mean [] over N maps in which the +1 cells weigh together as much as the -1 cells.

    Args:
        losses: [N, h, w].
        labels: [N, h, w] of +1 and -1. A map without +1 cells (a negative pair) has half the weight of
            one with both, as in SiamFC.

    >>> losses, labels = torch.tensor([[[4.0, 1.0, 1.0]]]), torch.tensor([[[1.0, -1.0, -1.0]]])
    >>> balanced_mean(losses, labels)
    tensor(2.5000)
    """
    positive = (labels > 0).to(losses.dtype)
    negative = 1 - positive
    means = [(losses * side).sum((1, 2)) / side.sum((1, 2)).clamp(min=1.0) for side in (positive, negative)]
    return 0.5 * (means[0] + means[1]).mean()
