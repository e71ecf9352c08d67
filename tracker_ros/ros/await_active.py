# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A program that waits until lifecycle nodes are active and then becomes another program, such as a player.

    python3 -m tracker_ros.ros.await_active /tracker -- ros2 bag play flight

So the first seconds of a bag are not played to nodes that still load their model.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

import rclpy
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.node import Node

from tracker_ros.ros.context import end_ros, start_ros

TIMEOUT = 600.0
"""Seconds after which nobody activates the nodes any more."""
_ANSWER = 1.0
"""Seconds that an answer may take; a node that loads its model gives none."""


def await_active(node: Node, names: Sequence[str], seconds: float = TIMEOUT) -> None:
    """Spin `node` until all nodes of these names are active.

    Raises:
        TimeoutError: when one is not active in time. The message names it.
    """
    end = time.monotonic() + seconds
    for name in names:
        client: Any = node.create_client(GetState, f"{name}/get_state")
        while not _is_active(node, client):
            if time.monotonic() > end:
                raise TimeoutError(f"{name} is not active after {seconds:g} s: nothing is played")
        node.destroy_client(client)


def _is_active(node: Node, client: Any) -> bool:
    """Ask once, waiting a second for the service and another for its answer."""
    if not client.wait_for_service(timeout_sec=_ANSWER):
        return False
    asked = client.call_async(GetState.Request())
    rclpy.spin_until_future_complete(node, asked, timeout_sec=_ANSWER)
    if not asked.done():
        client.remove_pending_request(asked)
        return False
    if asked.result().current_state.id == State.PRIMARY_STATE_ACTIVE:
        return True
    time.sleep(0.05)
    return False


def main(args: Sequence[str] | None = None) -> int:
    """Wait, then become the command; return 1 when the wait was in vain, 0 when it was interrupted."""
    words = list(sys.argv[1:] if args is None else args)
    names, command = words[: words.index("--")], words[words.index("--") + 1 :]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    start_ros([])
    try:
        node = rclpy.create_node("player_waits")
        await_active(node, names)
        node.destroy_node()
    except TimeoutError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        end_ros()
    os.execvp(command[0], command)


if __name__ == "__main__":
    raise SystemExit(main())
