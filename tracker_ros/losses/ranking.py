# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The smooth ranking loss that makes features sensitive to scale (Li et al., TADT, 2019, eq. 5-7)."""

from __future__ import annotations

import torch
from torch import Tensor


def ranking_pairs(distances: Tensor) -> Tensor:
    """Return [K, K] of 1 where sample j is closer to the target's size than sample i, else 0.

    Args:
        distances: [K] of each sample's size from the target's.

    >>> ranking_pairs(torch.tensor([0.1, 0.4]))
    tensor([[0., 0.],
            [1., 0.]])
    """
    return (distances.abs().unsqueeze(1) > distances.abs().unsqueeze(0)).float()


def ranking_loss(scores: Tensor, pairs: Tensor) -> Tensor:
    """Return log(1 + sum over pairs of exp(f(x_i) - f(x_j))), eq. 5.

    Args:
        scores: [K] predictions f.
        pairs: [K, K], 1 where sample j should score higher than sample i.

    >>> scores = torch.tensor([2.0, 2.0])
    >>> ranking_loss(scores, ranking_pairs(torch.tensor([0.1, 0.4])))
    tensor(0.6931)
    """
    return torch.log1p((pairs * torch.exp(scores.unsqueeze(1) - scores.unsqueeze(0))).sum())


def ranking_gradient(scores: Tensor, pairs: Tensor) -> Tensor:
    """Return [K] derivative of `ranking_loss` by each score.

    Eq. 6 prints the factor 1 / L; the derivative of eq. 5 has 1 / (1 + sum) instead, used here.

    >>> scores = torch.tensor([2.0, 2.0])
    >>> ranking_gradient(scores, ranking_pairs(torch.tensor([0.1, 0.4])))
    tensor([-0.5000,  0.5000])
    """
    terms = pairs * torch.exp(scores.unsqueeze(1) - scores.unsqueeze(0))
    return (terms.sum(1) - terms.sum(0)) / (1 + terms.sum())
