# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Candidate boxes around a target (MDNet, Nam and Han, 2016, sections 3.3 and 5.1); scriptable, seeded."""

from __future__ import annotations

import torch
from torch import Tensor

from tracker_ros.ops.boxes import frame_extent, into_frame, iou
from tracker_ros.ops.counter_random import normal, uniform


def gaussian_boxes(box: Tensor, count: int, translation: float, scale: float, seed: Tensor) -> Tensor:
    """Return [count, 4] boxes around `box` [4], near ones more often.

    Centres differ by half a standard normal number, cut at +-1, times `translation` times the mean of
    width and height; sizes by the factor `scale` to the power of such a number.
    """
    noise = (normal(seed, count * 3).view(count, 3) * 0.5).clamp(-1.0, 1.0)
    center = box[:2] + noise[:, :2] * (translation * box[2:].mean())
    return torch.cat((center, box[2:] * _power(scale, noise[:, 2:])), dim=1)


def uniform_boxes(box: Tensor, count: int, translation: float, scale: float, seed: Tensor) -> Tensor:
    """Draw boxes as `gaussian_boxes`, with uniform numbers in [-1, 1].

    The aspect varies by 1.1^(+-2) as well.
    """
    noise = uniform(seed, count * 4).view(count, 4) * 2 - 1
    center = box[:2] + noise[:, :2] * (translation * box[2:].mean())
    aspect = torch.stack((noise[:, 3], -noise[:, 3]), dim=1)
    return torch.cat((center, box[2:] * _power(scale, noise[:, 2:3]) * _power(1.1, aspect)), dim=1)


def _power(base: float, exponents: Tensor) -> Tensor:
    return torch.pow(torch.full_like(exponents, base), exponents)


def inside(boxes: Tensor, frame: Tensor) -> Tensor:
    """Move boxes [N, 4] so that their centres lie in the frame [3, H, W]; cut sizes to the frame's."""
    sizes = boxes[:, 2:].clamp(min=2.0).minimum(frame_extent(frame))
    return torch.cat((into_frame(boxes[:, :2], frame), sizes), dim=1)


def with_overlap(candidates: Tensor, box: Tensor, low: float, high: float, count: int) -> Tensor:
    """Return the first `count` candidates [N, 4] whose IoU with `box` lies in [low, high].

    Where fewer lie there, those that miss the range by least follow, so that training never finds an
    empty set (a target that fills the frame has no true negatives).
    """
    overlap = iou(candidates, box)
    miss = (low - overlap).clamp(min=0.0) + (overlap - high).clamp(min=0.0)
    return candidates[miss.sort(stable=True).indices[:count]]


def scene_around(
    boxes: Tensor, size: Tensor, target: float, step: int, smallest: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Lay out the one picture in which all boxes [N, 4] are read, with a target of `size` [2] square.

    Args:
        target: side of a target in the picture, in pixels.
        step: that the picture's sides are whole multiples of.
        smallest: least side of the picture.

    Returns:
        Its region [4] of the frame, its sides [2] in pixels, and the boxes [N, 4] in it.
    """
    zoom = target / size
    half = boxes[:, 2:] * 0.6
    low, high = (boxes[:, :2] - half).amin(0), (boxes[:, :2] + half).amax(0)
    pixels = ((high - low) * zoom / step).ceil().mul(step).clamp(min=smallest)
    # Candidates of a thin box lie hundreds of its widths apart: the scene is then squeezed, not endless. More
    # than eight sides of a target long it would be for boxes of more than 6 to 1.
    longest = float(int(target * 8) // step * step)
    zoom = torch.where(pixels > longest, longest / (high - low), zoom)
    pixels = pixels.clamp(max=longest)
    region = torch.cat(((low + high) / 2, pixels / zoom))
    placed = torch.cat(((boxes[:, :2] - region[:2]) * zoom + pixels / 2, boxes[:, 2:] * zoom), dim=1)
    return region, pixels, placed


def candidate_map(offsets: Tensor, side: Tensor, probability: Tensor) -> Tensor:
    """Return [17, 17] greatest probability among the candidates in each cell; 0 where there is none.

    offsets [N, 2] of the candidates' centres from the middle of a square of `side` pixels.
    """
    cells = ((offsets / side + 0.5) * 17).floor().clamp(0.0, 16.0).long()
    flat = torch.zeros(17 * 17, device=offsets.device)
    return flat.scatter_reduce(0, cells[:, 1] * 17 + cells[:, 0], probability, "amax").view(17, 17)
