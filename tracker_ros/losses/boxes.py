# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Loss of box regression."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def box_loss(predicted: Tensor, target: Tensor, positive: Tensor) -> Tensor:
    """Smooth L1 over the four offsets of positive anchors, averaged over them; 0 without any.

    Args:
        predicted: [..., 4] offsets that the network gave (see `ops.anchors.encode`).
        target: [..., 4] offsets of the truth.
        positive: [...] 1 where the anchor belongs to the target, else 0.

    The quadratic part reaches to an error of 1 (Girshick, "Fast R-CNN", eq. 3).
    """
    error = F.smooth_l1_loss(predicted, target, reduction="none").sum(dim=-1)
    return (error * positive).sum() / positive.sum().clamp(min=1.0)
