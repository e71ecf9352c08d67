# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A CameraInfo without ROS, for what reads it by attribute."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

K = [700.0, 0.0, 320.0, 0.0, 690.0, 236.0, 0.0, 0.0, 1.0]
P = [600.0, 0.0, 310.0, 0.0, 0.0, 610.0, 230.0, 0.0, 0.0, 0.0, 1.0, 0.0]
IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]


def info(**changes: Any) -> Any:
    """A calibrated camera of 640 x 480 pixels without distortion, with some fields changed."""
    roi = SimpleNamespace(x_offset=0, y_offset=0, width=0, height=0, do_rectify=False)
    fields = {
        "width": 640, "height": 480, "distortion_model": "plumb_bob", "d": [0.0] * 5, "k": K, "r": IDENTITY,
        "p": P, "binning_x": 0, "binning_y": 0, "roi": roi,
    }  # fmt: skip
    return SimpleNamespace(**{**fields, **changes})


def region(x: int, y: int, width: int, height: int) -> Any:
    """A RegionOfInterest."""
    return SimpleNamespace(x_offset=x, y_offset=y, width=width, height=height, do_rectify=False)
