# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Cross correlation of batches whose every sample has kernels of its own."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def xcorr_up(search: Tensor, kernels: Tensor) -> Tensor:
    """Compute the up-channel cross-correlation (SiamRPN, eq. 4).

    Args:
        search: [N, C, H, W].
        kernels: [N, K C, h, w]; C consecutive channels make one kernel.

    Returns:
        [N, K, H - h + 1, W - w + 1].

    >>> xcorr_up(torch.zeros(1, 8, 20, 20), torch.zeros(1, 10 * 8, 4, 4)).shape
    torch.Size([1, 10, 17, 17])
    """
    n, channels, height, width = search.shape
    bank = kernels.reshape(-1, channels, kernels.shape[2], kernels.shape[3])
    out = F.conv2d(search.reshape(1, n * channels, height, width), bank, groups=n)
    return out.view(n, -1, out.shape[2], out.shape[3])


def xcorr_depthwise(search: Tensor, kernels: Tensor) -> Tensor:
    """Compute the channel-by-channel cross-correlation (SiamRPN++, section 3.3).

    search [N, C, H, W] with kernels [N, C, h, w] gives [N, C, H - h + 1, W - w + 1].

    >>> xcorr_depthwise(torch.zeros(1, 8, 20, 20), torch.zeros(1, 8, 4, 4)).shape
    torch.Size([1, 8, 17, 17])
    """
    n, channels, height, width = search.shape
    bank = kernels.reshape(n * channels, 1, kernels.shape[2], kernels.shape[3])
    out = F.conv2d(search.reshape(1, n * channels, height, width), bank, groups=n * channels)
    return out.view(n, channels, out.shape[2], out.shape[3])
