# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Losses of CFNet, AdaCFNet and EDCF against plain NumPy and their limiting cases."""

from __future__ import annotations

import numpy as np
import torch

from tracker_ros.losses.logistic import balanced_mean, focal_logistic, logistic
from tracker_ros.losses.reconstruction import filter_response, multi_task, reconstruction

SCORES = torch.linspace(-6, 6, 49, dtype=torch.float64)
ONES = torch.ones_like(SCORES)


def test_logistic_is_its_formula_and_survives_large_scores() -> None:
    for label in (1.0, -1.0):
        expected = np.log1p(np.exp(-label * SCORES.numpy()))
        np.testing.assert_allclose(logistic(SCORES, label * ONES).numpy(), expected, rtol=1e-12)
    torch.testing.assert_close(logistic(torch.tensor([-1e4, 1e4]), torch.ones(2)), torch.tensor([1e4, 0.0]))


def test_focal_logistic_is_its_formula() -> None:
    for a, b in ((2.0, 1.0), (1.0, 3.0), (2.0, 0.5)):
        v = SCORES.numpy()
        expected = a / (1 + np.exp(b * -1 * v)) * np.log1p(np.exp(v))
        np.testing.assert_allclose(focal_logistic(SCORES, -ONES, a, b).numpy(), expected, rtol=1e-12)


def test_focal_logistic_limits() -> None:
    torch.testing.assert_close(focal_logistic(SCORES, ONES, 2.0, 0.0), logistic(SCORES, ONES))
    factor = focal_logistic(SCORES, ONES) / logistic(SCORES, ONES)
    assert (factor.diff() < 0).all(), "easier samples must weigh less (figure 6)"
    assert factor[24] == 1.0, "a sample on the fence keeps its weight"
    assert factor[0] > 1.99 and factor[-1] < 0.01
    scores = torch.tensor([-200.0, 200.0], requires_grad=True)
    focal_logistic(scores, torch.ones(2)).sum().backward()
    torch.testing.assert_close(scores.grad, torch.tensor([-2.0, 0.0]))


def test_focal_logistic_gradient() -> None:
    scores = torch.randn(7, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert torch.autograd.gradcheck(lambda s: focal_logistic(s, ONES[:7]), scores)


def test_balanced_mean_gives_both_classes_half() -> None:
    labels = -torch.ones(2, 3, 3)
    labels[0, 1, 1] = 1.0
    losses = torch.arange(18.0).view(2, 3, 3)
    # First map: half of cell 4, half of the mean of the others; second map: half of its mean.
    expected = ((0.5 * 4 + 0.5 * (36 - 4) / 8) + 0.5 * (153 - 36) / 9) / 2
    torch.testing.assert_close(balanced_mean(losses, labels), torch.tensor(expected))


def test_reconstruction_is_the_squared_norm_per_value() -> None:
    image = torch.rand(2, 3, 5, 4, generator=torch.Generator().manual_seed(0))
    assert reconstruction(image, image) == 0
    expected = np.linalg.norm(image.numpy().ravel()) ** 2 / 120
    np.testing.assert_allclose(reconstruction(torch.zeros_like(image), image), expected, rtol=1e-6)


def test_filter_response_is_relative_to_the_label() -> None:
    label = torch.rand(2, 4, 4, generator=torch.Generator().manual_seed(0)) + 1
    assert filter_response(label, label) == 0
    torch.testing.assert_close(filter_response(torch.zeros_like(label), label), torch.tensor(1.0))
    torch.testing.assert_close(filter_response(3 * label, label), torch.tensor(4.0))
    assert torch.isfinite(filter_response(label, torch.zeros_like(label)))


def test_multi_task_is_the_sum_and_decays_weights() -> None:
    weight = torch.tensor([[1.0, -2.0]], requires_grad=True)
    parts = [torch.tensor(value) for value in (0.5, 0.25, 0.125)]
    assert multi_task(*parts, [], 1.0) == 0.875
    total = multi_task(*parts, [weight], 0.1)
    total.backward()
    torch.testing.assert_close(total.detach(), torch.tensor(0.875 + 0.1 * 5))
    torch.testing.assert_close(weight.grad, 0.2 * weight.detach())
