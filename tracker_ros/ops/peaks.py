# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Reading a response map: where its peak is and how far the peak can be trusted."""

from __future__ import annotations

import torch
from torch import Tensor


def argmax_2d(response: Tensor) -> tuple[Tensor, Tensor]:
    """Return the row and column (int64 []) of the maximum of [h, w]; the first in row-major order on a tie.

    >>> argmax_2d(torch.tensor([[0.0, 1.0], [3.0, 2.0]]))
    (tensor(1), tensor(0))
    """
    flat = response.reshape(-1).argmax()
    width = response.shape[-1]
    return torch.div(flat, width, rounding_mode="floor"), flat % width


def vertex(before: float, at: float, after: float) -> float:
    """Return the offset in [-0.5, 0.5] of the vertex of the parabola through three equidistant samples.

    >>> vertex(0.0, 1.0, 1.0)
    0.5
    """
    curvature = before + after - 2 * at
    # A flat top has no vertex; a curvature of 0 would divide by 0.
    return min(max(0.5 * (before - after) / curvature, -0.5), 0.5) if curvature < 0 else 0.0


def peak_place(response: Tensor, circular: bool) -> tuple[float, float]:
    """Return the row and column of the maximum of [h, w], refined by a parabola per axis.

    With `circular` the map wraps around and positions past the middle come out negative, as
    displacements; otherwise a peak on the border is not refined across it. Works on five numbers on the
    host: as operations on tensors this takes five times as long, on any device.

    >>> peak_place(torch.tensor([[0.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 0.0]]), False)
    (1.0, 1.0)
    """
    height, width = response.shape[0], response.shape[1]
    flat = response.flatten()
    best = int(flat.argmax())
    row, column = best // width, best % width
    if circular:
        up, down = (row - 1) % height, (row + 1) % height
        left, right = (column - 1) % width, (column + 1) % width
    else:
        up, down = max(row - 1, 0), min(row + 1, height - 1)
        left, right = max(column - 1, 0), min(column + 1, width - 1)
    cells = [best, up * width + column, down * width + column, row * width + left, row * width + right]
    near: list[float] = flat[torch.tensor(cells, device=response.device)].tolist()
    y = row + vertex(near[1], near[0], near[2])
    x = column + vertex(near[3], near[0], near[4])
    if circular:
        y = y - height if y > height / 2 else y
        x = x - width if x > width / 2 else x
    return y, x


def subcell_peak(response: Tensor, circular: bool) -> Tensor:
    """Return `peak_place` as a tensor [2]."""
    row, column = peak_place(response, circular)
    return torch.tensor([row, column], device=response.device)


def psr(response: Tensor, exclude: int = 5) -> Tensor:
    """Return the peak-to-sidelobe ratio [] of [h, w] (Bolme et al., 2010, sec. 3.5).

    (peak - mean) / standard deviation of the sidelobe, which is the map without the square of
    half-width `exclude` cells around the peak; the map is taken as circular.
    """
    height, width = response.shape[0], response.shape[1]
    row, column = argmax_2d(response)
    dy = (torch.arange(height, device=response.device) - row).abs()
    dx = (torch.arange(width, device=response.device) - column).abs()
    near = (torch.minimum(dy, height - dy) <= exclude).unsqueeze(1) & (
        torch.minimum(dx, width - dx) <= exclude
    ).unsqueeze(0)
    keep = (~near).to(response.dtype)
    count = keep.sum().clamp(min=1.0)
    mean = (response * keep).sum() / count
    deviation = (((response - mean).square() * keep).sum() / count).sqrt()
    return (response[row, column] - mean) / deviation.clamp(min=1e-6)


def apce(response: Tensor) -> Tensor:
    """Average peak-to-correlation energy [] of [h, w] (Wang et al., LMCF, 2017, eq. 9).

    >>> response = torch.zeros(10, 10)
    >>> response[5, 5] = 1.0
    >>> apce(response)
    tensor(100.)
    """
    low = response.min()
    return (response.max() - low).square() / (response - low).square().mean().clamp(min=1e-12)
