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
    colors = _histograms((pixels.flatten(2) + FLOOR).log_())
    cells = F.avg_pool2d(pixels, SIDE // 8).flatten(1)
    # One more value that is always there: what has no contrast is like anything else that has none.
    cells = F.pad(cells - cells.mean(1, keepdim=True), (0, 1), value=PLAIN)
    return torch.cat((colors, F.normalize(cells, dim=1)), 1)


def _histograms(logs: Tensor) -> Tensor:
    """Return [N, COLORS] roots of histograms of log RGB [N, 3, SIDE * SIDE], each of sum 1."""
    mixing, offset, weights = _constants(logs.device)
    places = torch.baddbmm(offset, mixing.expand(len(logs), 3, 3), logs).clamp_(0.0, BINS - 1)
    below = places.long().clamp_(max=BINS - 2)
    upper = (places - below) * weights
    bins = logs.new_zeros(len(logs), 3, BINS).scatter_add_(2, below, weights - upper)
    # Rounding of a weight that is all above may be below 0.
    return bins.scatter_add_(2, below + 1, upper).clamp_(min=0.0).flatten(1).sqrt_()


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
def _constants(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return the matrix [1, 3, 3] and offset [1, 3, 1] from log RGB to places in histograms, and weights.

    The samples' weights are [3, SIDE * SIDE]; their sum is 1 in each row.
    """
    mixing = torch.tensor([[1 / 3, 1 / 3, 1 / 3], [1.0, -1.0, 0.0], [0.5, 0.5, -1.0]])
    low, high = torch.tensor(RANGES).unsqueeze(2).unbind(1)
    steps = torch.arange(SIDE) - (SIDE - 1) / 2
    radius2 = steps.square().unsqueeze(1) + steps.square()
    weights = torch.exp(radius2 / (-2 * FOCUS**2)).flatten()
    scale = (BINS - 1) / (high - low)
    made = (mixing * scale).unsqueeze(0), (-low * scale).unsqueeze(0), (weights / weights.sum()).expand(3, -1)
    return tuple(constant.to(device) for constant in made)


@lru_cache(maxsize=4)
def _grid(device: torch.device) -> Tensor:
    """Return [1, n, n, 2] (x, y) of the points of a box of side 1 about its centre, n = SIDE * FINE."""
    count = SIDE * FINE
    steps = (torch.arange(count, device=device) + 0.5) / count - 0.5
    return torch.stack((steps.expand(count, count), steps.unsqueeze(1).expand(count, count)), 2).unsqueeze(0)


def _samples(frame: Tensor, boxes: Tensor) -> Tensor:
    """Return the mean colours [N, 3, SIDE, SIDE] of the cells of each box, float32 in 0-255.

    Only the pixels under the boxes are made float. Where the smallest box has many pixels a cell, they are
    averaged first, in blocks that are the same wherever a box begins; each cell is the mean of its
    `FINE` x `FINE` points: a box a hundredth of a pixel off has the same cells, at any edges in the picture.
    """
    height, width = frame.shape[1], frame.shape[2]
    rows = boxes.tolist()
    block = max(1, int(min(min(row[2:]) for row in rows) / (SIDE * FINE)))
    left, right = _span([(cx - w / 2, cx + w / 2) for cx, _, w, _ in rows], width, block)
    top, bottom = _span([(cy - h / 2, cy + h / 2) for _, cy, _, h in rows], height, block)
    pixels = frame[:, top:bottom, left:right].float().unsqueeze(0)
    if block > 1:
        pixels = F.avg_pool2d(pixels, block, ceil_mode=True, count_include_pad=False)
    # Into the sampler's coordinates, where the pixels reach from -1 to 1.
    scale = boxes.new_tensor([2 / (pixels.shape[3] * block), 2 / (pixels.shape[2] * block)])
    place = (boxes[:, :2] - boxes.new_tensor([left, top])) * scale - 1
    grid = _grid(boxes.device) * (boxes[:, 2:] * scale)[:, None, None] + place[:, None, None]
    everywhere = pixels.expand(len(boxes), -1, -1, -1)
    fine = F.grid_sample(everywhere, grid, "bilinear", "border", align_corners=False)
    return F.avg_pool2d(fine, FINE)


def _span(sides: list[tuple[float, float]], length: int, block: int) -> tuple[int, int]:
    """Return the first pixel and the one after the last that intervals take, in whole blocks."""
    first = min(max(int(min(low for low, _ in sides)) - 1, 0), length - 1) // block * block
    last = max(min(int(max(high for _, high in sides)) + 2, length), first + 1)
    return first, min(-(-last // block) * block, length)
