# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Anchors of region proposal trackers (Li et al., SiamRPN, 2018): where they lie and how boxes are coded.

An anchor is (cx, cy, w, h) in pixels of the search crop, relative to its middle.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def anchor_sizes(stride: int, ratios: list[float], scale: float) -> Tensor:
    """Return [A, 2] widths and heights, one anchor a ratio (height / width).

    Published networks were trained with sides cut to whole cells before scaling: of all shapes with
    the ratio r and the area stride^2, width floor(stride / sqrt(r)) and height floor(width r).

    >>> anchor_sizes(8, [1.0], 8.0)
    tensor([[64., 64.]])
    """
    sizes: list[list[float]] = []
    for ratio in ratios:
        width = int(math.sqrt(stride * stride / ratio))
        sizes.append([width * scale, int(width * ratio) * scale])
    return torch.tensor(sizes)


def anchor_grid(stride: int, ratios: list[float], scale: float, cells: int) -> Tensor:
    """Return [A, cells, cells, 4] anchors centred on every cell of a response map with this stride.

    >>> anchor_grid(8, [0.5, 1.0, 2.0], 8.0, 17).shape
    torch.Size([3, 17, 17, 4])
    """
    sizes = anchor_sizes(stride, ratios, scale)
    places = (torch.arange(cells, dtype=torch.float32) - (cells - 1) / 2) * stride
    shape = (sizes.shape[0], cells, cells)
    return torch.stack(
        (
            places.view(1, 1, cells).expand(shape),
            places.view(1, cells, 1).expand(shape),
            sizes[:, 0].view(-1, 1, 1).expand(shape),
            sizes[:, 1].view(-1, 1, 1).expand(shape),
        ),
        dim=-1,
    )


def encode(anchors: Tensor, boxes: Tensor) -> Tensor:
    """Return the offsets [..., 4] that lead from anchors [..., 4] to boxes [..., 4], broadcast.

    ((bx - ax) / aw, (by - ay) / ah, log(bw / aw), log(bh / ah)).

    >>> encode(torch.tensor([0.0, 0.0, 10.0, 10.0]), torch.tensor([5.0, 0.0, 10.0, 10.0]))
    tensor([0.5000, 0.0000, 0.0000, 0.0000])
    """
    shift = (boxes[..., :2] - anchors[..., :2]) / anchors[..., 2:]
    return torch.cat((shift, (boxes[..., 2:] / anchors[..., 2:]).log()), dim=-1)


def decode(anchors: Tensor, offsets: Tensor) -> Tensor:
    """Return the boxes [..., 4] at `offsets` [..., 4] from anchors [..., 4]: the inverse of `encode`.

    Log sizes are cut at +-4 (a factor of 55): exp of an untrained network's output would overflow.

    >>> decode(torch.tensor([0.0, 0.0, 10.0, 10.0]), torch.tensor([0.5, 0.0, 0.0, 0.0]))
    tensor([ 5.,  0., 10., 10.])
    """
    center = anchors[..., :2] + offsets[..., :2] * anchors[..., 2:]
    scale = offsets[..., 2:].clamp(-4.0, 4.0).exp()
    return torch.cat((center, anchors[..., 2:] * scale), dim=-1)


def split_classes(cls: Tensor) -> Tensor:
    """Log odds [N, A, h, w] of the target from a two-class output [N, 2 A, h, w].

    Background comes first, as in pysot's networks; softmax over two logits is the sigmoid of their
    difference.

    >>> split_classes(torch.zeros(1, 10, 17, 17)).shape
    torch.Size([1, 5, 17, 17])
    """
    background, target = cls.chunk(2, dim=1)
    return target - background


def split_offsets(loc: Tensor) -> Tensor:
    """Return offsets [N, A, h, w, 4] from a regression output [N, 4 A, h, w] (all dx first, then all dy...).

    >>> split_offsets(torch.zeros(1, 20, 17, 17)).shape
    torch.Size([1, 5, 17, 17, 4])
    """
    n, channels, height, width = loc.shape
    return loc.view(n, 4, channels // 4, height, width).permute(0, 2, 3, 4, 1)


def change_penalty(boxes: Tensor, size: Tensor, strength: float) -> Tensor:
    """Return exp(-strength (r s - 1)) [...] for boxes [..., 4] against the last size [2] (SiamRPN, eq. 9).

    r is the change of the aspect ratio and s that of the size with its context, both as factors >= 1.

    >>> change_penalty(torch.tensor([0.0, 0.0, 8.0, 8.0]), torch.tensor([8.0, 8.0]), 0.2)
    tensor(1.)
    """
    ratio = (boxes[..., 2] / boxes[..., 3]) / (size[0] / size[1])
    scale = padded_side(boxes[..., 2], boxes[..., 3]) / padded_side(size[0], size[1])
    change = torch.maximum(ratio, 1 / ratio) * torch.maximum(scale, 1 / scale)
    return torch.exp(-strength * (change - 1))


def padded_side(width: Tensor, height: Tensor) -> Tensor:
    """Return sqrt((w + p)(h + p)) with p = (w + h) / 2: side of the square that holds box and context.

    >>> padded_side(torch.tensor(10.0), torch.tensor(10.0))
    tensor(20.)
    """
    padding = (width + height) * 0.5
    return ((width + padding) * (height + padding)).sqrt()
