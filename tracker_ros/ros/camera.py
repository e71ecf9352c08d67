# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The camera's images, as every node that looks at them receives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from tracker_ros.ros import endpoints, qos
from tracker_ros.ros.compat import image_topic
from tracker_ros.ros.reader import Reader


def subscribe_to_images(
    node: Node, receive: Callable[[Any], None], transport: str, reliability: str = "best_effort"
) -> Subscription:
    """Receive the newest Image ('raw') or CompressedImage ('compressed') of the node's camera.

    Args:
        transport: 'raw' or 'compressed'; it also tells the topic (`image_topic`).
        reliability: a key of `qos.RELIABILITIES`.
    """
    return endpoints.subscription(
        node, image_type(transport), image_topic(node, transport), receive, qos.camera(reliability)
    )


def read_images(node: Node, receive: Callable[[Any], None], transport: str, reliability: str) -> Reader:
    """Subscribe as `subscribe_to_images` does, but call `receive` on a thread of its own."""
    return Reader(node, image_type(transport), image_topic(node, transport), receive, qos.camera(reliability))


def image_type(transport: str) -> type[Any]:
    """Return the message of a transport, 'raw' or 'compressed'."""
    return CompressedImage if transport == "compressed" else Image
