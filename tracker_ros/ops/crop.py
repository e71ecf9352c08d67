# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Cutting a search region out of a frame, resampled to a fixed size."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def crop(frame: Tensor, region: Tensor, out_h: int, out_w: int, border: str = "replicate") -> Tensor:
    """Resample `region` of `frame` to [1, 3, out_h, out_w] float32 in 0-255, bilinearly.

    Sub-pixel exact: the centre of output pixel (i, j) is taken at the matching point of the region.
    Only the pixels under the region are made float; where a region is more than twice its output,
    they are averaged in whole blocks first, so that detail does not alias.

    Args:
        frame: uint8 [3, H, W].
        region: [4] (cx, cy, w, h) in image pixels; may reach outside the frame.
        out_h: rows of the result.
        out_w: columns of the result.
        border: what stands outside the frame: 'replicate' (its edge pixels), 'mean' (the mean
            colour of the frame), 'zero'.

    >>> frame = torch.full((3, 100, 200), 50, dtype=torch.uint8)
    >>> crop(frame, torch.tensor([20.0, 30.0, 40.0, 40.0]), 16, 16).shape
    torch.Size([1, 3, 16, 16])
    """
    height, width = frame.shape[1], frame.shape[2]
    values: list[float] = region.tolist()
    cx, cy = values[0], values[1]
    w, h = max(values[2], 1e-3), max(values[3], 1e-3)
    step = max(1, int(min(w / out_w, h / out_h)))
    left, right = _span(cx, w, width, step)
    top, bottom = _span(cy, h, height, step)
    pixels = frame[:, top:bottom, left:right]
    if step > 1:
        pixels = _row_means(_row_means(pixels, step).transpose(1, 2), step).transpose(1, 2)
    pixels = pixels.float().unsqueeze(0)
    # Bilinear samples reach half a pixel beyond their place.
    inside = min(cx - w / 2, cy - h / 2) >= 0.5 and cx + w / 2 <= width - 0.5 and cy + h / 2 <= height - 0.5
    fill: Tensor | None = None
    if border == "mean" and not inside:
        fill = (frame.flatten(1).sum(1) / float(height * width)).view(1, 3, 1, 1)
        pixels = pixels - fill
    padding = "border" if border == "replicate" or inside else "zeros"
    x = _sampling(cx, w, out_w, left, pixels.shape[3] * step, frame.device)
    y = _sampling(cy, h, out_h, top, pixels.shape[2] * step, frame.device)
    grid = torch.stack((x.unsqueeze(0).expand(out_h, out_w), y.unsqueeze(1).expand(out_h, out_w)), dim=-1)
    sampled = F.grid_sample(pixels, grid.unsqueeze(0), "bilinear", padding, align_corners=False)
    return sampled if fill is None else sampled + fill


def block_means(frame: Tensor, block: int) -> Tensor:
    """Average whole blocks of uint8 [C, H, W] to float32 [C, H // block, W // block].

    The whole frame is never made float: of 8192 x 8192 pixels that would be 800 MB.
    """
    rows, columns = frame.shape[1] // block * block, frame.shape[2] // block * block
    pixels = frame[:, :rows, :columns]
    if block == 1:
        return pixels.float()
    return _row_means(_row_means(pixels, block).transpose(1, 2), block).transpose(1, 2)


def _row_means(pixels: Tensor, step: int) -> Tensor:
    """Average every `step` rows of [3, H, W], float32; those left over at the end are a block too.

    Whole rows are added: several times as fast as avg_pool2d, which goes through the pixels one by one.
    """
    rows = pixels.shape[1]
    whole = rows - rows % step
    total = pixels[:, 0:whole:step].float()
    for first in range(1, step):
        total = total + pixels[:, first:whole:step]
    means = total / step
    return means if whole == rows else torch.cat((means, pixels[:, whole:].float().mean(1, keepdim=True)), 1)


def _span(center: float, side: float, limit: int, step: int) -> tuple[int, int]:
    """Return the first and last-but-one pixel that sampling [center - side/2, center + side/2] can touch.

    At least one pixel, also where the region lies wholly outside; a whole number of blocks where
    the frame has room for them.
    """
    first = min(max(int(center - side / 2) - 1 - step, 0), limit - 1)
    last = max(min(int(center + side / 2) + 2 + step, limit), first + 1)
    return first, min(first + (last - first + step - 1) // step * step, limit)


def _sampling(
    center: float, side: float, count: int, first: int, extent: int, device: torch.device
) -> Tensor:
    """Return grid_sample's coordinate (-1 and 1 are the outer edges) of each of `count` sample centres."""
    # The first and the last centre lie half a sample inside the region.
    edge, half = center - side / 2 - first, side / (2 * count)
    low, high = (edge + half) * (2.0 / extent) - 1.0, (edge + side - half) * (2.0 / extent) - 1.0
    return torch.linspace(low, high, count, device=device)


def crop_pyramid(
    frame: Tensor, region: Tensor, scales: list[float], out_h: int, out_w: int, border: str = "replicate"
) -> Tensor:
    """Cut the region as `crop` does, at several scales about its centre: [S, 3, out_h, out_w].

    >>> frame = torch.full((3, 100, 200), 50, dtype=torch.uint8)
    >>> crop_pyramid(frame, torch.tensor([20.0, 30.0, 40.0, 40.0]), [0.9, 1.0, 1.1], 16, 16).shape
    torch.Size([3, 3, 16, 16])
    """
    crops = []
    for scale in scales:
        scaled = torch.cat((region[:2], region[2:] * scale))
        crops.append(crop(frame, scaled, out_h, out_w, border))
    return torch.cat(crops)
