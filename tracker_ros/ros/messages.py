# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Boxes and stamps to messages and back. Needs generated messages, but neither rclpy nor PyTorch."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from vision_msgs.msg import BoundingBox2D

from tracker_ros.geometry import Box


def stamp_seconds(stamp: Time) -> float:
    """Return the seconds since the epoch of the clock that made the stamp."""
    return stamp.sec + stamp.nanosec * 1e-9


def box_message(box: Box | None) -> BoundingBox2D:
    """Return a box in image pixels; of zero size where there is none."""
    message = BoundingBox2D()
    if box is not None:  # of an int rclpy would take the bytes for those of a float
        message.center.position.x, message.center.position.y = float(box.cx), float(box.cy)
        message.size_x, message.size_y = float(box.w), float(box.h)
    return message


def box_of(message: BoundingBox2D) -> Box:
    """Return the box of a message; its rotation is not used."""
    return Box(message.center.position.x, message.center.position.y, message.size_x, message.size_y)
