# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Crops against a slow reference that samples pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker_ros.ops.crop import _span, crop, crop_pyramid


def slow_crop(image: np.ndarray, region: tuple[float, ...], size: int, fill: np.ndarray | None) -> np.ndarray:
    """Bilinear sample at the centre of each output pixel, in float64, written as loops."""
    cx, cy, w, h = region
    height, width, _ = image.shape

    def pixel(row: int, column: int) -> np.ndarray:
        if fill is not None and not (0 <= row < height and 0 <= column < width):
            return fill
        return image[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]

    out = np.zeros((3, size, size))
    for i in range(size):
        for j in range(size):
            y = cy - h / 2 + (i + 0.5) * h / size - 0.5
            x = cx - w / 2 + (j + 0.5) * w / size - 0.5
            top, left = math.floor(y), math.floor(x)
            fy, fx = y - top, x - left
            out[:, i, j] = (1 - fy) * ((1 - fx) * pixel(top, left) + fx * pixel(top, left + 1)) + fy * (
                (1 - fx) * pixel(top + 1, left) + fx * pixel(top + 1, left + 1)
            )
    return out


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.float64)


def as_frame(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.astype(np.uint8)).permute(2, 0, 1)


@settings(max_examples=20)
@given(st.floats(-30, 90), st.floats(-30, 70), st.floats(3, 19), st.floats(3, 19))
@pytest.mark.parametrize("border", ["replicate", "zero", "mean"])
def test_crop_equals_sampling_one_pixel_at_a_time(border, cx, cy, w, h):
    image = noise(40, 60)
    region = (float(np.float32(cx)), float(np.float32(cy)), float(np.float32(w)), float(np.float32(h)))
    fill = {"replicate": None, "zero": np.zeros(3), "mean": image.mean((0, 1))}[border]
    found = crop(as_frame(image), torch.tensor(region), 10, 10, border)
    np.testing.assert_allclose(found[0].numpy(), slow_crop(image, region, 10, fill), atol=0.02)


@given(st.floats(-50, 150), st.floats(0.5, 120), st.integers(1, 100), st.integers(1, 7))
def test_what_is_read_covers_the_samples_and_little_more(center, side, limit, step):
    first, last = _span(center, side, limit, step)
    low, high = center - side / 2, center + side / 2
    touched = {min(max(n, 0), limit - 1) for n in range(math.floor(low - 0.5), math.ceil(high + 0.5))}
    assert 0 <= first <= min(touched) and max(touched) < last <= limit
    # A pixel for the interpolation, one for rounding and a block on both sides, up to a whole block.
    assert last - first <= side + 2 * (2 + step) + step


def test_region_on_whole_pixels_returns_them_unchanged():
    frame = as_frame(noise(40, 60))
    found = crop(frame, torch.tensor([20.0, 16.0, 24.0, 24.0]), 24, 24)
    torch.testing.assert_close(found[0], frame[:, 4:28, 8:32].float(), atol=1e-3, rtol=0)


def test_shrinking_averages_whole_blocks():
    image = np.zeros((64, 64, 3))
    image[::2] = 200.0
    found = crop(as_frame(image), torch.tensor([32.0, 32.0, 64.0, 64.0]), 16, 16)
    torch.testing.assert_close(found, torch.full_like(found, 100.0), atol=1e-3, rtol=0)


def test_pyramid_is_one_crop_a_scale():
    frame = as_frame(noise(40, 60))
    region = torch.tensor([25.3, 18.6, 14.0, 11.0])
    found = crop_pyramid(frame, region, [0.9, 1.0, 1.2], 8, 12)
    assert found.shape == (3, 3, 8, 12)
    for index, scale in enumerate((0.9, 1.0, 1.2)):
        scaled = torch.cat((region[:2], region[2:] * scale))
        torch.testing.assert_close(found[index], crop(frame, scaled, 8, 12)[0])


def test_scripted_crop_is_the_same():
    frame = as_frame(noise(40, 60))
    region = torch.tensor([5.0, 38.0, 90.0, 70.0])
    torch.testing.assert_close(
        torch.jit.script(crop)(frame, region, 20, 20, "mean"), crop(frame, region, 20, 20, "mean")
    )
