# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Loss of box regression."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def box_loss(predicted: Tensor, target: Tensor, positive: Tensor, smooth: bool = True) -> Tensor:
    """Smooth L1 over the four offsets of positive anchors, averaged over them; 0 without any.

    Args:
        predicted: [..., 4] offsets that the network gave (see `ops.anchors.encode`).
        target: [..., 4] offsets of the truth.
        positive: [...] 1 where the anchor belongs to the target, else 0.
        smooth: else plain L1, averaged over the positives of each sample and then over samples, as pysot
            does: `predicted` is [N, ..., 4].

    The quadratic part reaches to an error of 1 (Girshick, "Fast R-CNN", eq. 3).

    >>> box_loss(torch.zeros(1, 1, 1, 1, 4), torch.ones(1, 1, 1, 1, 4), torch.ones(1, 1, 1, 1))
    tensor(2.)
    """
    if not smooth:
        absolute = (predicted - target).abs().sum(dim=-1).flatten(1)
        share = positive.flatten(1) / positive.flatten(1).sum(1, keepdim=True).clamp(min=1.0)
        return (absolute * share).sum(1).mean()
    error = F.smooth_l1_loss(predicted, target, reduction="none").sum(dim=-1)
    return (error * positive).sum() / positive.sum().clamp(min=1.0)


def generalized_iou_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Return 1 - GIoU [...], in [0, 2], of boxes [..., 4] (cx, cy, w, h) (Rezatofighi et al., CVPR 2019).

    GIoU is the IoU less the share of the smallest enclosing box that neither covers, so that boxes apart
    attract each other as well.
    """
    low = predicted[..., :2] - predicted[..., 2:] / 2, target[..., :2] - target[..., 2:] / 2
    high = predicted[..., :2] + predicted[..., 2:] / 2, target[..., :2] + target[..., 2:] / 2
    inter = (torch.minimum(high[0], high[1]) - torch.maximum(low[0], low[1])).clamp(min=0.0).prod(-1)
    hull = (torch.maximum(high[0], high[1]) - torch.minimum(low[0], low[1])).prod(-1).clamp(min=1e-12)
    union = (predicted[..., 2:].prod(-1) + target[..., 2:].prod(-1) - inter).clamp(min=1e-12)
    return 1 - inter / union + (hull - union) / hull
