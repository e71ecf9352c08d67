# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A gimbal manager spoken to directly, without MAVROS: rates out, attitudes in."""

from __future__ import annotations

import time

from geometry_msgs.msg import QuaternionStamped
from rclpy.duration import Duration
from rclpy.node import Node
from std_msgs.msg import Header

from tracker_ros.gimbal.controller import Rates
from tracker_ros.gimbal.units import RATE_UNITS, convert
from tracker_ros.nodes.gimbal.receiver import MavlinkSettings, OutputError
from tracker_ros.ros import endpoints, qos

CLOSING = 2.0
"""Seconds that the end point has to give control back and close."""


class MavlinkOutput:
    """A MAVLink component of its own, on a thread of its own, which stops the gimbal when the node is stuck.

    The gimbal's attitude is published on ``~/attitude``, where the node, and who watches it, hears of it.

    Raises:
        OutputError: without pymavlink, or for an end point that is none.
    """

    def __init__(self, node: Node, settings: MavlinkSettings):
        try:
            from tracker_ros.mavlink.gimbal import Address, GimbalClient
            from tracker_ros.mavlink.link import EndPoint, Server, split_name
        except ModuleNotFoundError as missing:
            raise OutputError(f"output 'mavlink': {missing}") from missing
        own = settings.source_system, settings.source_component
        address = Address(settings.target_system, settings.target_component, *own, settings.gimbal_device_id)
        if own == address[:2]:
            raise OutputError("mavlink.source_* and mavlink.target_* name the same component")
        try:
            split_name(settings.endpoint)
        except ValueError as error:
            raise OutputError(f"parameter 'mavlink.endpoint': {error}") from error
        self._node = node
        self._attitudes = endpoints.publisher(node, QuaternionStamped, "~/attitude", qos.MEASUREMENT)
        self._client = GimbalClient(address, settings.flags, self._on_attitude, self._tell, self._rate)
        self._server = Server(self._client, lambda: EndPoint(settings.endpoint, *own), self._tell)

    def claim(self) -> None:
        """Take control of the gimbal manager."""
        self._client.claim()

    def send(self, rates: Rates) -> None:
        """Turn so fast, once control is given."""
        pitch, yaw = (convert(rate, RATE_UNITS["mavlink"]) for rate in rates)
        self._client.command(pitch, yaw, time.monotonic())

    def close(self) -> None:
        """Stop the gimbal and give control back."""
        self._client.release()
        self._server.close(CLOSING)
        self._node.destroy_publisher(self._attitudes)

    def _on_attitude(self, attitude: tuple[float, float, float, float, bool], age: float) -> None:
        if not self._node.context.ok():
            return
        stamp = self._node.get_clock().now() - Duration(nanoseconds=round(age * 1e9))
        message = QuaternionStamped(header=Header(stamp=stamp.to_msg(), frame_id="gimbal_frd"))
        q = message.quaternion
        q.w, q.x, q.y, q.z = attitude[:4]
        self._attitudes.publish(message)

    def _rate(self) -> float:
        """Return how often `send` is called, in Hz; it may change in flight."""
        rate: float = self._node.get_parameter("rate").value
        return rate

    def _tell(self, text: str) -> None:
        if self._node.context.ok():
            self._node.get_logger().warning(text)
