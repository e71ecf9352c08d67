# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Finding a small picture in a large one by normalised cross-correlation."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def match_template(image: Tensor, template: Tensor) -> Tensor:
    """Return [H-h+1, W-w+1] correlation coefficient in [-1, 1] of a template with every place of an image.

    Both are made free of their mean over the template's cells and channels and divided by what then is
    their norm (Lewis, Fast Normalized Cross-Correlation, 1995, eq. 2). Places without contrast have 0.

    Args:
        image: [C, H, W] float.
        template: [C, h, w] float, no larger than the image.
    """
    height, width = template.shape[1], template.shape[2]
    count = float(template.numel())
    centred = template - template.mean()
    # About the image's own mean, so that squares stay small and their differences exact.
    image = image - image.mean()
    product = F.conv2d(image.unsqueeze(0), centred.unsqueeze(0))[0, 0]
    sums = _box_sums(torch.stack((image.sum(0), image.square().sum(0))), height, width)
    energy = (sums[1] - sums[0].square() / count).clamp(min=0.0).to(image.dtype)
    norm = (energy * centred.square().sum()).sqrt()
    # A contrast of a thousandth of a grey value is rounding.
    flat = energy < 1e-6 * count
    return torch.where(flat, torch.zeros_like(norm), product / norm.clamp(min=1e-6)).clamp(-1.0, 1.0)


def local_maxima(response: Tensor, height: int, width: int, count: int) -> Tensor:
    """Return the highest local maxima of [h, w] as [k, 3] (row, column, value), best first; k <= `count`.

    A maximum is the largest value within `height` rows and `width` columns on each side.

    >>> response = torch.zeros(9, 9)
    >>> response[2, 3] = 1.0
    >>> local_maxima(response, 3, 3, 1)
    tensor([[2., 3., 1.]])
    """
    around = _largest_within(_largest_within(response, height, 0), width, 1)
    places = (response == around).nonzero()
    values = response[places[:, 0], places[:, 1]]
    best = values.argsort(descending=True)[:count]
    return torch.cat((places[best].float(), values[best].unsqueeze(1)), 1)


def _box_sums(maps: Tensor, height: int, width: int) -> Tensor:
    """Return the sums [n, H-h+1, W-w+1] of [n, H, W] under every place of a box, float64, by a sum table.

    Four values a place, however large the box is (Lewis, 1995, eq. 4). In float32 the table's last values
    would leave nothing of a small difference.
    """
    table = F.pad(maps.double().cumsum(1).cumsum(2), [1, 0, 1, 0])
    strips = table[:, height:] - table[:, :-height]
    return strips[:, :, width:] - strips[:, :, :-width]


def _largest_within(response: Tensor, reach: int, dim: int) -> Tensor:
    """Return the largest values of [h, w] within `reach` places on each side along a dimension.

    Windows grow by doubling: a few operations on the whole map, where `max_pool2d` looks at every place
    of every window.
    """
    after = [0, 0, 0, 0]
    after[2 - 2 * dim] = after[3 - 2 * dim] = reach
    largest, size, span = F.pad(response, after, value=-math.inf), 2 * reach + 1, 1
    while span < size:
        step = min(span, size - span)
        length = largest.shape[dim] - step
        largest = torch.maximum(largest.narrow(dim, 0, length), largest.narrow(dim, step, length))
        span += step
    return largest
