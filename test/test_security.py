# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The SROS2 policy against the live graph, and that what can be steered is bound to this machine alone."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed")

from geometry_msgs.msg import PointStamped  # noqa: E402
from node_helpers import REPOSITORY, Domain  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

from tracker_ros.nodes.click.node import ClickNode  # noqa: E402
from tracker_ros.nodes.diagnostics.node import DiagnosticsNode  # noqa: E402
from tracker_ros.nodes.gimbal.node import GimbalNode  # noqa: E402
from tracker_ros.nodes.mavlink.node import MavlinkNode  # noqa: E402
from tracker_ros.nodes.selector.node import SelectorNode  # noqa: E402
from tracker_ros.nodes.sim_camera.node import SimCameraNode  # noqa: E402
from tracker_ros.nodes.tracker.node import TrackerNode  # noqa: E402
from tracker_ros.ros.qos import PICTURE  # noqa: E402

POLICY = REPOSITORY / "security" / "uav_tracking.policy.xml"
KINDS = (TrackerNode, DiagnosticsNode, SimCameraNode, GimbalNode, MavlinkNode, SelectorNode, ClickNode)
# What a node uses only in another configuration: simulated time, JPEG images, depth, a manager with bonds.
SOMETIMES = {"/clock", "/image/compressed", "/depth", "/bond"}
ALSO_SOMETIMES = {
    "gimbal": {"/gimbal/attitude"},  # published with output: mavlink
    "mavlink": {"/tracker/target3d"},  # an origin on the earth
    "selector": {"/image", "/tracker/response"},  # an open page
    "sim_camera": {"/gimbal/attitude", "/gimbal/rate"},
}  # the chase, filmed by a gimbal
LISTENING, LOOPBACK = "0A", "0100007F"  # as /proc/net/tcp writes the state, and 127.0.0.1
Rules = dict[str, set[str]]


def policy() -> dict[str, Rules]:
    """The names that each node's profile allows, resolved, by what is done with them."""
    allowed: dict[str, Rules] = {}
    for profile in ElementTree.parse(POLICY).getroot().iter("profile"):
        node, namespace = profile.attrib["node"], profile.attrib["ns"].rstrip("/")
        rules: Rules = {"publish": set(), "subscribe": set(), "reply": set(), "request": set()}
        for group in profile:
            (action,) = group.attrib
            assert group.attrib[action] == "ALLOW"
            for expression in group:
                name = str(expression.text).replace("~", f"{namespace}/{node}")
                rules[action].add(name if name.startswith("/") else f"{namespace}/{name}")
        allowed[node] = rules
    return allowed


def graph(observer: Node, name: str) -> Rules:
    """What the live graph says that a node does."""
    asked = {
        "publish": observer.get_publisher_names_and_types_by_node,
        "subscribe": observer.get_subscriber_names_and_types_by_node,
        "reply": observer.get_service_names_and_types_by_node,
        "request": observer.get_client_names_and_types_by_node,
    }
    return {action: {topic for topic, _ in ask(name, "/")} for action, ask in asked.items()}


@pytest.fixture(scope="module")
def live() -> Iterator[dict[str, Rules]]:
    """The graph of all nodes at work, once it has everything that the policy allows, or after a while."""
    domain = Domain()
    given = ["--ros-args", "-p", "width:=64", "-p", "height:=64", "-p", "port:=0",
             "-p", "endpoint:=udpout:127.0.0.1:9"]  # fmt: skip
    rclpy.init(args=given, domain_id=domain.number)
    executor, made = SingleThreadedExecutor(), []
    try:
        nodes: list[Any] = [kind() for kind in KINDS]
        observer = rclpy.create_node("observer")
        made = [*nodes, observer]
        for node in made:
            executor.add_node(node)
        for node in nodes:
            if hasattr(node, "trigger_configure"):
                node.trigger_configure()
                node.trigger_activate()
        for name in ("overlay", "response_image"):
            observer.create_subscription(Image, f"tracker_diagnostics/{name}", lambda image: None, PICTURE)
        observer.create_publisher(PointStamped, "clicked_point", 1)
        found: dict[str, Rules] = {node.get_name(): {} for node in nodes}
        end = time.monotonic() + 20
        while time.monotonic() < end:
            executor.spin_once(timeout_sec=0.05)
            for name, rules in found.items():  # some subscriptions end when they have what they need
                for action, topics in graph(observer, name).items():
                    rules.setdefault(action, set()).update(topics)
            if not unused(found):
                break
        yield found
    finally:
        for node in made:
            getattr(node, "close", lambda: None)()
            node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()
        domain.close()


def unused(found: dict[str, Rules]) -> dict[str, Rules]:
    """What the policy allows to these nodes and they do not do, whatever the configuration."""
    left: dict[str, Rules] = {}
    for name, rules in found.items():
        spare = SOMETIMES | ALSO_SOMETIMES.get(name, set())
        idle = {action: policy()[name][action] - rules[action] - spare for action in rules}
        if any(idle.values()):
            left[name] = idle
    return left


@pytest.mark.ros
def test_the_policy_allows_what_the_nodes_do_and_nothing_else(live: dict[str, Rules]) -> None:
    beyond = {
        name: {action: rules[action] - policy()[name][action] for action in rules}
        for name, rules in live.items()
    }
    assert not any(any(rules.values()) for rules in beyond.values()), beyond
    assert unused(live) == {}


@pytest.mark.ros
def test_the_operator_of_the_policy_meets_the_nodes(live: dict[str, Rules]) -> None:
    operator = policy()["operator"]
    assert set(policy()) == {*live, "operator"}
    offered = {action: set().union(*(rules[action] for rules in live.values())) for action in operator}
    assert operator["request"] <= offered["reply"]
    assert operator["subscribe"] - SOMETIMES <= offered["publish"]
    assert operator["publish"] - {"/rosout", "/parameter_events"} <= offered["subscribe"]


@pytest.mark.ros
def test_what_listens_is_bound_to_this_machine(live: dict[str, Rules]) -> None:
    """All nodes run in this process: only who is on this machine can connect to it, as the page's viewer."""
    del live
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    mine = {str(link)[8:-1] for link in links if str(link).startswith("socket:[")}
    addresses = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and fields[9] in mine:
                addresses.append(fields[1].rpartition(":")[0])
    assert set(addresses) == {LOOPBACK}
