# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Who publishes and subscribes to a topic, and whose quality of service does not fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, qos_check_compatible


def mismatches(node: Node, topics: Iterable[str]) -> list[str]:
    """A sentence for each publisher and subscription of these topics that cannot be connected."""
    found = []
    for topic in topics:
        for publisher in node.get_publishers_info_by_topic(topic):
            for subscriber in node.get_subscriptions_info_by_topic(topic):
                verdict, why = qos_check_compatible(publisher.qos_profile, subscriber.qos_profile)
                if verdict == QoSCompatibility.ERROR:
                    found.append(
                        f"{topic}: {_name(subscriber)} cannot receive from {_name(publisher)}: "
                        + why.strip().rstrip(";")
                    )
    return found


def image_topics(node: Node) -> list[str]:
    """List the topics on which images are published, raw or compressed, in alphabetical order."""
    kinds = {"sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"}
    return sorted(
        name
        for name, types in node.get_topic_names_and_types()
        if kinds & set(types) and node.count_publishers(name)
    )


def elsewhere(node: Node, topic: str) -> str:
    """Name the other topics on which images are published, for a sentence about the silence of `topic`."""
    others = [name for name in image_topics(node) if name != topic]
    return f"; images are on {', '.join(others)}" if others else ""


def _name(endpoint: Any) -> str:
    return f"{endpoint.node_namespace.rstrip('/')}/{endpoint.node_name}"
