# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The simulated camera's gimbal: rate commands in, attitudes out, and what it lets the camera see."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from geometry_msgs.msg import QuaternionStamped, Vector3Stamped
from rclpy.node import Node
from std_msgs.msg import Header

from tracker_ros.data.chase import AHEAD, DEPRESSION
from tracker_ros.data.footage import Shot
from tracker_ros.data.synthetic_chase import ChaseScene
from tracker_ros.gimbal.controller import Rates
from tracker_ros.gimbal.simulated import GimbalModel, SimulatedGimbal
from tracker_ros.ros import endpoints, qos
from tracker_ros.ros.worker import Worker

ATTITUDE_RATE = 50.0


class Exposure(NamedTuple):
    """A frame to render: `at` is the scene's time in seconds, the angles are the gimbal's."""

    header: Header
    at: float
    yaw: float
    pitch: float


class GimbalRig:
    """A camera of the chase on a gimbal. Frames are drawn on a thread, so that commands need not wait.

    Args:
        node: the camera's.
        scene: what is shown.
        name: of the gimbal's node, relative to the camera's namespace.
        model: how the gimbal moves.
        show: called on the thread with each frame.
    """

    def __init__(
        self,
        node: Node,
        scene: ChaseScene,
        name: str,
        model: GimbalModel,
        show: Callable[[Header, Shot], None],
    ):
        self._node, self._scene, self._show = node, scene, show
        self._gimbal = SimulatedGimbal(model, AHEAD, -DEPRESSION, self._now())
        self._attitudes = endpoints.publisher(node, QuaternionStamped, f"{name}/attitude", qos.MEASUREMENT)
        endpoints.subscription(node, Vector3Stamped, f"{name}/rate", self._on_rate, qos.COMMAND)
        node.create_timer(1.0 / ATTITUDE_RATE, self._on_timer)
        self._at = 0.0
        self._exposed: float | None = None
        self._worker: Worker[Exposure] = Worker(self._draw, "camera")

    def expose(self, header: Header, paused: bool) -> None:
        """Capture a frame now; while `paused` the scene's time stands still, the gimbal's does not."""
        now = self._now()
        if self._exposed is not None and not paused:
            self._at += max(now - self._exposed, 0.0)
        self._exposed = now
        self._report(header)
        self._worker.offer(Exposure(header, self._at, self._gimbal.yaw, self._gimbal.pitch))

    def close(self) -> None:
        """End the thread."""
        self._worker.close(2.0)

    def _draw(self, exposure: Exposure) -> None:
        view = self._scene.look(*exposure[1:])
        shot = Shot(view.image, view.target.name, view.target.box, view.target.visible)
        try:
            self._show(exposure.header, shot)
        except Exception:  # while the program ends, publishing fails
            if self._node.context.ok():
                raise

    def _on_rate(self, message: Vector3Stamped) -> None:
        rates = Rates(message.vector.y, message.vector.z)
        if all(map(math.isfinite, rates)):
            self._gimbal.command(self._now(), rates)

    def _on_timer(self) -> None:
        self._report(Header(stamp=self._node.get_clock().now().to_msg()))

    def _report(self, header: Header) -> None:
        """Move the gimbal on to this moment, and publish its attitude."""
        self._gimbal.advance(self._now())
        message = QuaternionStamped(header=Header(stamp=header.stamp, frame_id="gimbal_frd"))
        q = message.quaternion
        q.w, q.x, q.y, q.z = self._gimbal.attitude
        self._attitudes.publish(message)

    def _now(self) -> float:
        return self._node.get_clock().now().nanoseconds * 1e-9
