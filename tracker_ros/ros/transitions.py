# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Lifecycle nodes whose transitions say why they failed. rclpy swallows what a transition callback raises."""

from __future__ import annotations

import traceback
from abc import abstractmethod
from collections.abc import Callable
from functools import wraps
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile

from tracker_ros.ros import endpoints
from tracker_ros.ros.bond import Bond
from tracker_ros.ros.compat import steady_clock
from tracker_ros.ros.parameters import ParameterError

Wanted = Callable[[Any, LifecycleState], None]
Transition = Callable[[Any, LifecycleState], TransitionCallbackReturn]


def how_to_activate(name: str, configured: bool) -> str:
    """Describe a lifecycle node of this name that is not active, with the commands that activate it."""
    command = f"ros2 lifecycle set {name}"
    if configured:
        return f"inactive: {command} activate"
    return f"not configured: {command} configure, then {command} activate"


def logged(*recoverable: type[Exception]) -> Callable[[Wanted], Transition]:
    """Decorate a method: log the transition and its errors.

    Args:
        recoverable: errors whose text tells the user what to change. The transition then fails and can
            be tried again. Anything else is logged with its traceback and leads to error processing.
    """

    def decorate(transition: Wanted) -> Transition:
        name = transition.__name__.removeprefix("on_")

        @wraps(transition)
        def run(node: Any, state: LifecycleState) -> TransitionCallbackReturn:
            try:
                transition(node, state)
            except recoverable as error:
                node.get_logger().error(f"{name} failed: {error}")
                return TransitionCallbackReturn.FAILURE
            except Exception:  # whatever it is, it must be seen
                if not node.context.ok():
                    # Another part of the program shut ROS down: what the transition was about to use is gone.
                    node.get_logger().info(f"{name} was interrupted")
                    return TransitionCallbackReturn.FAILURE
                node.get_logger().error(f"{name} failed:\n{traceback.format_exc()}")
                return TransitionCallbackReturn.ERROR
            node.get_logger().info(f"{name} done")
            return TransitionCallbackReturn.SUCCESS

        return run

    return decorate


class ManagedNode(LifecycleNode):
    """A lifecycle node that lets go of everything on every way out, and can start without a manager.

    With a manager it has a bond while it is active.
    """

    def __init__(self, name: str):
        super().__init__(name)
        self._bond = Bond(self)
        self._subscribed: list[Any] = []

    def subscribe(self, kind: Any, topic: str, receive: Callable[[Any], None], profile: QoSProfile) -> None:
        """Receive messages until the node is no longer active; for `begin`.

        Raises:
            ParameterError: as `endpoints.publisher` does.
        """
        self._subscribed.append(endpoints.subscription(self, kind, topic, receive, profile))

    def start_if_asked(self) -> None:
        """Configure and activate as soon as the executor runs, if the parameter ``autostart`` says so."""
        if self.get_parameter("autostart").value:
            self._starter = self.create_timer(0.0, self._autostart, clock=steady_clock())

    def _autostart(self) -> None:
        self.destroy_timer(self._starter)
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    @logged(ParameterError)
    def on_activate(self, state: LifecycleState) -> None:
        """Work from now on; an activation that fails leaves nothing at work."""
        try:
            super().on_activate(state)
            self.begin()
            if not self.get_parameter("autostart").value:
                self._bond.form()
        except Exception:
            self._end(state)
            raise

    @logged()
    def on_deactivate(self, state: LifecycleState) -> None:
        """Stop working."""
        self._end(state)

    def _end(self, state: LifecycleState) -> None:
        self._disconnect()
        self.halt()
        super().on_deactivate(state)

    def _disconnect(self) -> None:
        """End the bond and the subscriptions."""
        self._bond.end()
        while self._subscribed:
            self.destroy_subscription(self._subscribed.pop())

    @logged()
    def on_cleanup(self, state: LifecycleState) -> None:
        """Release what configuration made."""
        self.release()

    @logged()
    def on_shutdown(self, state: LifecycleState) -> None:
        """Stop from any state."""
        self._disconnect()
        self.release()

    @logged()
    def on_error(self, state: LifecycleState) -> None:
        """Back to the unconfigured state after a transition that broke."""
        self._disconnect()
        self.release()

    def close(self) -> None:
        """End what does not end with the node, before the process ends."""
        self._disconnect()

    @abstractmethod
    def begin(self) -> None:
        """Start working.

        Raises:
            ParameterError: for what the user can mend; the node stays inactive.
        """

    @abstractmethod
    def halt(self) -> None:
        """Undo `begin`, also half of it; nothing to do where the node is not active."""

    @abstractmethod
    def release(self) -> None:
        """Halt and undo the configuration, also half of one; nothing to do where there is none."""
