# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Losses of predicted boxes, by hand."""

from __future__ import annotations

import pytest
import torch

from tracker_ros.losses.boxes import box_loss, generalized_iou_loss


def test_box_loss_by_hand() -> None:
    predicted = torch.tensor([[0.5, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, -3.0], [9.0, 9.0, 9.0, 9.0]])
    positive = torch.tensor([1.0, 1.0, 0.0])
    # 0.5 * 0.5^2 for the first; (2 - 0.5) + (3 - 0.5) for the second; the negative does not count.
    assert box_loss(predicted, torch.zeros(3, 4), positive).item() == pytest.approx((0.125 + 4.0) / 2)
    assert box_loss(predicted, torch.zeros(3, 4), torch.tensor([0.0, 1.0, 0.0])).item() == 4.0
    assert box_loss(predicted, torch.zeros(3, 4), torch.zeros(3)).item() == 0


def test_pysot_s_box_loss_averages_over_samples() -> None:
    predicted = torch.zeros(2, 3, 4)
    predicted[0, :, 0] = torch.tensor([1.0, 3.0, 50.0])
    predicted[1, 0] = torch.tensor([1.0, -1.0, 2.0, 0.0])
    positive = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    found = box_loss(predicted, torch.zeros(2, 3, 4), positive, smooth=False)
    assert found.item() == pytest.approx(((1 + 3) / 2 + 4) / 2)
    assert box_loss(predicted, torch.zeros(2, 3, 4), 0 * positive, smooth=False).item() == 0


def test_generalized_iou_by_hand() -> None:
    box = torch.tensor([10.0, 10.0, 4.0, 4.0])
    others = torch.tensor([[10.0, 10.0, 4.0, 4.0], [12.0, 10.0, 4.0, 4.0], [20.0, 10.0, 4.0, 4.0]])
    # Equal; half beside it: IoU 8 / 24, nothing of the hull empty; apart: 24 of the hull's 56 are empty.
    expected = torch.tensor([0.0, 1 - 8 / 24, 1 + 24 / 56])
    torch.testing.assert_close(generalized_iou_loss(others, box.expand(3, 4)), expected)


def test_boxes_apart_attract_each_other() -> None:
    far = torch.tensor([20.0, 10.0, 4.0, 4.0], requires_grad=True)
    generalized_iou_loss(far, torch.tensor([10.0, 10.0, 4.0, 4.0])).backward()
    assert far.grad is not None and far.grad[0] > 0
