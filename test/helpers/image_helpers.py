# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Image messages without ROS, and how their encodings store pixels."""

from __future__ import annotations

import array
from types import SimpleNamespace

import numpy as np

BYTES = {"rgb8": 3, "bgr8": 3, "8UC3": 3, "rgba8": 4, "bgra8": 4, "8UC4": 4, "mono8": 1, "8UC1": 1}
# Where Y of the even and odd pixel, U and V stand among the four bytes of two pixels.
PAIRS = {"yuv422": (1, 3, 0, 2), "uyvy": (1, 3, 0, 2), "yuv422_yuy2": (0, 2, 1, 3), "yuyv": (0, 2, 1, 3)}


def message(rows: np.ndarray, width: int, encoding: str) -> SimpleNamespace:
    """An Image of rows [height, step] of bytes."""
    return SimpleNamespace(
        width=width,
        height=rows.shape[0],
        step=rows.shape[1],
        encoding=encoding,
        is_bigendian=0,
        data=array.array("B", rows.tobytes()),
    )
