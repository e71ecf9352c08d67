# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Precise RoI pooling (Jiang et al., IoU-Net, 2018, eq. 6) as two matrix products.

Features are taken as a surface that is bilinear between the middles of their cells and falls to
zero within a cell outside of them. A bin's value is the mean of that surface over the bin. The
surface is a sum of products of hat functions, so its integral over a box separates: with the
integrals of the hats over the bins' rows in A and over their columns in B, the bins are A F B'.
Differentiable by features and boxes, without a compiled operator.

Boxes are (cx, cy, w, h) in image pixels; the middle of cell i lies at (i + 0.5) * stride.
"""

from __future__ import annotations

import torch
from torch import Tensor


def hat_means(middles: Tensor, sides: Tensor, bins: int, count: int, stride: float) -> Tensor:
    """Return the mean of each cell's hat function over each bin of an interval: [R, bins, count].

    Args:
        middles: [R] of the intervals, in pixels.
        sides: [R] their lengths, in pixels.
        bins: parts of an interval.
        count: cells.
        stride: pixels a cell.
    """
    edges = torch.linspace(-0.5, 0.5, bins + 1, device=middles.device, dtype=middles.dtype)
    positions = (middles.unsqueeze(1) + sides.unsqueeze(1) * edges) / stride - 0.5
    cells = torch.arange(count, device=middles.device, dtype=middles.dtype)
    inside = (positions.unsqueeze(2) - cells).clamp(-1.0, 1.0)
    # The integral of the hat from -1 to t.
    integrals = 0.5 + inside - 0.5 * inside * inside.abs()
    return (integrals[:, 1:] - integrals[:, :-1]) * (bins * stride / sides).view(-1, 1, 1)


def prroi_pool(features: Tensor, boxes: Tensor, bins: int, stride: float) -> Tensor:
    """Return the means of features [C, H, W] over bins x bins parts of each box [R, 4]: [R, C, bins, bins].

    >>> prroi_pool(torch.ones(8, 10, 10), torch.tensor([[40.0, 40.0, 32.0, 32.0]]), 3, 8.0).shape
    torch.Size([1, 8, 3, 3])
    """
    rows = hat_means(boxes[:, 1], boxes[:, 3], bins, features.shape[1], stride)
    columns = hat_means(boxes[:, 0], boxes[:, 2], bins, features.shape[2], stride)
    return torch.einsum("rph,chw,rqw->rcpq", rows, features, columns)


def prroi_grid(features: Tensor, xs: Tensor, ys: Tensor, size: Tensor, bins: int, stride: float) -> Tensor:
    """Compute `prroi_pool` for boxes of one size on a grid, as [Y, X, C, bins, bins].

    Boxes of one row share their row integrals, and those of one column theirs, so that each is
    applied once: 961 boxes cost about as much as 60.

    Args:
        features: [C, H, W].
        xs: [X] middles of the grid's columns, in pixels.
        ys: [Y] middles of its rows.
        size: [2] (w, h) of every box.
    """
    rows = hat_means(ys, size[1].expand(ys.shape[0]), bins, features.shape[1], stride).flatten(0, 1)
    columns = hat_means(xs, size[0].expand(xs.shape[0]), bins, features.shape[2], stride).flatten(0, 1)
    pooled = rows @ (features @ columns.t())
    shape = [features.shape[0], ys.shape[0], bins, xs.shape[0], bins]
    return pooled.view(shape).permute(1, 3, 0, 2, 4)


def prroi_box_gradient(features: Tensor, boxes: Tensor, upstream: Tensor, stride: float) -> Tensor:
    """Return [R, 4]: derivative by the boxes of sum(upstream * prroi_pool(features, boxes)).

    Written out for trackers, which run without autograd. `upstream` is [R, C, bins, bins].
    """
    bins = upstream.shape[3]
    rows = hat_means(boxes[:, 1], boxes[:, 3], bins, features.shape[1], stride)
    columns = hat_means(boxes[:, 0], boxes[:, 2], bins, features.shape[2], stride)
    weighted = torch.einsum("rcpq,chw->rpqhw", upstream, features)
    by_rows = torch.einsum("rpqhw,rqw->rph", weighted, columns)
    by_columns = torch.einsum("rpqhw,rph->rqw", weighted, rows)
    cx, w = _hat_gradient(boxes[:, 0], boxes[:, 2], columns, by_columns, stride)
    cy, h = _hat_gradient(boxes[:, 1], boxes[:, 3], rows, by_rows, stride)
    return torch.stack((cx, cy, w, h), dim=1)


def _hat_gradient(
    middles: Tensor, sides: Tensor, means: Tensor, upstream: Tensor, stride: float
) -> tuple[Tensor, Tensor]:
    """Return the derivatives [R] by middles and sides of sum(upstream * hat_means(...))."""
    bins, count = means.shape[1], means.shape[2]
    edges = torch.linspace(-0.5, 0.5, bins + 1, device=middles.device, dtype=middles.dtype)
    positions = (middles.unsqueeze(1) + sides.unsqueeze(1) * edges) / stride - 0.5
    cells = torch.arange(count, device=middles.device, dtype=middles.dtype)
    heights = (1.0 - (positions.unsqueeze(2) - cells).abs()).clamp(min=0.0)
    scale = (bins / sides).view(-1, 1, 1)
    by_middle = (heights[:, 1:] - heights[:, :-1]) * scale
    moved = heights * edges.view(1, -1, 1)
    by_side = (moved[:, 1:] - moved[:, :-1]) * scale - means / sides.view(-1, 1, 1)
    return (upstream * by_middle).sum(dim=(1, 2)), (upstream * by_side).sum(dim=(1, 2))
