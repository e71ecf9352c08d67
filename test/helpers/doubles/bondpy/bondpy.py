# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The interface of bondpy's Bond as far as it is used. Its messages are std_msgs/String: "a alive node"."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from std_msgs.msg import String


class Bond:
    """Says "alive" each period until it is broken, then "dead"; hears the manager do the same."""

    def __init__(
        self,
        node: Any,
        topic: str,
        bond_id: str,
        on_broken: Callable[[], None] | None = None,
        on_formed: Callable[[], None] | None = None,
    ):
        self.heartbeat_period = self.heartbeat_timeout = 0.0
        self._topic, self._id, self._node = topic, bond_id, node
        self._on_broken, self._on_formed = on_broken, on_formed
        self.pub = node.create_publisher(String, topic, 1)
        self.is_shutdown = False
        self.lock = threading.RLock()
        self.condition = threading.Condition(self.lock)
        self.connect_timer = threading.Timer(60.0, lambda: None)
        self._state = "waiting"

    def start(self) -> None:
        assert (self.heartbeat_period, self.heartbeat_timeout) == (0.1, 4.0), "as nav2's own nodes"
        self.sub = self._node.create_subscription(String, self._topic, self._hear, 1)
        threading.Thread(target=self._beat, daemon=True).start()

    def break_bond(self) -> None:
        self._state = "dead"
        self.pub.publish(String(data=f"{self._id} dead node"))
        if self._on_broken is not None:
            self._on_broken()

    def shutdown(self) -> None:
        """Do what the real one does, which ends the node's executor."""
        self.break_bond()
        self.sub.destroy()
        self.pub.destroy()

    def _beat(self) -> None:
        with self.lock:
            while not self.is_shutdown and self._state != "dead":
                self.pub.publish(String(data=f"{self._id} alive node"))
                self.condition.wait(self.heartbeat_period)

    def _hear(self, message: String) -> None:
        about, part, side = message.data.split()
        if (about, side) != (self._id, "manager"):
            return
        if part == "alive" and self._state == "waiting" and self._on_formed is not None:
            self._state = "formed"
            self._on_formed()
        elif part == "dead" and self._state != "dead" and self._on_broken is not None:
            self._state = "dead"
            self._on_broken()
