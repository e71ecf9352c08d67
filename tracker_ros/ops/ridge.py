# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Ridge regression in closed form, differentiable by its inputs (DCFST, eq. 1-3)."""

from __future__ import annotations

import torch
from torch import Tensor


def solve_gram(gram: Tensor, correlation: Tensor, penalty: float) -> Tensor:
    """Solve (G + lambda I) w = c for w [D] by Cholesky: the ridge solution given G = X'X and c = X'y.

    Args:
        gram: [..., D, D], positive semi-definite.
        correlation: [..., D].
        penalty: lambda > 0.

    >>> solve_gram(torch.eye(2), torch.tensor([2.0, 4.0]), 1.0)
    tensor([1., 2.])
    """
    identity = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    factor = torch.linalg.cholesky(gram + penalty * identity)
    return torch.cholesky_solve(correlation.unsqueeze(-1), factor).squeeze(-1)


def ridge(data: Tensor, labels: Tensor, penalty: float) -> Tensor:
    """Find the w [..., D] that minimises |X w - y|^2 + lambda |w|^2.

    Solves (X'X + lambda I) w = X'y, or with more dimensions than samples, by Woodbury's identity,
    w = X' (XX' + lambda I)^-1 y. (Eq. 3 of the paper prints lambda X for lambda I.)

    Args:
        data: X [..., N, D].
        labels: y [..., N].
        penalty: lambda > 0.

    >>> ridge(torch.eye(2), torch.tensor([2.0, 4.0]), 1.0)
    tensor([1., 2.])
    """
    if data.shape[-1] > data.shape[-2]:
        return ridge_dual(data, labels, penalty)
    return ridge_primal(data, labels, penalty)


def ridge_primal(data: Tensor, labels: Tensor, penalty: float) -> Tensor:
    """Solve `ridge` through the D x D system."""
    transposed = data.transpose(-1, -2)
    return solve_gram(transposed @ data, (transposed @ labels.unsqueeze(-1)).squeeze(-1), penalty)


def ridge_dual(data: Tensor, labels: Tensor, penalty: float) -> Tensor:
    """Solve `ridge` through the N x N system (Woodbury)."""
    transposed = data.transpose(-1, -2)
    return (transposed @ solve_gram(data @ transposed, labels, penalty).unsqueeze(-1)).squeeze(-1)
