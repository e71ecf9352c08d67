# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""EDCF's losses beside the logistic one: image reconstruction, filter response and their sum."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def reconstruction(decoded: Tensor, image: Tensor) -> Tensor:
    """|decoded - image|^2 per image and value: one half of EDCF's eq. 2, [] for [N, 3, h, w].

    The paper's norm is divided by the number of values, or the unweighted sum of eq. 15 would grow
    with the size of the images alone.
    """
    return (decoded - image).square().mean()


def filter_response(response: Tensor, label: Tensor) -> Tensor:
    """|g - y|^2 / |y|^2 over a batch (EDCF, eq. 8), [] for [N, h, w]: 0 is perfect, g = 0 gives 1.

    The paper's norm is divided by the label's, for the reason given in `reconstruction`.
    """
    # Labels of negative pairs are zero, and a batch may hold nothing else.
    return (response - label).square().sum() / label.square().sum().clamp(min=1.0)


def multi_task(
    low: Tensor, high: Tensor, reconstructed: Tensor, weights: Iterable[Tensor], decay: float
) -> Tensor:
    """L_low + L_high + L_recon + R (EDCF, eq. 15), [].

    R is decay * sum of the squared network `weights`.
    """
    penalty = torch.zeros_like(low)
    for weight in weights:
        penalty = penalty + weight.square().sum()
    return low + high + reconstructed + decay * penalty
