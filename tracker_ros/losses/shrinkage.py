"""Losses of a regressed response map: shrinkage loss and its rivals, each with its derivative.

All are functions of one residual, element by element and without a sum, of predictions and labels
of the same shape. The derivatives are written out for trackers, which learn without autograd.
"""

from __future__ import annotations

import torch
from torch import Tensor


def shrinkage(prediction: Tensor, label: Tensor, speed: float = 10.0, place: float = 0.2,
              signed: bool = False) -> Tensor:
    """exp(y) l^2 / (1 + exp(a (c - l))) with l = |p - y| (Lu et al., 2020, eq. 7; DCFST, eq. 4).

    Args:
        prediction: p.
        label: y.
        speed: a, how fast the loss shrinks for easy samples.
        place: c, the residual under which a sample counts as easy.
        signed: l = p - y in the weight, so that every sample predicted too low counts as easy: what
            DCFST gives as the original form (its eq. 5).
    """
    residual = prediction - label
    weight = torch.sigmoid(speed * ((residual if signed else residual.abs()) - place))
    return torch.exp(label) * residual.square() * weight


def regression_loss(kind: str, prediction: Tensor, label: Tensor, speed: float = 10.0, place: float = 0.2,
                    threshold: float = 0.01) -> Tensor:
    """The loss 'shrinkage' or one of its rivals; see `shrinkage` for the arguments.

    'l2' is l^2, 'l3' is l^3 (Lu et al., eq. 4 with gamma = 1); 'ohnm' is l^2 where l exceeds
    `threshold`, else 0: online hard negative mining.
    """
    if kind == "shrinkage":
        return shrinkage(prediction, label, speed, place)
    residual = (prediction - label).abs()
    if kind == "l3":
        return residual * residual * residual
    if kind == "ohnm":
        return residual.square() * (residual > threshold).to(residual.dtype)
    return residual.square()


def regression_gradient(kind: str, prediction: Tensor, label: Tensor, speed: float = 10.0,
                        place: float = 0.2, threshold: float = 0.01) -> Tensor:
    """Derivative of `regression_loss` by the prediction, element by element."""
    residual = prediction - label
    size = residual.abs()
    if kind == "shrinkage":
        weight = torch.sigmoid(speed * (size - place))
        return torch.exp(label) * residual * weight * (2 + speed * size * (1 - weight))
    if kind == "l3":
        return 3 * residual * size
    if kind == "ohnm":
        return 2 * residual * (size > threshold).to(residual.dtype)
    return 2 * residual
