# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Publishers and subscriptions whose quality of service users may override, as in every ROS 2 package.

With ``qos_overrides./TOPIC.publisher.reliability`` and its like (history, depth, durability; subscription).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSPolicyKind, QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription

from tracker_ros.ros.parameters import ParameterError, given_parameters

_POLICIES = (
    QoSPolicyKind.HISTORY,
    QoSPolicyKind.DEPTH,
    QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DURABILITY,
)


def publisher(node: Node, kind: Any, topic: str, profile: QoSProfile) -> Publisher:
    """Create a publisher.

    Raises:
        ParameterError: for an override that is no such policy's value.
    """
    with _named(node, topic, "publisher"):
        # rclpy writes the overrides into the profile that it is given.
        return node.create_publisher(kind, topic, copy(profile), qos_overriding_options=_options())


def lifecycle_publisher(node: LifecycleNode, kind: Any, topic: str, profile: QoSProfile) -> Any:
    """Create a publisher that is silent while its node is not active; raise as `publisher` does."""
    with _named(node, topic, "publisher"):
        return node.create_lifecycle_publisher(kind, topic, copy(profile), qos_overriding_options=_options())


def subscription(
    node: Node, kind: Any, topic: str, receive: Callable[[Any], None], profile: QoSProfile, **more: Any
) -> Subscription:
    """Create a subscription; raise as `publisher` does. `more` is for `Node.create_subscription`."""
    with _named(node, topic, "subscription"):
        return node.create_subscription(
            kind, topic, receive, copy(profile), qos_overriding_options=_options(), **more
        )


def _options() -> QoSOverridingOptions:
    return QoSOverridingOptions(_POLICIES)


@contextmanager
def _named(node: Node, topic: str, side: str) -> Iterator[None]:
    """Name the override that rclpy cannot use."""
    prefix = f"qos_overrides.{node.resolve_topic_name(topic)}.{side}."
    try:
        yield
    except Exception as error:  # rclpy raises whatever its enumerations and setters do
        given = [name for name in given_parameters(node) if name.startswith(prefix)]
        if not given:
            raise
        raise ParameterError(f"parameters {', '.join(given)}: {error}") from error
