# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Classification losses against double-precision formulas, limiting cases, autograd and figure 6."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from tracker_ros.experiments.loss_curves import curves, main
from tracker_ros.losses.classification import (
    ClassificationLoss,
    balanced_loss,
    class_weights,
    classification_loss,
    make_loss,
    margin_gradient,
    margin_loss,
    modulating_factor,
)

LOSSES = [
    ClassificationLoss("bce"),
    ClassificationLoss("focal", gamma=2.0),
    ClassificationLoss("focal", gamma=0.5, alpha=0.5),
    ClassificationLoss("shrinkage"),
    ClassificationLoss("shrinkage", a=6.0, c=0.2),
    ClassificationLoss("shrinkage", exponential=False),
    ClassificationLoss("shrinkage", modulated=False),
]


def plain(p: float, y: int, loss: ClassificationLoss) -> float:
    """The equations written out for one sample, with the brackets of eq. 14 and 18 put right."""
    p_t = p if y == 1 else 1 - p
    entropy = -math.log(p_t)
    if loss.kind == "bce":
        return entropy
    if loss.kind == "focal":
        return loss.alpha * (1 - p_t) ** loss.gamma * entropy
    above = math.exp(p_t) if loss.exponential else 1.0
    below = 1 + math.exp(loss.a * (p_t - loss.c)) if loss.modulated else 1.0
    return above / below * entropy


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_equal_the_equations(loss: ClassificationLoss) -> None:
    for p in (0.001, 0.1, 0.4, 0.5, 0.6, 0.9, 0.999):
        for y in (0, 1):
            logit = torch.tensor(math.log(p / (1 - p)), dtype=torch.float64)
            ours = classification_loss(logit, torch.tensor(float(y), dtype=torch.float64), loss)
            assert ours.item() == pytest.approx(plain(p, y, loss), rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_closed_gradient_is_that_of_autograd(loss: ClassificationLoss) -> None:
    margin = torch.linspace(-12, 12, 97, dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(margin_loss(margin, loss).sum(), margin)
    torch.testing.assert_close(margin_gradient(margin.detach(), loss), expected, rtol=1e-9, atol=1e-12)


def test_limiting_cases_are_cross_entropy() -> None:
    logits, labels = torch.linspace(-8, 8, 33), (torch.arange(33) % 3 == 0).float()
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    for loss in (
        make_loss("bce"),
        make_loss("focal", gamma=0.0),
        ClassificationLoss("shrinkage", 50.0, 9.0, exponential=False),
    ):
        torch.testing.assert_close(classification_loss(logits, labels, loss), expected)


def test_soft_labels_mix_both_branches() -> None:
    logits, loss = torch.tensor([0.3, -2.0]), make_loss("shrinkage")
    one, zero = (classification_loss(logits, torch.full((2,), y), loss) for y in (1.0, 0.0))
    mixed = classification_loss(logits, torch.tensor([0.25, 0.25]), loss)
    torch.testing.assert_close(mixed, 0.25 * one + 0.75 * zero)


def test_figure_6_easy_samples_shrink_and_hard_ones_keep_their_loss() -> None:
    hard, easy = torch.tensor([0.05, 0.1, 0.2]), torch.tensor([0.8, 0.9, 0.99])
    bare = ClassificationLoss("shrinkage", exponential=False)
    full, focal = make_loss("shrinkage"), make_loss("focal")
    # The factor falls with p_t; a is the speed, c the place.
    grid = torch.linspace(0, 1, 101)
    assert (modulating_factor(grid, bare).diff() < 0).all()
    assert modulating_factor(torch.tensor(0.6), bare).item() == pytest.approx(0.5)
    # Hard: unchanged without the exp factor (pink), greater with it (red), partly penalised by focal.
    assert (modulating_factor(hard, bare) > 0.98).all()
    assert (modulating_factor(hard, full) > 1.0).all()
    assert (modulating_factor(hard, focal) < 0.91).all()
    # Easy: the bare factor below 1/8 of cross entropy from p_t = 0.8 on.
    assert (modulating_factor(easy, bare) < 0.12).all() and (modulating_factor(easy, full) < 0.27).all()
    # A sample's loss reaches 1/2 at p_t = 0.6 (l = 0.4) for both classes alike: the sign is right.
    logits = torch.tensor([math.log(1.5), -math.log(1.5)])
    ours = classification_loss(logits, torch.tensor([1.0, 0.0]), bare)
    torch.testing.assert_close(ours, torch.full((2,), -0.5 * math.log(0.6)))


def test_classes_weigh_the_same_whatever_their_numbers() -> None:
    labels = torch.zeros(1000)
    labels[:5] = 1
    weights = class_weights(labels)
    assert weights[0].item() == pytest.approx(0.995) and weights[-1].item() == pytest.approx(0.005)
    assert weights[:5].sum().item() == pytest.approx(weights[5:].sum().item(), rel=1e-5)
    logits = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    each = classification_loss(logits, labels, make_loss("bce"))
    expected = 0.5 * each[:5].mean() + 0.5 * each[5:].mean()
    torch.testing.assert_close(balanced_loss(logits, labels, make_loss("bce")), expected)


def test_a_batch_of_one_class_still_has_a_gradient() -> None:
    logits = torch.zeros(8, requires_grad=True)
    balanced_loss(logits, torch.zeros(8), make_loss("shrinkage")).backward()
    assert (logits.grad > 0).all()


def test_unknown_losses_are_named() -> None:
    with pytest.raises(ValueError, match="'hinge'.*bce, focal, shrinkage"):
        make_loss("hinge")


def test_figure_6_curves_and_plot(tmp_path: Path) -> None:
    p_t, factors, losses = curves(999)
    assert losses.keys() == {"BCE", "focal, gamma = 2", "shrinkage", "shrinkage with exp"}
    torch.testing.assert_close(losses["BCE"], -p_t.log())
    for (a, c), values in zip(((10, 0.6), (6, 0.6), (10, 0.2), (6, 0.2)), factors.values(), strict=True):
        torch.testing.assert_close(values, 1 / (1 + torch.exp(a * (p_t - c))))
    # Shrinkage with exp keeps or raises the loss of hard samples and lowers that of easy ones; it crosses
    # cross entropy where exp(p) = 1 + exp(10 (p - 0.6)), at p = 0.5747.
    ratio = losses["shrinkage with exp"] / losses["BCE"]
    crossing = p_t[(ratio < 1) & (p_t > 0.1)].min()
    assert crossing.item() == pytest.approx(0.5747, abs=1e-3)
    assert (ratio[p_t < crossing] > 0.998).all() and (ratio[p_t > crossing] < 1).all()
    assert ratio.max() > 1.3
    assert main(["--out", str(tmp_path / "figure6.png")]) == 0
    assert (tmp_path / "figure6.png").stat().st_size > 10_000
