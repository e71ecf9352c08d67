# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A bond with a lifecycle manager such as nav2's: each of the two notices when the other is gone."""

from __future__ import annotations

from inspect import signature
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node

TOPIC, PERIOD, TIMEOUT = "bond", 0.1, 4.0
"""Topic of nav2's manager, seconds between heartbeats (its own: 0.1 or 0.25), and of silence until the end.

Either side goes by its own values; the manager gives a node half of its ``bond_timeout`` to answer (2 s).
"""
LAST_WORD = 0.5
"""Seconds in which the manager has to have heard that the node ends the bond."""
DISABLED = "/bond_disable_heartbeat_timeout"
"""Name of the parameter with which bondpy lets a bond live on in silence."""


class Bond:
    """The node's end of a bond, where the package bondpy is installed; nothing where it is not.

    Without a bond nav2's lifecycle manager takes an active node for one that failed, unless its parameter
    ``bond_timeout`` is 0.
    """

    def __init__(self, node: Node):
        self._node = node
        self._bond: Any = None
        self._formed = False

    def form(self) -> None:
        """Offer the manager a bond with the node's name. One that nobody answers ends by itself."""
        try:
            from bondpy.bondpy import Bond as End
        except ImportError:
            return
        self.end()
        self._formed = False
        # bondpy declares it anew whenever a bond falls silent, and the second time that would be an error.
        if self._node.has_parameter(DISABLED):
            self._node.undeclare_parameter(DISABLED)
        # Versions of bondpy differ in the order of these and in one name.
        name = "bond_id" if "bond_id" in signature(End).parameters else "id"
        who = {"node": self._node, "topic": TOPIC, name: self._node.get_name()}
        bond = End(**who, on_broken=self._on_broken, on_formed=self._on_formed)
        bond.heartbeat_period, bond.heartbeat_timeout = PERIOD, TIMEOUT
        bond.start()
        self._bond = bond

    def end(self) -> None:
        """Inform the manager that the node ends the bond, if there is one."""
        bond, self._bond = self._bond, None
        if bond is None:
            return
        # Not `shutdown`: it destroys its endpoints beside the node, and the executor ends when it meets them.
        with bond.lock:
            if self._node.context.ok():  # else nothing can be published: the manager misses the heartbeats
                bond.break_bond()
                # A publisher that is destroyed at once takes its last message with it.
                bond.pub.wait_for_all_acked(Duration(seconds=LAST_WORD))
            bond.is_shutdown = True
            bond.condition.notify_all()
            bond.connect_timer.cancel()
        self._node.destroy_subscription(bond.sub)
        self._node.destroy_publisher(bond.pub)

    def _on_formed(self) -> None:
        self._formed = True
        self._node.get_logger().info("the lifecycle manager is bonded with this node")

    def _on_broken(self) -> None:
        # Of a bond that this node ended itself there is nothing to tell.
        if self._bond is None or not self._node.context.ok():
            return
        if self._formed:
            text = "the lifecycle manager is gone: this node goes on, and nobody manages it"
        else:
            text = f"no lifecycle manager answered on {self._node.resolve_topic_name(TOPIC)}"
        self._node.get_logger().warning(text)
