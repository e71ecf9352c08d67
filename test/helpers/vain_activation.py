# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Activates a node three times and prints, as one line of JSON each, what is at work after the attempt.

Its arguments are MODULE:CLASS and, for an activation whose last step fails, ``bond``, or breaks, ``fault``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from importlib import import_module
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.utilities import remove_ros_args

from tracker_ros.ros.bond import Bond
from tracker_ros.ros.parameters import ParameterError


def refuse(bond: Bond) -> None:
    raise ParameterError("no bond")


def fall_over(bond: Bond) -> None:
    raise RuntimeError("a fault of ours, or of rcl")


def at_work(node: Any) -> dict[str, Any]:
    """The node's state, and all that could act on its own or be heard."""
    return {
        "state": node._state_machine.current_state[1],
        "timers": len(list(node.timers)),
        "subscriptions": sorted(subscription.topic_name for subscription in node.subscriptions),
        "publishers": sorted(publisher.topic_name for publisher in node.publishers),
        "audible": sum(entity.is_activated for entity in node._managed_entities),
        "threads": sorted(thread.name for thread in threading.enumerate()),
    }


def main() -> None:
    rclpy.init()
    place, *broken = remove_ros_args(sys.argv)[1:]
    module, _, name = place.partition(":")
    if broken:
        Bond.form = {"bond": refuse, "fault": fall_over}[broken[0]]  # type: ignore[method-assign]
    node = getattr(import_module(module), name)()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    print(json.dumps(at_work(node)))
    for _ in range(3):
        if node._state_machine.current_state[1] == "unconfigured":
            node.trigger_configure()
            configured = at_work(node)
        if node._state_machine.current_state[1] == "inactive":
            print(json.dumps(configured))
            node.trigger_activate()
        for _ in range(5):
            executor.spin_once(timeout_sec=0.05)  # ends with an error where a timer outlived what it uses
        print(json.dumps(at_work(node)))
    if node._state_machine.current_state[1] == "inactive":
        node.trigger_cleanup()
    print(json.dumps(at_work(node)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
