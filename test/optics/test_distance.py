# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Distances from depth with holes, and from the height above flat ground."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_ros.optics.distance import NoDistance, ground_distance, median_depth, up_of

BOX = (50.0, 40.0, 20.0, 12.0)


@pytest.mark.parametrize("hole", [0.0, math.nan, math.inf, -math.inf, -1.0])
def test_holes_and_background_do_not_move_the_depth(hole: float) -> None:
    depth = np.full((80, 100), 30.0, np.float32)  # the background
    depth[35:45, 42:58] = 7.0
    depth[36:44, 44:50] = hole
    assert median_depth(depth, BOX) == 7.0


def test_the_inner_half_is_looked_at() -> None:
    depth = np.zeros((80, 100), np.uint16)
    depth[37:43, 45:55] = np.arange(60).reshape(6, 10) + 1000
    assert median_depth(depth, BOX) == np.median(np.arange(60) + 1000)
    depth[37:43, 45:55] = 0
    depth[34:46, 40:60][[0, -1]] = 5000  # of the box, but not of its inner half
    with pytest.raises(NoDistance, match="only 0 %"):
        median_depth(depth, BOX)


def test_too_few_and_boxes_over_the_edge() -> None:
    depth = np.zeros((80, 100), np.uint16)
    depth[37, 45:50] = 900  # 5 of 60 pixels
    with pytest.raises(NoDistance, match="only 8 % of the depth image inside the box is valid"):
        median_depth(depth, BOX)
    depth[38, 45] = 900
    assert median_depth(depth, BOX) == 900
    with pytest.raises(NoDistance):
        median_depth(depth, (-50.0, 40.0, 20.0, 12.0))
    depth[:] = 800
    assert median_depth(depth, (0.0, 0.0, 8.0, 8.0)) == 800
    assert median_depth(depth, (99.5, 79.5, 0.2, 0.2)) == 800


@given(st.floats(0.05, 1.57), st.floats(1.0, 500.0))
def test_the_optical_axis_meets_the_ground_where_trigonometry_says(tilt: float, height: float) -> None:
    assert ground_distance((0.0, 0.0, 1.0), up_of(tilt), height) == pytest.approx(height / math.sin(tilt))


def test_a_ray_off_the_axis() -> None:
    """45 degrees down, and a pixel 45 degrees below the axis: straight down."""
    half = math.sqrt(0.5)
    assert ground_distance((0.0, half, half), up_of(math.pi / 4), 12.0) == pytest.approx(12.0)
    with pytest.raises(NoDistance, match="horizon"):
        ground_distance((0.0, -half, half), up_of(math.pi / 4), 12.0)
