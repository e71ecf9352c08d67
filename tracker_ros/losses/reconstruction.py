# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""EDCF's losses beside the logistic one: image reconstruction, filter response and their sum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor


def reconstruction(decoded: Tensor, image: Tensor) -> Tensor:
    """Return |decoded - image|^2 per image and value: one half of EDCF's eq. 2, [] for [N, 3, h, w].

    The paper's norm is divided by the number of values, or the unweighted sum of eq. 15 would grow
    with the size of the images alone.

    >>> reconstruction(torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2))
    tensor(1.)
    """
    return (decoded - image).square().mean()


def filter_response(response: Tensor, label: Tensor) -> Tensor:
    """Return |g - y|^2 / |y|^2 over a batch (EDCF, eq. 8), [] for [N, h, w]: 0 is perfect, g = 0 gives 1.

    The paper's norm is divided by the label's, for the reason given in `reconstruction`.

    >>> filter_response(torch.zeros(1, 4, 4), torch.ones(1, 4, 4))
    tensor(1.)
    """
    # Labels of negative pairs are zero, and a batch may hold nothing else.
    return (response - label).square().sum() / label.square().sum().clamp(min=1.0)


def squared_norm(difference: Tensor) -> Tensor:
    """Return mean over a batch of |difference|^2, [] for [N, ...]: the norm that EDCF's eq. 2 and 8 print."""
    return difference.square().flatten(1).sum(1).mean()


class Terms(NamedTuple):
    """Weights of the terms of EDCF's eq. 15, and how they are measured.

    Attributes:
        low, high, reconstruction: of the three losses; 1 each as printed.
        balanced: positive and negative cells of L_high weigh alike, as in SiamFC; else eq. 4's plain mean.
        printed_norms: the norms of eq. 2 and 8 as they stand, which grow with the size of images and
            maps: some 10^4 times the logistic loss for crops of 255 px. Else they are divided by their
            number of values and by the label's norm.
    """

    low: float = 1.0
    high: float = 1.0
    reconstruction: float = 1.0
    balanced: bool = False
    printed_norms: bool = False


def multi_task(
    low: Tensor,
    high: Tensor,
    reconstructed: Tensor,
    weights: Iterable[Tensor],
    decay: float,
    terms: Terms = Terms(),  # noqa: B008 (a tuple of plain numbers)
) -> Tensor:
    """Return L_low + L_high + L_recon + R (EDCF, eq. 15), each with its weight of `terms`, [].

    R is decay * sum of the squared network `weights`.

    >>> one = torch.tensor(1.0)
    >>> multi_task(one, one, one, [torch.ones(4)], 0.5)
    tensor(5.)
    """
    penalty = torch.zeros_like(low)
    for weight in weights:
        penalty = penalty + weight.square().sum()
    parts = terms.low * low + terms.high * high + terms.reconstruction * reconstructed
    return parts + decay * penalty
