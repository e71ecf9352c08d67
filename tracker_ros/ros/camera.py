# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The camera's images, as every node that looks at them receives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from tracker_ros.ros import qos
from tracker_ros.ros.compat import image_topic


def subscribe_to_images(node: Node, receive: Callable[[Any], None], transport: str,
                        reliability: str = "best_effort") -> Subscription:
    """Receive the newest Image ('raw') or CompressedImage ('compressed') of the node's camera.

    Args:
        transport: 'raw' or 'compressed'; it also tells the topic (`image_topic`).
        reliability: a key of `qos.RELIABILITIES`.
    """
    kind = CompressedImage if transport == "compressed" else Image
    return node.create_subscription(kind, image_topic(node, transport), receive, qos.camera(reliability))
