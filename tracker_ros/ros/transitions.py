# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Lifecycle transitions that say why they failed. rclpy swallows what a transition callback raises."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

Wanted = Callable[[Any, LifecycleState], None]
Transition = Callable[[Any, LifecycleState], TransitionCallbackReturn]


def logged(*curable: type[Exception]) -> Callable[[Wanted], Transition]:
    """Method decorator: log the transition and what it raises.

    Args:
        curable: errors whose text tells the user what to change. The transition then fails and can
            be tried again. Anything else is logged with its traceback and leads to error processing.
    """

    def decorate(transition: Wanted) -> Transition:
        name = transition.__name__.removeprefix("on_")

        @wraps(transition)
        def run(node: Any, state: LifecycleState) -> TransitionCallbackReturn:
            try:
                transition(node, state)
            except curable as error:
                node.get_logger().error(f"{name} failed: {error}")
                return TransitionCallbackReturn.FAILURE
            except Exception:  # whatever it is, it must be seen
                node.get_logger().error(f"{name} failed:\n{traceback.format_exc()}")
                return TransitionCallbackReturn.ERROR
            node.get_logger().info(f"{name} done")
            return TransitionCallbackReturn.SUCCESS

        return run

    return decorate
