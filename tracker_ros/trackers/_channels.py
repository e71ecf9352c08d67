# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Target-aware channels: which ones of a pretrained network know this target (TADT, section 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tracker_ros.losses.ranking import ranking_gradient, ranking_loss, ranking_pairs
from tracker_ros.ops.convolution import convolve, feature_gradient, kernel_gradient, shifts


def center(features: Tensor, height: int, width: int) -> Tensor:
    """Return the middle [C, height, width] of [C, h, w]; all sides odd."""
    top, left = (features.shape[1] - height) // 2, (features.shape[2] - width) // 2
    return features[:, top : top + height, left : left + width]


def resize(features: Tensor, side: int) -> Tensor:
    """Return [C, h, w] to [C, side, side], bilinearly, its outer edges kept."""
    if features.shape[1] == side and features.shape[2] == side:
        return features
    return F.interpolate(features.unsqueeze(0), [side, side], mode="bilinear", align_corners=False)[0]


def fit_kernels(
    features: Tensor,
    label: Tensor,
    kernel_h: int,
    kernel_w: int,
    penalty: float,
    tolerance: float,
    iterations: int,
) -> list[Tensor]:
    """Learn the kernel [C, kh, kw] of the ridge regression of `label` (TADT, eq. 3).

    Returns the kernels before the first step, which is zero, and after every one; the last is the solution.

    Conjugate gradients on the normal equations: the problem is quadratic, so a step needs no
    learning rate. Ends when the residual |Y - W * X|^2 is below `tolerance` times |Y|^2.
    """
    kernel = features.new_zeros([features.shape[0], kernel_h, kernel_w])
    kernels = [kernel]
    residual = label
    downhill = kernel_gradient(features, shifts(residual, kernel_h, kernel_w), kernel_h, kernel_w)
    direction = downhill
    size = downhill.square().sum()
    target = tolerance * label.square().sum()
    for _ in range(iterations):
        if bool(residual.square().sum() < target) or bool(size < 1e-20):
            break
        moved = convolve(features, direction)
        step = size / (moved.square().sum() + penalty * direction.square().sum())
        kernel = kernel + step * direction
        kernels.append(kernel)
        residual = residual - step * moved
        shifted = shifts(residual, kernel_h, kernel_w)
        downhill = kernel_gradient(features, shifted, kernel_h, kernel_w) - penalty * kernel
        before, size = size, downhill.square().sum()
        direction = downhill + (size / before) * direction
    return kernels


def regression_importance(
    features: Tensor, kernels: list[Tensor], label: Tensor, by_gradient: bool
) -> Tensor:
    """Return [C]: how much each channel helps to tell the target from its surroundings (TADT, eq. 2-4).

    By gradient: the global average of 2 (Y - X_o) * W, the loss's derivative with the sign of eq. 4,
    summed over the `kernels` of learning. At the last one alone it would be noise: borders aside, it is
    each channel's weight times the sum of Y - X_o, one number for all channels, whose sign is that of
    what the converged regression happens to have left.
    Else: the sum of each channel's weights in the last kernel.
    """
    if not by_gradient:
        return kernels[-1].sum(dim=(1, 2))
    total = torch.zeros_like(kernels[-1][:, 0, 0])
    for kernel in kernels:
        upstream = 2 * (label - convolve(features, kernel))
        shifted = shifts(upstream, kernel.shape[1], kernel.shape[2])
        total = total + feature_gradient(kernel, shifted).mean(1)
    return total


def ranking_importance(
    features: Tensor, height: int, width: int, steps: list[int], tolerance: float, iterations: int
) -> Tensor:
    """Return [C]: how much each channel helps to tell the target's size from others (TADT, eq. 5-7).

    Samples are the features resized by `steps` cells, cut to the target's size; f is linear. The
    gradients of all samples of a pair cancel in a sum, so it is the one at the target's own size
    that counts, with the sign that makes a channel important when it raises the target's rank.
    """
    side = features.shape[1]
    samples = torch.stack([center(resize(features, side + step), height, width) for step in steps])
    samples = samples / samples[0].square().sum().sqrt().clamp(min=1e-12)
    distances = torch.tensor([float(step) for step in steps], device=features.device)
    pairs = ranking_pairs(distances)
    offsets = samples - samples[0]
    rate = 1.0 / offsets.square().sum(dim=(1, 2, 3)).max().clamp(min=1e-12)
    kernel = torch.zeros_like(samples[0])
    gradient = torch.zeros_like(distances)
    for _ in range(iterations):
        scores = (samples * kernel).sum(dim=(1, 2, 3))
        gradient = ranking_gradient(scores, pairs)
        if bool(ranking_loss(scores, pairs) < tolerance):
            break
        kernel = kernel - rate * (gradient.view(-1, 1, 1, 1) * samples).sum(0)
    nearest = distances.abs().argmin()
    return -gradient[nearest] * kernel.mean(dim=(1, 2))


def choose(importance: Tensor, count: int) -> Tensor:
    """Return the indices [min(count, C)] of the most important channels."""
    return importance.argsort(descending=True)[:count]
