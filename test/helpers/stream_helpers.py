# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Images as the stream receives them, without ROS's own message types, and a stream that tracks."""

from __future__ import annotations

import array
from types import SimpleNamespace

import numpy as np
from session_helpers import BOX, Oracle

from tracker_ros.ros.stream import Decoder, ImageStream, Received
from tracker_ros.session import Session, State


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


def stream(**settings: float) -> ImageStream:
    """Tracking since stamp 9.9. Its frames show nothing, so that all places look alike."""
    alike = {"verify_frames": 2, "look_margin": -0.01}
    made = ImageStream(Session(Oracle(), {**alike, **settings}), Decoder("cpu"))
    made.start_target([received(9.8)], BOX, False)
    made.process(received(9.85))
    report = made.process(received(9.9))
    assert report is not None and report.state is State.TRACKING
    return made
