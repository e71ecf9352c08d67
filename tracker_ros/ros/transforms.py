# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Frames from tf2, where it is installed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header

from tracker_ros.optics.lens import Vector
from tracker_ros.ros.parameters import ParameterError


class NoTransform(ValueError):
    """tf2 does not know how two frames lie. The message says which."""


class Pose(NamedTuple):
    """The pose of one frame in another: a rotation and the place of its origin, metres.

    Attributes:
        rotation: [9] a matrix row by row.
        origin: in the other frame.
        quaternion: the rotation as (x, y, z, w).
    """

    rotation: tuple[float, ...]
    origin: Vector
    quaternion: tuple[float, float, float, float]

    def turn(self, v: Vector) -> Vector:
        """Return a direction of the one frame in the other."""
        r = self.rotation
        x, y, z = (sum(r[3 * row + k] * v[k] for k in range(3)) for row in range(3))
        return x, y, z

    def place(self, v: Vector) -> Vector:
        """Return a point of the one frame in the other."""
        x, y, z = (a + b for a, b in zip(self.turn(v), self.origin, strict=True))
        return x, y, z


class Transforms:
    """Listens to /tf and /tf_static.

    Args:
        node: to listen with.
        frame: into which `pose` leads.

    Raises:
        ParameterError: where tf2's Python package is not installed.
    """

    def __init__(self, node: Node, frame: str):
        try:
            import tf2_ros
        except ImportError as missing:
            distribution = os.environ.get("ROS_DISTRO", "DISTRO")
            raise ParameterError(
                f"parameter 'location.target_frame' is '{frame}', which needs tf2 ({missing}):"
                f" sudo apt install ros-{distribution}-tf2-ros-py, or leave it empty for the camera's frame"
            ) from missing
        self._frame = frame
        self._failure: type[Exception] = tf2_ros.TransformException
        self._buffer: Any = tf2_ros.Buffer(node=node)
        self._listener: Any = tf2_ros.TransformListener(self._buffer, node)

    def pose(self, header: Header) -> Pose:
        """Look up the pose of the header's frame in `frame` at its stamp.

        Raises:
            NoTransform: where tf2 does not know.
        """
        try:
            found = self._buffer.lookup_transform(self._frame, header.frame_id, Time.from_msg(header.stamp))
        except self._failure as error:
            raise NoTransform(f"no transform from '{header.frame_id}' to '{self._frame}': {error}") from error
        q, t = found.transform.rotation, found.transform.translation
        quaternion = q.x, q.y, q.z, q.w
        return Pose(_matrix(quaternion), (t.x, t.y, t.z), quaternion)

    def close(self) -> None:
        """Stop listening."""
        self._listener.unregister()


def _matrix(q: Sequence[float]) -> tuple[float, ...]:
    """Return the matrix [9] of a unit quaternion (x, y, z, w)."""
    x, y, z, w = q
    return (
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    )  # fmt: skip
