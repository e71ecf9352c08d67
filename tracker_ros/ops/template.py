# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Finding a small picture in a large one by normalised cross-correlation."""

from __future__ import annotations

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
    sums = torch.stack((image.sum(0), image.square().sum(0))).unsqueeze(1)
    under = F.avg_pool2d(sums, [height, width], 1)[:, 0] * float(height * width)
    energy = (under[1] - under[0].square() / count).clamp(min=0.0)
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
    around = F.max_pool2d(response.unsqueeze(0), [2 * height + 1, 2 * width + 1], 1, [height, width])[0]
    places = (response == around).nonzero()
    values = response[places[:, 0], places[:, 1]]
    best = values.argsort(descending=True)[:count]
    return torch.cat((places[best].float(), values[best].unsqueeze(1)), 1)
