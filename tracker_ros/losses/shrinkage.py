# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Losses of a regressed response map: shrinkage loss and its rivals, each with its derivative.

All are functions of one residual, element by element and without a sum, of predictions and labels
of the same shape. The derivatives are written out for trackers, which learn without autograd.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

KINDS = ("shrinkage", "l2", "l3", "ohnm")


def shrinkage(
    prediction: Tensor, label: Tensor, a: float = 10.0, c: float = 0.2, signed: bool = False
) -> Tensor:
    """Return exp(y) l^2 / (1 + exp(a (c - l))) with l = |p - y| (Lu et al., 2020, eq. 7; DCFST, eq. 4).

    Args:
        prediction: p.
        label: y.
        a: how fast the loss shrinks for easy samples.
        c: the residual under which a sample counts as easy.
        signed: l = p - y in the weight, so that every sample predicted too low counts as easy: what
            DCFST gives as the original form (its eq. 5).

    >>> shrinkage(torch.tensor([0.2]), torch.tensor([0.0]))  # at l = c the factor is half
    tensor([0.0200])
    """
    residual = prediction - label
    weight = torch.sigmoid(a * ((residual if signed else residual.abs()) - c))
    return torch.exp(label) * residual.square() * weight


class RegressionLoss(NamedTuple):
    """A loss of a response map and its parameters; those of the other kinds are ignored.

    Attributes:
        kind: one of `KINDS`: 'l2' is l^2, 'l3' is l^3 (Lu et al., eq. 4 with gamma = 1); 'ohnm' is l^2
            where l exceeds `threshold`, else 0: online hard negative mining.
        a: how fast the shrinkage factor falls for easy samples.
        c: the residual at which it is half.
        exponential: multiply shrinkage by exp(y), eq. 7.
        modulated: False leaves exp(y) l^2 of eq. 7 (an ablation of table 3).
        threshold: of 'ohnm'.
    """

    kind: str = "shrinkage"
    a: float = 10.0
    c: float = 0.2
    exponential: bool = True
    modulated: bool = True
    threshold: float = 0.01


def regression_loss(loss: RegressionLoss, prediction: Tensor, label: Tensor) -> Tensor:
    """Return the loss of each element of predictions and labels of the same shape; scriptable.

    >>> regression_loss(RegressionLoss('l2'), torch.tensor([0.5]), torch.tensor([0.0]))
    tensor([0.2500])
    """
    residual = (prediction - label).abs()
    if loss.kind == "shrinkage":
        value = residual.square()
        if loss.modulated:
            value = value * torch.sigmoid(loss.a * (residual - loss.c))
        return value * torch.exp(label) if loss.exponential else value
    if loss.kind == "l3":
        return residual * residual * residual
    if loss.kind == "ohnm":
        return residual.square() * (residual > loss.threshold).to(residual.dtype)
    return residual.square()


def regression_gradient(loss: RegressionLoss, prediction: Tensor, label: Tensor) -> Tensor:
    """Return the derivative of `regression_loss` by the prediction, element by element.

    >>> regression_gradient(RegressionLoss('l2'), torch.tensor([0.5]), torch.tensor([0.0]))
    tensor([1.])
    """
    residual = prediction - label
    size = residual.abs()
    if loss.kind == "shrinkage":
        slope = 2 * residual
        if loss.modulated:
            weight = torch.sigmoid(loss.a * (size - loss.c))
            slope = residual * weight * (2 + loss.a * size * (1 - weight))
        return slope * torch.exp(label) if loss.exponential else slope
    if loss.kind == "l3":
        return 3 * residual * size
    if loss.kind == "ohnm":
        return 2 * residual * (size > loss.threshold).to(residual.dtype)
    return 2 * residual
