# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Boxes and frames as tensors, in the pixel convention of `tracker_ros.geometry`."""

from __future__ import annotations

import torch
from torch import Tensor


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Return intersection over union of boxes [..., 4] and [..., 4] (cx, cy, w, h), broadcast; scriptable.

    Two boxes of zero area have IoU 0.

    >>> a, b = torch.tensor([5.0, 5.0, 10.0, 10.0]), torch.tensor([10.0, 5.0, 10.0, 10.0])
    >>> iou(a, b)
    tensor(0.3333)
    """
    overlap = torch.minimum(a[..., :2] + a[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2) - torch.maximum(
        a[..., :2] - a[..., 2:] / 2, b[..., :2] - b[..., 2:] / 2
    )
    overlap = overlap.clamp(min=0.0)
    inter = overlap[..., 0] * overlap[..., 1]
    union = a[..., 2] * a[..., 3] + b[..., 2] * b[..., 3] - inter
    return torch.where(union > 0, inter / union.clamp(min=1e-12), torch.zeros_like(union))


def frame_extent(frame: Tensor) -> Tensor:
    """Return [2] float32 (width, height) of a frame [3, H, W], on its device; scriptable.

    >>> frame_extent(torch.zeros(3, 480, 640))
    tensor([640., 480.])
    """
    return torch.tensor([float(frame.shape[2]), float(frame.shape[1])], device=frame.device)


def into_frame(centers: Tensor, frame: Tensor) -> Tensor:
    """Move centres [..., 2] into the frame [3, H, W]; further out a search would see nothing of it.

    >>> into_frame(torch.tensor([-3.0, 500.0]), torch.zeros(3, 480, 640))
    tensor([  0., 480.])
    """
    return torch.minimum(centers.clamp(min=0.0), frame_extent(frame))
