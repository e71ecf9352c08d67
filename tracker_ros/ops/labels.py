# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Windows and regression targets."""

from __future__ import annotations

import torch
from torch import Tensor


def hann(height: int, width: int, device: torch.device | None = None) -> Tensor:
    """Return [height, width] separable Hann window, symmetric, without zero rows or columns at the border.

    >>> hann(3, 3)
    tensor([[0.2500, 0.5000, 0.2500],
            [0.5000, 1.0000, 0.5000],
            [0.2500, 0.5000, 0.2500]])
    """
    rows = torch.hann_window(height + 2, periodic=False, device=device)[1:-1]
    columns = torch.hann_window(width + 2, periodic=False, device=device)[1:-1]
    return rows.unsqueeze(1) * columns.unsqueeze(0)


def gaussian(
    height: int,
    width: int,
    sigma_h: float,
    sigma_w: float,
    center_h: float,
    center_w: float,
    device: torch.device | None = None,
) -> Tensor:
    """Return [height, width] Gaussian exp(-d^2 / 2 sigma^2) of peak 1 at (center_h, center_w), in cells.

    >>> gaussian(5, 5, 1.0, 1.0, 2.0, 3.0).argmax()
    tensor(13)
    """
    rows = (torch.arange(height, device=device, dtype=torch.float32) - center_h) / sigma_h
    columns = (torch.arange(width, device=device, dtype=torch.float32) - center_w) / sigma_w
    return torch.exp(-0.5 * (rows.square().unsqueeze(1) + columns.square().unsqueeze(0)))


def circular_gaussian(
    height: int, width: int, sigma_h: float, sigma_w: float, device: torch.device | None = None
) -> Tensor:
    """Return a Gaussian [height, width] of peak 1 at cell (0, 0) that wraps around: a Fourier filter's label.

    A response trained on it has its peak at the displacement itself, negative ones wrapped.

    >>> circular_gaussian(8, 8, 1.0, 1.0)[0, 0]
    tensor(1.)
    """
    label = gaussian(height, width, sigma_h, sigma_w, float(height // 2), float(width // 2), device)
    return torch.roll(label, [-(height // 2), -(width // 2)], [0, 1])
