# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The interface of bondpy's Bond as far as it is used, and what it does with each message.

A bond/Status is here a std_msgs/String with the same fields in JSON: id, instance_id, active,
heartbeat_timeout, heartbeat_period.
"""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Callable
from typing import Any

from std_msgs.msg import String


class Bond:
    """Says that it is alive each period until it is broken; the other end has to say so too."""

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
        self._instance, self._sister = str(uuid.uuid4()), ""
        self._on_broken, self._on_formed = on_broken, on_formed
        self.pub = node.create_publisher(String, topic, 1)
        self.is_shutdown = False
        self.lock = threading.RLock()
        self.condition = threading.Condition(self.lock)
        self.connect_timer = threading.Timer(float(os.environ.get("BOND_CONNECT", "60")), self._die)
        self.connect_timer.daemon = True
        self._silence = threading.Timer(0.0, lambda: None)
        self._state = "waiting"

    def start(self) -> None:
        assert (self.heartbeat_period, self.heartbeat_timeout) == (0.1, 4.0), "what nav2's manager meets"
        self.sub = self._node.create_subscription(String, self._topic, self._hear, 1)
        self.connect_timer.start()
        threading.Thread(target=self._beat, daemon=True).start()

    def break_bond(self) -> None:
        self._die()
        self._publish(False)

    def shutdown(self) -> None:
        """Do what the real one does, which ends the node's executor."""
        self.break_bond()
        self.sub.destroy()
        self.pub.destroy()

    def _publish(self, active: bool) -> None:
        times = {"heartbeat_timeout": self.heartbeat_timeout, "heartbeat_period": self.heartbeat_period}
        status = {"id": self._id, "instance_id": self._instance, "active": active, **times}
        self.pub.publish(String(data=json.dumps(status)))

    def _beat(self) -> None:
        with self.lock:
            while not self.is_shutdown and self._state != "dead":
                self._publish(True)
                self.condition.wait(self.heartbeat_period)

    def _hear(self, message: String) -> None:
        status = json.loads(message.data)
        if status["id"] != self._id or status["instance_id"] == self._instance:
            return
        self._sister = self._sister or status["instance_id"]
        if status["instance_id"] != self._sister:
            self._node.get_logger().error("More than two locations are trying to use a single bond")
        elif not status["active"]:
            self._connect()  # as the real one: an end that dies has been there
            self._die()
            self._publish(False)
        elif self._state == "waiting":
            self._connect()
        elif self._state == "formed":
            self._listen()  # as the real one: from the second heartbeat on

    def _connect(self) -> None:
        if self._state == "waiting":
            self._state = "formed"
            self.connect_timer.cancel()
            self._call(self._on_formed)

    def _listen(self) -> None:
        """Start to wait for the next heartbeat."""
        self._silence.cancel()
        self._silence = threading.Timer(float(os.environ.get("BOND_SILENCE", "60")), self._on_silence)
        self._silence.daemon = True
        self._silence.start()

    def _on_silence(self) -> None:
        # As the real one: it declares the parameter each time.
        if not self._node.declare_parameter("/bond_disable_heartbeat_timeout", False).value:
            self._die()

    def _die(self) -> None:
        self._silence.cancel()
        if self._state != "dead":
            self._state = "dead"
            self._call(self._on_broken)

    @staticmethod
    def _call(what: Callable[[], None] | None) -> None:
        if what is not None:
            what()
