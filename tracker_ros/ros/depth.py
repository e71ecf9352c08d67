# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Depth images as arrays (REP 118), and the one that belongs to an image."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker_ros.optics.distance import NoDistance
from tracker_ros.ros.images import ImageError
from tracker_ros.ros.messages import stamp_seconds

NEAR_ENOUGH = 0.05
"""Seconds between the exposures of an image and of the depth that is taken for it."""
KEPT = 10

_ENCODINGS = {"16UC1": ("u2", 1e-3), "32FC1": ("f4", 1.0)}
"""Type of a number, and how many metres 1 means."""


class DepthImages:
    """The newest depth images; `add` and `nearest` may be called on different threads."""

    def __init__(self, topic: str):
        self._topic = topic
        self._images: deque[Any] = deque(maxlen=KEPT)

    def add(self, message: Any) -> None:
        """Accept a depth image that has just arrived."""
        self._images.append(message)

    def nearest(self, stamp: float, width: int, height: int) -> tuple[npt.NDArray[np.generic], float]:
        """Return the depth [height, width] for the image of that stamp and size, and its unit in metres.

        Raises:
            NoDistance: where there is none, or none that fits.
        """
        images = list(self._images)
        if not images:
            raise NoDistance(f"no depth image yet on {self._topic}")
        gap, index = min((abs(stamp_seconds(m.header.stamp) - stamp), k) for k, m in enumerate(images))
        if gap > NEAR_ENOUGH:
            raise NoDistance(
                f"the nearest depth image on {self._topic} is {gap:.3f} s from the image's stamp"
            )
        found = images[index]
        if (found.width, found.height) != (width, height):
            raise NoDistance(
                f"the depth image on {self._topic} is {found.width} x {found.height}, the image {width} x"
                f" {height}: register the depth to the image (depth_image_proc's register node)"
            )
        try:
            return depth_of(found)
        except ImageError as error:
            raise NoDistance(f"depth image refused: {error} (topic {self._topic})") from error


def depth_of(message: Any) -> tuple[npt.NDArray[np.generic], float]:
    """Return the numbers [H, W] of a depth image as a view, and how many metres 1 is.

    Raises:
        ImageError: for an encoding other than 16UC1 and 32FC1, or sizes that contradict each other.
    """
    if message.encoding not in _ENCODINGS:
        raise ImageError(f"encoding '{message.encoding}' is no depth: 16UC1 (mm) or 32FC1 (m) is needed")
    kind, unit = _ENCODINGS[message.encoding]
    number = np.dtype((">" if message.is_bigendian else "<") + kind)
    row = message.width * number.itemsize
    if message.step < row or len(message.data) != message.step * message.height:
        raise ImageError(
            f"data holds {len(message.data)} bytes, but {message.height} rows of {message.step} bytes with"
            f" {message.width} numbers of {number.itemsize} bytes are expected"
        )
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)[:, :row]
    return (rows if message.step == row else np.ascontiguousarray(rows)).view(number), unit
