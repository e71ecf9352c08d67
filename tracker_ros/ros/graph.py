# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Find publishers and subscribers of a topic: incompatible quality of service, and one too many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rclpy.node import Node, NodeNameNonExistentError
from rclpy.qos import QoSCompatibility, qos_check_compatible


def mismatches(node: Node, topics: Iterable[str]) -> list[str]:
    """Return a sentence for each publisher and subscription of these topics that cannot be connected."""
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


def duplicates(node: Node, name: str, topics: Iterable[str]) -> list[str]:
    """Return a sentence for each of these topics that several publishers share, and for a name of two nodes.

    Whoever listens would hear a mixture of them. A process that was killed counts until the middleware
    misses it, which takes some twenty seconds.

    Args:
        node: to ask the graph with.
        name: fully qualified, of a node that should be the only one.
        topics: fully qualified, with one publisher each.
    """
    full = [f"{space.rstrip('/')}/{own}" for own, space in node.get_node_names_and_namespaces()]
    found = []
    if (count := full.count(name)) > 1:
        found.append(f"{count} nodes are called {name}: stop all but one, or give each its namespace")
    for topic in topics:
        publishers = sorted(map(_name, node.get_publishers_info_by_topic(topic)))
        if len(publishers) > 1:
            found.append(
                f"{topic} has {len(publishers)} publishers, {', '.join(publishers)}: stop all but one"
            )
    return found


def managers(node: Node, name: str) -> list[str]:
    """Name the nodes that can ask a node for lifecycle transitions: its managers.

    Args:
        node: to ask the graph with.
        name: fully qualified, of a lifecycle node.
    """
    service, found = f"{name}/change_state", []
    for own, space in node.get_node_names_and_namespaces():
        try:
            asked = node.get_client_names_and_types_by_node(own, space)
        except NodeNameNonExistentError:  # it went away just now
            continue
        if any(client == service for client, _ in asked):
            found.append(f"{space.rstrip('/')}/{own}")
    return sorted(found)


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
