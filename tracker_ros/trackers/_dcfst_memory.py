# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""DCFST's memory of the frames: running averages of X (eq. 6), or of X'X and X'y; scriptable.

Of both, the first frame's share may have a floor. The public code of DCFST-18 averages X, that of DCFST-50
X'X and X'y.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def views(patch: Tensor) -> list[Tensor]:
    """Mirror the first crop, and blur it by 3 and 5 pixels, all with the target in the middle."""
    found = [patch.flip(3)]
    for size in (3, 5):
        edge = size // 2
        padded = F.pad(patch, [edge, edge, edge, edge], mode="replicate")
        found.append(F.avg_pool2d(padded, size, 1))
    return found


def first_data(samples: list[Tensor]) -> dict[str, Tensor]:
    """Begin a memory of data matrices with the mean over the first frame's views [N, D]."""
    mean = torch.stack(samples).mean(0)
    return {"data": mean, "first_data": mean}


def average_data(state: dict[str, Tensor], data: Tensor, rate: float, share: float) -> Tensor:
    """Average one frame's data matrix [N, D] in; the first one's then fills its share up to this."""
    average = torch.lerp(state["data"], data, rate)
    left = float(state["share"]) * (1 - rate)
    return torch.lerp(average, state["first_data"], (share - left) / (1 - left)) if share > left else average


def first_gram(samples: list[Tensor], labels: Tensor) -> dict[str, Tensor]:
    """Begin a memory of X'X and X'y with the means over the first frame's views [N, D]."""
    gram, correlation = samples[0].t() @ samples[0], samples[0].t() @ labels
    for data in samples[1:]:
        gram, correlation = gram + data.t() @ data, correlation + data.t() @ labels
    gram, correlation = gram / len(samples), correlation / len(samples)
    return {
        "first_gram": gram,
        "first_correlation": correlation,
        "gram": torch.zeros_like(gram),
        "correlation": torch.zeros_like(correlation),
    }


def average_gram(state: dict[str, Tensor], data: Tensor, rate: float, share: float) -> dict[str, Tensor]:
    """Average one frame's X'X and X'y into those of the later frames; the first one's share becomes this."""
    # Together with the first frame they weigh 1.
    fresh = min(rate / max(1 - share, 1e-6), 1.0)
    return {
        "gram": torch.lerp(state["gram"], data.t() @ data, fresh),
        "correlation": torch.lerp(state["correlation"], data.t() @ state["labels"], fresh),
    }
