# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A subscription that is waited for on a thread of its own, beside the node's executor."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from threading import Thread
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.guard_condition import GuardCondition
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.qos import QoSProfile

from tracker_ros.ros import endpoints

FOREVER = -1
REPEAT_SECONDS = 5.0
"""A message that cannot be taken is logged this often."""


class Reader:
    """Calls `receive` with each message, on a thread that waits for nothing else.

    rclpy's executors set up the wait for all topics, services and timers of a node anew at each wake-up,
    which takes more time than an image that is only looked at (docs/speed.md).

    Args:
        node: the subscription is the node's, but its executor does not touch it.
        receive: what it raises is logged.
    """

    def __init__(
        self, node: Node, kind: type[Any], topic: str, receive: Callable[[Any], None], profile: QoSProfile
    ):
        self._node, self._receive = node, receive
        self._subscription = endpoints.subscription(
            node, kind, topic, receive, profile, callback_group=_NotExecuted()
        )
        self._end = GuardCondition(None, None, context=node.context)
        self._closed = False
        self._thread = Thread(target=self._run, name="reader", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Unsubscribe; `receive` is not called any more. Not to be called by `receive`."""
        self._closed = True
        self._end.trigger()
        self._thread.join()
        self._end.destroy()
        self._node.destroy_subscription(self._subscription)

    def _run(self) -> None:
        context, messages = self._node.context.handle, self._subscription.handle
        assert context is not None
        with context, messages, self._end.handle:
            # As `rclpy.wait_for_message` does; the counts are of subscriptions and guard conditions.
            waiting = rclpy_implementation.WaitSet(1, 1, 0, 0, 0, 0, context)
            while not self._closed:
                waiting.clear_entities()
                waiting.add_subscription(messages)
                waiting.add_guard_condition(self._end.handle)
                waiting.wait(FOREVER)
                if not self._closed:
                    self._take()

    def _take(self) -> None:
        try:
            taken = self._subscription.handle.take_message(self._subscription.msg_type, False)
            if taken is not None:
                self._receive(taken[0])
        except Exception:  # the thread must live on; a message may not be what its type says
            if self._node.context.ok():
                self._node.get_logger().error(traceback.format_exc(), throttle_duration_sec=REPEAT_SECONDS)


class _NotExecuted(CallbackGroup):
    """A callback group whose callbacks no executor runs."""

    def can_execute(self, entity: object) -> bool:
        return False

    def beginning_execution(self, entity: object) -> bool:
        return False

    def ending_execution(self, entity: object) -> None:
        pass
