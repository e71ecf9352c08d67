# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""RoIAlign in plain tensor operations: fixed-size features of boxes, differentiable in both.

A cell (i, j) of a feature map covers [j, j + 1] x [i, i + 1], as pixels do in `geometry`; boxes are
(cx, cy, w, h) in cells.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def roi_align(features: Tensor, boxes: Tensor, out_h: int, out_w: int) -> Tensor:
    """Return [R, C, out_h, out_w] features, bilinear at the centre of each of out_h x out_w bins of each box.

    RoIAlign (He et al., Mask R-CNN, 2017) with one sample a bin. Samples outside the map take the
    value at its border.

    Args:
        features: [C, H, W].
        boxes: [R, 4].
        out_h: bins along the height.
        out_w: bins along the width.

    >>> roi_align(torch.ones(8, 10, 10), torch.tensor([[5.0, 5.0, 4.0, 4.0]]), 3, 3).shape
    torch.Size([1, 8, 3, 3])
    """
    return _sample(features, boxes, out_h, out_w).transpose(0, 1)


def _sample(features: Tensor, boxes: Tensor, out_h: int, out_w: int) -> Tensor:
    """Return [C, R, out_h, out_w], the order in which sampling writes it."""
    x = _bin_centers(boxes[:, 0], boxes[:, 2], out_w) * (2.0 / features.shape[2]) - 1
    y = _bin_centers(boxes[:, 1], boxes[:, 3], out_h) * (2.0 / features.shape[1]) - 1
    shape = (boxes.shape[0], out_h, out_w)
    grid = torch.stack((x.unsqueeze(1).expand(shape), y.unsqueeze(2).expand(shape)), dim=-1)
    flat = F.grid_sample(features.unsqueeze(0), grid.reshape(1, -1, out_w, 2), "bilinear", "border", False)
    return flat.view(-1, shape[0], out_h, out_w)


def _bin_centers(center: Tensor, side: Tensor, count: int) -> Tensor:
    """Return [R, count] coordinates of the middles of `count` equal bins of intervals given by [R] each."""
    places = (torch.arange(count, device=center.device, dtype=center.dtype) + 0.5) / count - 0.5
    return center.unsqueeze(1) + side.unsqueeze(1) * places


def widen(features: Tensor, rows: int, columns: int) -> Tensor:
    """Return [C, H, W] smoothed by the triangle of half-width `rows` cells along y and `columns` along x.

    Bilinear sampling of the result is interpolation of `features` with a kernel that many times as
    wide, because a triangle of integer half-width b is piecewise linear between integers:
    tri(t / b) = sum over |k| < b of (1 - |k| / b) tri(t - k). Borders are repeated.
    """
    return torch.matmul(
        _smoothing(rows, features.shape[1], features),
        torch.matmul(features, _smoothing(columns, features.shape[2], features).t()),
    )


def _smoothing(half_width: int, size: int, like: Tensor) -> Tensor:
    """Return [size, size] matrix that smooths a vector by a triangle, its ends repeated.

    Two products with such matrices take a fifth of the time of a convolution of every channel with one
    kernel, which CPU libraries are not made for.
    """
    offsets = torch.arange(1 - half_width, half_width, device=like.device)
    weights = (1 - offsets.to(like.dtype).abs() / half_width) / half_width
    rows = torch.arange(size, device=like.device).unsqueeze(1)
    sources = (rows + offsets).clamp(0, size - 1)
    matrix = torch.zeros([size, size], dtype=like.dtype, device=like.device)
    return matrix.scatter_add(1, sources, weights.expand(sources.shape))


def adaptive_roi_align(
    features: Tensor, boxes: Tensor, out_h: int, out_w: int, pooled: bool = False
) -> Tensor:
    """Compute `roi_align` with an interpolation kernel that widens with the bins (RT-MDNet, section 3.1).

    Along each axis the kernel's half-width is the size of a bin, rounded to whole cells and at least
    one: large boxes are averaged instead of sampled with gaps.

    Args:
        features: [C, H, W].
        boxes: [R, 4].
        out_h: bins along the height.
        out_w: bins along the width.
        pooled: take the maximum over 3 x 3 bins at every second one, as RT-MDNet does.

    Returns:
        [R, C, out_h, out_w], or with (out - 3) // 2 + 1 rows and columns if `pooled`.
    """
    wide = torch.stack((boxes[:, 3] / out_h, boxes[:, 2] / out_w), dim=1).detach().round().clamp(min=1).long()
    largest: list[int] = wide.amax(0).tolist()
    parts: list[Tensor] = []
    places: list[Tensor] = []
    for rows in range(1, largest[0] + 1):
        for columns in range(1, largest[1] + 1):
            chosen = ((wide[:, 0] == rows) & (wide[:, 1] == columns)).nonzero().squeeze(1)
            if chosen.shape[0] > 0:
                smooth = widen(features, rows, columns) if rows + columns > 2 else features
                # In parts, because thousands of boxes before pooling take much memory.
                for part in chosen.split(512):
                    samples = _sample(smooth, boxes[part], out_h, out_w)
                    parts.append(F.max_pool2d(samples, 3, 2) if pooled else samples)
                    places.append(part)
    return torch.cat(parts, dim=1)[:, torch.cat(places).argsort()].transpose(0, 1)
