# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Describe the appearance of objects by a few numbers that separate one from others of its class."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

SIDE = 16
"""Samples a side of a box from which both parts of a description are made."""
FINE = 2
"""Points a side of each sample whose mean it is."""
BINS = 32
"""Bins of each of the three histograms."""
COLORS = 3 * BINS
"""Length of the first part of a description."""
SHIFTS = 4
"""Bins by which brightness may differ for free, a third: clouds and exposures do as much."""
FLOOR = 16.0
"""Grey values that are added before logarithms are taken: in the dark they are noise."""
RANGES = ((math.log(FLOOR + 16), math.log(FLOOR + 255)), (-0.6, 0.6), (-0.6, 0.6))
"""Ranges of brightness, red over green, and yellow over blue, in logarithms."""
FOCUS = 5.0
"""Standard deviation of the samples' weights, in samples from the middle: corners are background."""
ARRANGEMENT = 0.1
"""Weight of the second part: it changes where an object turns."""
PLAIN = 30.0
"""Contrast, over all values of a picture, below which it counts as none."""


def describe(frame: Tensor, boxes: Tensor) -> Tensor:
    """Return the descriptions [N, 289] of what is in boxes: its colours, and how they are arranged.

    The first `COLORS` values are the roots of histograms of log brightness and two log ratios of colours,
    which do not depend on the light's strength; samples weigh less towards the corners, and each is shared
    between two bins. The others are a picture of 8 x 8 cells free of its mean, of unit length.

    Args:
        frame: uint8 [3, H, W] RGB.
        boxes: [N, 4] (cx, cy, w, h) in its pixels; they may reach outside, where its edge goes on.
    """
    pixels = _samples(frame, boxes)
    red, green, blue = (pixels.flatten(2) + FLOOR).log().unbind(1)
    channels = torch.stack(((red + green + blue) / 3, red - green, (red + green) / 2 - blue), 1)
    low, high = torch.tensor(RANGES, device=frame.device).unsqueeze(2).unbind(1)
    places = ((channels - low) / (high - low)).clamp(0.0, 1.0) * (BINS - 1)
    below = places.floor().clamp(max=BINS - 2)
    weights = _weights(frame.device)
    upper = (places - below) * weights
    lower = weights - upper
    bins = torch.cat((below, below + 1), 2).long()
    colors = torch.zeros(len(boxes), 3, BINS, device=frame.device)
    colors = colors.scatter_add(2, bins, torch.cat((lower, upper), 2)).clamp(min=0.0).flatten(1).sqrt()
    cells = F.avg_pool2d(pixels, SIDE // 8).flatten(1)
    cells = cells - cells.mean(1, keepdim=True)
    # One more value that is always there: what has no contrast is like anything else that has none.
    cells = torch.cat((cells, cells.new_full((len(cells), 1), PLAIN)), 1)
    return torch.cat((colors, F.normalize(cells, dim=1)), 1)


def likeness(descriptions: Tensor, views: Tensor) -> Tensor:
    """Return [N, M] how much descriptions [N, D] are like views [M, D]; 1 for the same.

    One less the Hellinger distance of the colours, the root of 1 - their Bhattacharyya coefficient, and a
    share of the correlation coefficient of the pictures. Brightness may be shifted.
    """
    shifted = F.pad(descriptions[:, :BINS], (SHIFTS, SHIFTS)).unfold(1, BINS, 1)
    brightness = (shifted @ views[:, :BINS].t()).amax(1)
    chroma = descriptions[:, BINS:COLORS] @ views[:, BINS:COLORS].t()
    colors = 1 - (1 - (brightness + chroma) / 3).clamp(min=0.0).sqrt()
    cells = descriptions[:, COLORS:] @ views[:, COLORS:].t()
    return (1 - ARRANGEMENT) * colors + ARRANGEMENT * cells


@lru_cache(maxsize=4)
def _weights(device: torch.device) -> Tensor:
    """Return [SIDE * SIDE] of the samples of a box; their sum is 1."""
    steps = torch.arange(SIDE, device=device) - (SIDE - 1) / 2
    radius2 = steps.square().unsqueeze(1) + steps.square()
    weights = torch.exp(radius2 / (-2 * FOCUS**2)).flatten()
    return weights / weights.sum()


def _samples(frame: Tensor, boxes: Tensor) -> Tensor:
    """Return the mean colours [N, 3, SIDE, SIDE] of the cells of each box, float32 in 0-255.

    Only the pixels under the boxes are made float. Where the smallest box has many pixels a cell, they are
    averaged first, in blocks that are the same wherever a box begins; each cell is the mean of its
    `FINE` x `FINE` points: a box a hundredth of a pixel off has the same cells, at any edges in the picture.
    """
    height, width = frame.shape[1], frame.shape[2]
    half = boxes[:, 2:] / 2
    low, high = (boxes[:, :2] - half).amin(0).tolist(), (boxes[:, :2] + half).amax(0).tolist()
    block = max(1, int(float(boxes[:, 2:].min()) / (SIDE * FINE)))
    left, top = (
        min(max(int(v) - 1, 0), side - 1) // block * block
        for v, side in zip(low, (width, height), strict=True)
    )
    right, bottom = (max(min(int(high[0]) + 2, width), left + 1), max(min(int(high[1]) + 2, height), top + 1))
    right, bottom = (min(-(-v // block) * block, side) for v, side in ((right, width), (bottom, height)))
    pixels = frame[:, top:bottom, left:right].float().unsqueeze(0)
    if block > 1:
        pixels = F.avg_pool2d(pixels, block, ceil_mode=True, count_include_pad=False)
    extent = torch.tensor([pixels.shape[3], pixels.shape[2]], device=frame.device) * float(block)
    origin = torch.tensor([left, top], device=frame.device)
    count = SIDE * FINE
    steps = (torch.arange(count, device=frame.device) + 0.5) / count - 0.5
    at = (boxes[:, None, :2] + steps[None, :, None] * boxes[:, None, 2:] - origin) / extent * 2 - 1
    grid = torch.stack(
        (at[:, None, :, 0].expand(-1, count, count), at[:, :, None, 1].expand(-1, count, count)), 3
    )
    everywhere = pixels.expand(len(boxes), -1, -1, -1)
    fine = F.grid_sample(everywhere, grid, "bilinear", "border", align_corners=False)
    return F.avg_pool2d(fine, FINE)
