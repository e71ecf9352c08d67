"""Convolutional ridge regression of a response map, its loss and closed-form gradients.

(Lu et al., 2020, eq. 1-2; TADT, eq. 3-4.) All gradients are written out: a tracker runs without
autograd, and a convolution's gradients are convolutions.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def convolve(features: Tensor, kernel: Tensor) -> Tensor:
    """Response [h, w] of a kernel [C, kh, kw] (odd sides) to features [C, h, w], zero-padded."""
    padding = [kernel.shape[1] // 2, kernel.shape[2] // 2]
    return F.conv2d(features.unsqueeze(0), kernel.unsqueeze(0), padding=padding)[0, 0]


def kernel_gradient(features: Tensor, upstream: Tensor, kernel_h: int, kernel_w: int) -> Tensor:
    """[C, kh, kw]: derivative by the kernel of sum(upstream * convolve(features, kernel))."""
    padding = [kernel_h // 2, kernel_w // 2]
    return F.conv2d(features.unsqueeze(1), upstream.unsqueeze(0).unsqueeze(0), padding=padding)[:, 0]


def feature_gradient(kernel: Tensor, upstream: Tensor) -> Tensor:
    """[C, h, w]: derivative by the features of sum(upstream * convolve(features, kernel))."""
    padding = [kernel.shape[1] // 2, kernel.shape[2] // 2]
    return F.conv_transpose2d(upstream.unsqueeze(0).unsqueeze(0), kernel.unsqueeze(0), padding=padding)[0]


def ridge_loss(features: Tensor, kernel: Tensor, label: Tensor, penalty: float) -> Tensor:
    """|Y - W * X|^2 + lambda |W|^2 (TADT, eq. 3) for label [h, w]; `penalty` is lambda."""
    return (label - convolve(features, kernel)).square().sum() + penalty * kernel.square().sum()
