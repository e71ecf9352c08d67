# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""DSLT's regression network and its learning, with every gradient written out (Lu et al., 2020).

Two levels of a backbone on one grid, reduced by 1 x 1 convolutions to A (fine) and B (coarse), give
the response P = W_a * ((1 - f) A + f B) + W_b * B: the features are joined by a residual connection
with share f, the response maps by a sum (section 3.3, figure 5c). As one convolution, P = W * J with
the joined features J = ((1 - f) A + f B, B).

A model is the list of W [2 D, kh, kw] and the reductions R_a [D, Ca] and R_b [D, Cb].
"""

from __future__ import annotations

import torch
from torch import Tensor

from tracker_ros.losses.shrinkage import RegressionLoss, regression_gradient, regression_loss
from tracker_ros.ops.convolution import convolve, feature_gradient, kernel_gradient, shifts


def join(fine: Tensor, coarse: Tensor, model: list[Tensor], share: float) -> Tensor:
    """Return j [2 D, h, w] of two levels [Ca, h, w] and [Cb, h, w]."""
    a, b = model[1] @ fine.flatten(1), model[2] @ coarse.flatten(1)
    return torch.cat((torch.lerp(a, b, share), b)).view(-1, fine.shape[1], fine.shape[2])


def reduction_gradients(fine: Tensor, coarse: Tensor, by_joined: Tensor, share: float) -> list[Tensor]:
    """Return the derivatives by R_a and R_b, given that by the joined features, [2 D, h w]."""
    half = by_joined.shape[0] // 2
    by_fine = (1 - share) * by_joined[:half]
    by_coarse = share * by_joined[:half] + by_joined[half:]
    return [by_fine @ fine.flatten(1).t(), by_coarse @ coarse.flatten(1).t()]


def descend(
    model: list[Tensor],
    gradients: list[Tensor],
    means: list[Tensor],
    squares: list[Tensor],
    step: int,
    rates: list[float],
    decay: float,
) -> None:
    """Take a step of Adam (Kingma and Ba, 2015, algorithm 1) on the first tensors of the model.

    The lists `model`, `means` and `squares` get new tensors: none is changed in place.

    Args:
        gradients: of the tensors that learn.
        step: counts from 1.
        rates: of each tensor.
        decay: lambda of eq. 1, whose derivative 2 lambda W is added to the gradients.
    """
    for i, by in enumerate(gradients):
        gradient = by + 2 * decay * model[i]
        means[i] = 0.9 * means[i] + 0.1 * gradient
        squares[i] = 0.999 * squares[i] + 0.001 * gradient.square()
        mean = means[i] / (1 - 0.9**step)
        spread = (squares[i] / (1 - 0.999**step)).sqrt()
        model[i] = model[i] - rates[i] * mean / (spread + 1e-8)


def first_frame_step(
    fine: list[Tensor],
    coarse: list[Tensor],
    label: Tensor,
    model: list[Tensor],
    share: float,
    loss: RegressionLoss,
) -> tuple[Tensor, list[Tensor]]:
    """Return mean over views of the first frame of the summed loss, and its derivatives by the whole model.

    Args:
        fine, coarse: one level [C, h, w] a view, before reduction.
        label: [h, w], of every view.
        loss: which one.
    """
    total = torch.zeros([], device=label.device)
    sums = [torch.zeros_like(tensor) for tensor in model]
    kh, kw = model[0].shape[1], model[0].shape[2]
    for i in range(len(fine)):
        joined = join(fine[i], coarse[i], model, share)
        response = convolve(joined, model[0])
        total = total + regression_loss(loss, response, label).sum() / len(fine)
        shifted = shifts(regression_gradient(loss, response, label) / len(fine), kh, kw)
        parts = [kernel_gradient(joined, shifted, kh, kw)]
        parts += reduction_gradients(fine[i], coarse[i], feature_gradient(model[0], shifted), share)
        for j, part in enumerate(parts):
            sums[j] = sums[j] + part
    return total, sums


def online_gradient(joined: Tensor, labels: Tensor, kernel: Tensor, loss: RegressionLoss) -> Tensor:
    """Return the derivative by W of the mean over T remembered frames of the summed loss.

    Args:
        joined: [T, 2 D, h, w].
        labels: [T, h, w].
    """
    count, kh, kw = joined.shape[0], kernel.shape[1], kernel.shape[2]
    total = torch.zeros_like(kernel)
    for i in range(count):
        upstream = regression_gradient(loss, convolve(joined[i], kernel), labels[i]) / count
        total = total + kernel_gradient(joined[i], shifts(upstream, kh, kw), kh, kw)
    return total
