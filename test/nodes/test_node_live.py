# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Parameters of running nodes: what takes effect at once, what is refused and why, dumps, QoS overrides."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy", reason="rclpy is not installed")

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from node_helpers import (  # noqa: E402
    ACTIVATE,
    CLEANUP,
    CONFIGURE,
    DEACTIVATE,
    Client,
    Domain,
    NodeProcess,
    running_tracker,
    scene,
)
from rcl_interfaces.msg import SetParametersResult  # noqa: E402
from rcl_interfaces.srv import GetParameters, ListParameters, SetParameters  # noqa: E402
from rclpy.parameter import Parameter, parameter_value_to_python  # noqa: E402
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402

pytestmark = pytest.mark.ros
BOX = Box(100.0, 100.0, 40.0, 30.0)
PARAMETERS = {"autostart": True, "image_reliability": "reliable", "session.coast_seconds": 30.0}


def change(client: Client, values: dict[str, Any], node: str = "tracker") -> list[SetParametersResult]:
    """Ask a node to set parameters one by one, as ``ros2 param load`` does."""
    request = SetParameters.Request(
        parameters=[Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
    )
    return list(client.call(SetParameters, f"{node}/set_parameters", request).results)


def dump(client: Client, node: str = "tracker") -> dict[str, Any]:
    """All parameters of a node."""
    listed = client.call(ListParameters, f"{node}/list_parameters", ListParameters.Request()).result.names
    request = GetParameters.Request(names=listed)
    values = client.call(GetParameters, f"{node}/get_parameters", request).values
    found = [parameter_value_to_python(value) for value in values]
    return {n: list(v) if hasattr(v, "tolist") else v for n, v in zip(listed, found, strict=True)}


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """As ``ros2 param dump`` writes them: a level for each dot of a name."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        *parents, leaf = name.split(".")
        at = tree
        for parent in parents:
            at = at.setdefault(parent, {})
        at[leaf] = value
    return tree


@pytest.fixture(scope="module")
def node() -> Iterator[tuple[NodeProcess, Client]]:
    with running_tracker(PARAMETERS) as (process, client):
        client.connect(client.camera, lambda: client.image(scene(BOX)))
        yield process, client


def until(client: Client, state: int) -> TrackState:
    """Send frames until the tracker is in a state."""
    for _ in range(100):
        said = client.send(client.image(scene(BOX)))
        if said.state == state:
            return said
    raise AssertionError(f"still in state {said.state}: {said.message}")


def test_session_settings_take_effect_at_once_and_the_target_is_kept(node: Any) -> None:
    client = node[1]
    client.send(client.image(scene(BOX)))
    target = client.select(BOX).target_id
    until(client, TrackState.TRACKING)
    (done,) = change(client, {"session.keep_score": 1.0})
    assert done.successful, done.reason
    assert until(client, TrackState.COASTING).target_id == target
    (done,) = change(client, {"session.keep_score": 0.25})
    assert done.successful and until(client, TrackState.TRACKING).target_id == target


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("session.keep_score", 1.5, "session.keep_score"),
        ("session.keep_score", math.nan, "session.keep_score"),
        ("session.keep_score", "high", "Wrong parameter type"),
        ("image_transport", "theora", "must be one of raw, compressed, got 'theora'"),
        ("tracker", "edcf_mobile", "is read when the node is configured: deactivate and clean it up before"),
        ("location.depth", True, "'location.depth' is read when the node is configured"),
        ("session.coast_seconds", 1e9, "session.coast_seconds"),
        ("session.no_such_thing", 1.0, "undeclared parameter"),
        ("model", "other.ts", "read-only"),
    ],
)
def test_what_cannot_be_set_now_is_refused_with_the_reason(
    node: Any, name: str, value: Any, words: str
) -> None:
    before = dump(node[1])
    (refused,) = change(node[1], {name: value})
    assert not refused.successful and words in refused.reason, refused.reason
    assert dump(node[1]) == before


def test_a_dump_can_be_loaded_into_the_same_node_and_into_a_new_one(node: Any, tmp_path: Path) -> None:
    client = node[1]
    changed = {"session.keep_score": 0.5, "detections.start": "best", "location.height_above_ground": 30.0}
    assert all(result.successful for result in change(client, changed))
    before = dump(client)
    assert changed.items() <= before.items()
    for (name, _), result in zip(before.items(), change(client, before), strict=True):
        # What rclpy itself or the safety of the node fixes is repeated in vain, as in every node.
        assert result.successful or "read-only" in result.reason, f"{name}: {result.reason}"
    assert dump(client) == before
    file = tmp_path / "tracker.yaml"
    file.write_text(yaml.dump({"/tracker": {"ros__parameters": nested(before)}}, default_flow_style=False))
    domain = Domain()
    process = NodeProcess("tracker_ros.nodes.tracker.node", domain, arguments=("--params-file", str(file)))
    again = Client(domain)
    try:
        again.connect(again.camera, lambda: again.image(scene(BOX)))
        assert dump(again) == before
    finally:
        again.close()
        assert process.stop() == 0, process.output
        domain.close()


def test_once_it_is_cleaned_up_everything_can_be_set(node: Any) -> None:
    client = node[1]
    assert client.transition(DEACTIVATE) and client.transition(CLEANUP)
    (done,) = change(client, {"tracker": "dcf_tiny"})
    assert done.successful, done.reason
    assert client.transition(CONFIGURE) and client.transition(ACTIVATE)
    client.connect(client.camera, lambda: client.image(scene(BOX)))
    assert client.states[-1].tracker == "dcf_tiny"


def test_quality_of_service_is_overridden_as_in_every_package(domain: Domain) -> None:
    overrides = {
        "qos_overrides./tracker/state.publisher.reliability": "best_effort",
        "qos_overrides./tracker/bearing.publisher.durability": "transient_local",
        "qos_overrides./tracker/bearing.publisher.depth": 3,
        "qos_overrides./camera_info.subscription.reliability": "reliable",
        "qos_overrides./image.subscription.reliability": "reliable",
    }
    process = NodeProcess("tracker_ros.nodes.tracker.node", domain, {"autostart": True, **overrides})
    client = Client(domain)
    try:
        client.wait(lambda: "activate done" in process.output, "an active node")
        ask = client.node.get_publishers_info_by_topic, client.node.get_subscriptions_info_by_topic

        def policies(topic: str, side: int) -> Any:
            def found() -> Any:
                return next((e.qos_profile for e in ask[side](topic) if e.node_name == "tracker"), None)

            return client.wait(found, topic)

        assert policies("/tracker/state", 0).reliability == ReliabilityPolicy.BEST_EFFORT
        assert policies("/tracker/bearing", 0).durability == DurabilityPolicy.TRANSIENT_LOCAL
        assert policies("/tracker/targets", 0).reliability == ReliabilityPolicy.RELIABLE
        assert policies("/camera_info", 1).reliability == ReliabilityPolicy.RELIABLE
        assert policies("/image", 1).reliability == ReliabilityPolicy.RELIABLE
        values = dump(client)
        assert {name: values[name] for name in overrides} == overrides
    finally:
        client.close()
        assert process.stop() == 0


def test_an_override_that_is_none_is_named(domain: Domain) -> None:
    name = "qos_overrides./tracker/state.publisher.reliability"
    process = NodeProcess("tracker_ros.nodes.tracker.node", domain, {"autostart": True, name: "sometimes"})
    client = Client(domain)
    try:
        client.wait(lambda: "configure failed" in process.output, "a failure to configure")
        assert name in process.output and "sometimes" in process.output
        assert "Traceback" not in process.output
    finally:
        client.close()
        assert process.stop() == 0


def test_other_nodes_say_what_is_read_when_they_start(domain: Domain) -> None:
    process = NodeProcess("tracker_ros.nodes.diagnostics.node", domain, {"period": 30.0})
    client = Client(domain, tracker="tracker_diagnostics")
    said: list[DiagnosticArray] = []
    client.listen(DiagnosticArray, "/diagnostics", said)
    try:
        (refused,) = change(client, {"tracker_node": "other"}, "tracker_diagnostics")
        assert "is read when the node starts: start it again" in refused.reason
        (done,) = change(client, {"period": 0.1}, "tracker_diagnostics")
        assert done.successful
        client.wait(lambda: len(said) > 2, "diagnostics at the new rate", 20.0)
    finally:
        client.close()
        assert process.stop() == 0
