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
