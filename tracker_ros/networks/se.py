# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The squeeze-and-excitation block (Hu et al., 2018) that gives every channel a weight."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SqueezeExcite(nn.Module):
    """Global average pooling, C -> C / reduction -> C with a ReLU between, sigmoid (AdaCFNet, fig. 3).

    The weights depend on the input, so they follow the target from frame to frame.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.reduce = nn.Linear(channels, max(channels // reduction, 1))
        self.expand = nn.Linear(self.reduce.out_features, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the weights [N, C] in (0, 1) for the channels of [N, C, h, w]."""
        return torch.sigmoid(self.expand(F.relu(self.reduce(x.mean(dim=(2, 3))))))
