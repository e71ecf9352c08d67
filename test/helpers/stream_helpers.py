# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""An image as the stream receives it, without ROS's own message types."""

from __future__ import annotations

import array
from types import SimpleNamespace

import numpy as np

from tracker_ros.ros.stream import Received


def received(stamp: float, encoding: str = "rgb8", at: float = 0.0, width: int = 64) -> Received:
    """An image that tells `Oracle` a score of 0.9."""
    channels = 3 if encoding == "rgb8" else 1
    pixels = np.zeros((48, width, channels), np.uint8)
    pixels[0, 0, 0] = 90
    header = SimpleNamespace(stamp=SimpleNamespace(sec=int(stamp), nanosec=round(stamp % 1 * 1e9)))
    return Received(
        SimpleNamespace(
            header=header,
            width=width,
            height=48,
            step=width * channels,
            encoding=encoding,
            data=array.array("B", pixels.tobytes()),
        ),
        at,
    )
