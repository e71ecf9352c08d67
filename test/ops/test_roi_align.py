# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""RoIAlign against loops over interpolation kernels, closed forms and numerical gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tracker_ros.networks.vggm import box_features
from tracker_ros.ops.roi_align import adaptive_roi_align, roi_align


def slow(features: np.ndarray, box: np.ndarray, bins: tuple[int, int], adaptive: bool) -> np.ndarray:
    """Sums over all cells of a triangular kernel about each bin's centre; for boxes inside the map."""
    channels, height, width = features.shape
    out = np.zeros((channels, *bins))
    wide_y = max(1, round(box[3] / bins[0])) if adaptive else 1
    wide_x = max(1, round(box[2] / bins[1])) if adaptive else 1
    for i in range(bins[0]):
        for j in range(bins[1]):
            y = box[1] - box[3] / 2 + (i + 0.5) * box[3] / bins[0] - 0.5
            x = box[0] - box[2] / 2 + (j + 0.5) * box[2] / bins[1] - 0.5
            for p in range(-6, height + 6):
                for q in range(-6, width + 6):
                    share_y = max(0, 1 - abs(y - p) / wide_y) / wide_y
                    share_x = max(0, 1 - abs(x - q) / wide_x) / wide_x
                    nearest = features[:, min(max(p, 0), height - 1), min(max(q, 0), width - 1)]
                    out[:, i, j] += share_y * share_x * nearest
    return out


BOXES = torch.tensor(
    [
        [5.0, 5.0, 4.0, 4.0],
        [4.3, 6.1, 3.7, 5.2],
        [6.0, 6.0, 9.5, 10.1],
        [6.2, 5.9, 11.9, 3.0],
        [5.5, 5.5, 0.0, 0.0],
    ],
    dtype=torch.float64,
)


@pytest.mark.parametrize("adaptive", [False, True])
def test_equals_the_slow_reference(adaptive: bool) -> None:
    features = torch.randn(2, 12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    function = adaptive_roi_align if adaptive else roi_align
    ours = function(features, BOXES, 3, 4)
    for row, box in zip(ours, BOXES, strict=True):
        expected = slow(features.numpy(), box.numpy(), (3, 4), adaptive)
        np.testing.assert_allclose(row.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("function", [roi_align, adaptive_roi_align])
def test_a_linear_ramp_is_read_exactly(function: object) -> None:
    # f(x, y) = 3 x + y at cell centres x = j + 0.5: bilinear and triangular kernels reproduce it.
    y, x = torch.meshgrid(torch.arange(20.0) + 0.5, torch.arange(20.0) + 0.5, indexing="ij")
    box = torch.tensor([[10.2, 9.7, 8.0, 6.0]])
    out = function((3 * x + y).unsqueeze(0), box, 3, 4)[0, 0]  # type: ignore[operator]
    expected_x = 10.2 - 4 + (torch.arange(4) + 0.5) * 2
    expected_y = 9.7 - 3 + (torch.arange(3) + 0.5) * 2
    expected = 3 * expected_x.unsqueeze(0) + expected_y.unsqueeze(1)
    torch.testing.assert_close(out, expected, rtol=1e-5, atol=1e-4)


def test_samples_outside_take_the_border() -> None:
    features = torch.arange(9.0).view(1, 3, 3)
    out = roi_align(features, torch.tensor([[-5.0, -5.0, 2.0, 2.0], [9.0, 9.0, 2.0, 2.0]]), 1, 1)
    assert out.flatten().tolist() == [0, 8]


def test_gradients_reach_features_and_boxes() -> None:
    features = torch.randn(2, 9, 9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    # Away from cell centres, where bilinear interpolation has kinks.
    boxes = torch.tensor([[4.13, 4.32, 3.1, 2.9]], dtype=torch.float64)
    for function in (roi_align, adaptive_roi_align):
        inputs = (features.clone().requires_grad_(), boxes.clone().requires_grad_())
        assert torch.autograd.gradcheck(lambda f, b, function=function: function(f, b, 2, 2), inputs)


def test_scripted_equals_eager() -> None:
    features = torch.randn(3, 12, 12, generator=torch.Generator().manual_seed(2))
    boxes = BOXES.float()
    scripted = torch.jit.script(adaptive_roi_align)
    assert torch.equal(scripted(features, boxes, 7, 7), adaptive_roi_align(features, boxes, 7, 7))


def test_boxes_are_read_by_the_cells_that_see_nothing_else() -> None:
    # Feature maps that hold each cell's own place: what a box reads tells which cells it read.
    rows = torch.arange(20.0).view(1, 20, 1).expand(1, 20, 20)
    columns = rows.transpose(1, 2)
    # Padded by 1.2, this box covers the pixels [16, 155) in x and [24, 99) in y: cells 2 to 10 and 3 alone.
    box = torch.tensor([[(16 + 155) / 2, (24 + 99) / 2, 139 / 1.2, 75 / 1.2]])
    x, y = (box_features(m, box).view(3, 3) for m in (columns, rows))
    torch.testing.assert_close(x[:, -1], torch.full((3,), 10.0), rtol=0, atol=1e-4)
    torch.testing.assert_close(
        box_features(-columns, box).view(3, 3)[:, 0], torch.full((3,), -2.0), rtol=0, atol=1e-4
    )
    torch.testing.assert_close(y, torch.full((3, 3), 3.0), rtol=0, atol=1e-4)
