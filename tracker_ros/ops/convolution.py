# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Convolution with one large kernel, and its gradients, as matrix products.

A regression or matching kernel has hundreds of channels, one output and nearly the size of the
target. Direct convolutions are slow at that shape: on one CPU core these products take about a
tenth of the time. All maps keep their size (zero padding); kernels have odd sides.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def convolve(features: Tensor, kernel: Tensor) -> Tensor:
    """Correlate a kernel [C, kh, kw] with features [C, h, w], as networks do; return the response [h, w].

    >>> convolve(torch.ones(2, 5, 5), torch.ones(2, 3, 3))[2, 2]
    tensor(18.)
    """
    kh, kw = kernel.shape[1], kernel.shape[2]
    shifted = kernel.flip(1, 2).flatten(1).t() @ features.flatten(1)
    size = [features.shape[1], features.shape[2]]
    return F.fold(shifted.unsqueeze(0), size, [kh, kw], padding=[kh // 2, kw // 2])[0, 0]


def shifts(upstream: Tensor, kernel_h: int, kernel_w: int) -> Tensor:
    """Return [kh kw, h w]: the map [h, w] shifted by every place of a kernel; what both gradients need."""
    padding = [kernel_h // 2, kernel_w // 2]
    return F.unfold(upstream.unsqueeze(0).unsqueeze(0), [kernel_h, kernel_w], padding=padding)[0]


def kernel_gradient(features: Tensor, shifted: Tensor, kernel_h: int, kernel_w: int) -> Tensor:
    """Return [C, kh, kw]: derivative by the kernel of sum(upstream * convolve(features, kernel)).

    `shifted` is `shifts(upstream, kernel_h, kernel_w)`.
    """
    gradient = features.flatten(1) @ shifted.t()
    return gradient.view(features.shape[0], kernel_h, kernel_w).flip(1, 2)


def feature_gradient(kernel: Tensor, shifted: Tensor) -> Tensor:
    """Return [C, h w]: derivative by the features of sum(upstream * convolve(features, kernel)).

    `shifted` is `shifts(upstream, ...)` for the kernel's sides.
    """
    return kernel.flip(1, 2).flatten(1) @ shifted
