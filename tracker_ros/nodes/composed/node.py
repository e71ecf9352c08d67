# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Several nodes in one process, on one executor: ``composed_node tracker sim_camera --ros-args ...``.

docs/nodes.md says what that saves and what not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module

from rclpy.node import Node

from tracker_ros.ros.compat import run_programs

NODES = {
    "tracker": "TrackerNode",
    "diagnostics": "DiagnosticsNode",
    "sim_camera": "SimCameraNode",
    "gimbal": "GimbalNode",
    "mavlink": "MavlinkNode",
    "selector": "SelectorNode",
    "click": "ClickNode",
}
"""By the names of their folders: the classes."""


def make(name: str) -> Node:
    """Build a node of `NODES`; only then its libraries are loaded."""
    node = getattr(import_module(f"tracker_ros.nodes.{name}.node"), NODES[name])()
    assert isinstance(node, Node)
    return node


def main(args: Sequence[str] | None = None) -> int:
    """Run the nodes that are named before ``--ros-args``."""
    words = list(sys.argv[1:] if args is None else args)
    end = words.index("--ros-args") if "--ros-args" in words else len(words)
    parser = argparse.ArgumentParser("composed_node", description="Run several nodes in one process.")
    parser.add_argument("nodes", nargs="+", choices=NODES, metavar="NODE", help=", ".join(NODES))
    names = parser.parse_args(words[:end]).nodes
    if len(set(names)) < len(names):
        parser.error("a node is named twice: give each process its own")
    makes: list[Callable[[], Node]] = [partial(make, name) for name in names]
    return run_programs(makes, args)


if __name__ == "__main__":
    raise SystemExit(main())
