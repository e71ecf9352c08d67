# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Precise RoI pooling against numerical integration, autograd and itself."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from tracker_ros.ops.prroi import prroi_box_gradient, prroi_grid, prroi_pool


def surface(features: np.ndarray, ys: np.ndarray, xs: np.ndarray) -> np.ndarray:
    """The bilinear surface at all (y, x), in cells, zero outside: written from the definition."""
    rows = np.maximum(0, 1 - np.abs(ys[:, None] - np.arange(features.shape[0])))
    columns = np.maximum(0, 1 - np.abs(xs[:, None] - np.arange(features.shape[1])))
    return np.einsum("yi,ij,xj->yx", rows, features, columns)


def case(seed: int, boxes: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    features = torch.randn(3, 7, 9, generator=g, dtype=torch.double)
    low, high = torch.tensor([10.0, 10, 5, 6]), torch.tensor([60.0, 45, 40, 30])
    return features, (low + torch.rand(boxes, 4, generator=g) * (high - low)).double()


def test_pooling_is_the_integral_of_the_surface():
    features, boxes = case(0, 1)
    stride, bins = 8.0, 2
    pooled = prroi_pool(features[:1], boxes, bins, stride)[0, 0]
    cx, cy, w, h = (boxes[0] / stride).tolist()
    points = 2000  # of the midpoint rule, a side
    for p in range(bins):
        for q in range(bins):
            ys = cy - h / 2 + h / bins * (p + (np.arange(points) + 0.5) / points) - 0.5
            xs = cx - w / 2 + w / bins * (q + (np.arange(points) + 0.5) / points) - 0.5
            mean = surface(features[0].numpy(), ys, xs).mean()
            assert pooled[p, q].item() == pytest.approx(mean, abs=1e-5)


def test_a_constant_inside_pools_to_itself():
    pooled = prroi_pool(torch.full((2, 10, 10), 3.0), torch.tensor([[40.0, 40, 30, 22]]), 4, 8.0)
    torch.testing.assert_close(pooled, torch.full((1, 2, 4, 4), 3.0))


def test_gradients_by_features_and_boxes():
    features, boxes = case(1, 2)
    features.requires_grad_()
    boxes.requires_grad_()
    assert torch.autograd.gradcheck(lambda f, b: prroi_pool(f, b, 3, 8.0), (features, boxes))


def test_written_out_box_gradient_is_that_of_autograd():
    features, boxes = case(2)
    upstream = torch.randn(5, 3, 3, 3, dtype=torch.double)
    boxes.requires_grad_()
    (prroi_pool(features, boxes, 3, 8.0) * upstream).sum().backward()
    torch.testing.assert_close(prroi_box_gradient(features, boxes.detach(), upstream, 8.0), boxes.grad)


def test_a_grid_is_its_boxes_one_by_one():
    features, _ = case(3)
    xs, ys = torch.linspace(10, 60, 4).double(), torch.linspace(5, 50, 3).double()
    size = torch.tensor([20.0, 13.0]).double()
    boxes = torch.stack([torch.stack((x, y, size[0], size[1])) for y in ys for x in xs])
    grid = prroi_grid(features, xs, ys, size, 4, 8.0)
    torch.testing.assert_close(grid.flatten(0, 1), prroi_pool(features, boxes, 4, 8.0))


def test_961_boxes_take_less_than_60_ms():
    features, size = torch.rand(128, 36, 36), torch.tensor([57.6, 57.6])
    axis = torch.linspace(28.8, 259.2, 31)
    scripted = torch.jit.script(prroi_grid)
    spans = []
    with torch.inference_mode():
        # What else the machine does costs time too: one undisturbed run is enough.
        while len(spans) < 5 or (min(spans) >= 0.060 and len(spans) < 100):
            start = time.process_time()
            scripted(features, axis, axis, size, 8, 8.0).reshape(961, -1)
            spans.append(time.process_time() - start)
    assert min(spans) < 0.060, f"fastest of {len(spans)}: {min(spans) * 1e3:.1f} ms"
