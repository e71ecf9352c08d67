# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Regression and ranking losses: published shapes, limits, and derivatives against autograd."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from tracker_ros.losses.ranking import ranking_gradient, ranking_loss, ranking_pairs
from tracker_ros.losses.regression import ridge_loss
from tracker_ros.losses.shrinkage import (
    KINDS,
    RegressionLoss,
    regression_gradient,
    regression_loss,
    shrinkage,
)
from tracker_ros.ops.convolution import convolve, feature_gradient, kernel_gradient, shifts

LOSSES = [RegressionLoss(kind) for kind in KINDS] + [
    RegressionLoss(a=6.0, c=0.6, exponential=False),
    RegressionLoss(modulated=False),
]


@pytest.mark.parametrize("prediction, label", [(0.9, 0.0), (0.05, 0.0), (0.2, 1.0), (0.5, 0.5)])
def test_shrinkage_is_equation_7(prediction, label):
    size = abs(prediction - label)
    expected = math.exp(label) * size**2 / (1 + math.exp(10 * (0.2 - size)))
    found = shrinkage(torch.tensor(prediction), torch.tensor(label)).item()
    assert found == pytest.approx(expected, rel=1e-5)


def test_only_easy_samples_shrink():
    zero = torch.zeros(2)
    kept = shrinkage(torch.tensor([0.05, 0.9]), zero) / torch.tensor([0.05, 0.9]).square()
    assert kept[0] < 0.2 and kept[1] > 0.99


def test_a_weight_that_never_falls_is_the_squared_error():
    prediction, label = torch.rand(20), torch.zeros(20)
    torch.testing.assert_close(shrinkage(prediction, label, 10.0, -100.0), prediction.square())


def test_parts_of_equation_7_can_be_left_out():
    prediction, label = torch.rand(50), torch.rand(50)
    whole = shrinkage(prediction, label, 6.0, 0.3)
    torch.testing.assert_close(regression_loss(RegressionLoss(a=6.0, c=0.3), prediction, label), whole)
    plain = regression_loss(RegressionLoss(a=6.0, c=0.3, exponential=False), prediction, label)
    torch.testing.assert_close(plain, whole / label.exp())
    weighted = regression_loss(RegressionLoss(modulated=False), prediction, label)
    torch.testing.assert_close(weighted, (prediction - label).square() * label.exp())


def test_rivals_of_the_shrinkage_loss_are_their_formulas():
    """Lu et al., eq. 3 and 4 (gamma = 1), and mining with a threshold of 0.01."""
    prediction = torch.tensor([0.0, 0.5, 1.0, 0.305, 0.2], dtype=torch.double)
    label = torch.tensor([0.2, 0.1, 0.3, 0.3, 0.2], dtype=torch.double)
    residuals = [0.2, 0.4, 0.7, 0.005, 0.0]
    for kind, formula in (
        ("l2", lambda r: r**2),
        ("l3", lambda r: r**3),
        ("ohnm", lambda r: r**2 if r > 0.01 else 0.0),
    ):
        found = regression_loss(RegressionLoss(kind), prediction, label)
        assert found.tolist() == pytest.approx([formula(r) for r in residuals], abs=1e-12)


def test_signed_form_calls_low_predictions_easy():
    low, high = torch.tensor(0.2), torch.tensor(0.8)
    half = torch.tensor(0.5)
    assert shrinkage(low, half, signed=True) < 0.1 * shrinkage(low, half)
    torch.testing.assert_close(shrinkage(high, half, signed=True), shrinkage(high, half))


@pytest.mark.parametrize("loss", LOSSES)
def test_written_out_derivative_is_that_of_autograd(loss):
    g = torch.Generator().manual_seed(1)
    prediction = torch.rand(200, generator=g, dtype=torch.double).requires_grad_()
    label = torch.rand(200, generator=g, dtype=torch.double)
    regression_loss(loss, prediction, label).sum().backward()
    torch.testing.assert_close(regression_gradient(loss, prediction.detach(), label), prediction.grad)


def test_convolution_and_its_gradients_are_those_of_pytorch():
    g = torch.Generator().manual_seed(2)
    features = torch.rand(5, 9, 11, generator=g, dtype=torch.double).requires_grad_()
    kernel = torch.randn(5, 3, 5, generator=g, dtype=torch.double).requires_grad_()
    upstream = torch.randn(9, 11, generator=g, dtype=torch.double)
    response = F.conv2d(features[None], kernel[None], padding=(1, 2))[0, 0]
    (response * upstream).sum().backward()
    with torch.no_grad():
        torch.testing.assert_close(convolve(features, kernel), response)
        shifted = shifts(upstream, 3, 5)
        torch.testing.assert_close(kernel_gradient(features, shifted, 3, 5), kernel.grad)
        torch.testing.assert_close(feature_gradient(kernel, shifted).view(5, 9, 11), features.grad)


def test_ridge_loss_of_no_kernel_is_the_energy_of_the_label():
    label = torch.rand(5, 5)
    loss = ridge_loss(torch.rand(2, 5, 5), torch.zeros(2, 3, 3), label, 0.1)
    torch.testing.assert_close(loss, label.square().sum())


def test_ranking_pairs_prefer_the_size_nearer_to_the_target():
    pairs = ranking_pairs(torch.tensor([0.0, -2.0, 2.0]))
    assert pairs.tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0]]


def test_ranking_loss_of_equal_scores_counts_the_pairs():
    pairs = ranking_pairs(torch.tensor([0.0, -2.0, 2.0, 4.0]))
    assert ranking_loss(torch.zeros(4), pairs).item() == pytest.approx(math.log(1 + 5))


def test_ranking_gradient_is_that_of_autograd():
    scores = torch.randn(5, dtype=torch.double, requires_grad=True)
    pairs = ranking_pairs(torch.tensor([0.0, -2.0, 2.0, -4.0, 4.0])).double()
    ranking_loss(scores, pairs).backward()
    torch.testing.assert_close(ranking_gradient(scores.detach(), pairs), scores.grad)
