# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Ridge regression of a response map by one convolution (TADT, eq. 3; Lu et al., 2020, eq. 1)."""

from __future__ import annotations

from torch import Tensor

from tracker_ros.ops.convolution import convolve


def ridge_loss(features: Tensor, kernel: Tensor, label: Tensor, penalty: float) -> Tensor:
    """Return |Y - W * X|^2 + lambda |W|^2 for features [C, h, w], kernel [C, kh, kw] and label [h, w].

    >>> ridge_loss(torch.ones(1, 3, 3), torch.zeros(1, 1, 1), torch.ones(3, 3), 0.1)
    tensor(9.)
    """
    return (label - convolve(features, kernel)).square().sum() + penalty * kernel.square().sum()
