# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Batch normalisation that outside training is part of the convolution before it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FoldingNorm(nn.BatchNorm2d):
    """Batch normalisation, with the parameters and names of torch's, of a convolution that it computes.

    `torch.jit.freeze` could fold the two as well, but then an archive would round otherwise than its
    source, and trackers amplify rounding: the greatest of two nearly equal responses decides where the
    next frame is searched.
    """

    def convolve(
        self,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
    ) -> Tensor:
        """Compute ``norm(conv2d(x, weight, bias, ...))`` [N, O, h, w] of x [N, C, H, W].

        Two steps in training, one convolution otherwise.
        """
        if self.training:
            return self.forward(F.conv2d(x, weight, bias, stride, padding, 1, groups))
        scale = self.weight / torch.sqrt(self.running_var + self.eps)
        shift = -self.running_mean if bias is None else bias - self.running_mean
        folded = weight * scale.view(-1, 1, 1, 1)
        return F.conv2d(x, folded, self.bias + shift * scale, stride, padding, 1, groups)
