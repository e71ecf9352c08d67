# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A managed node and its lifecycle manager: the bond, and who is said to manage it.

The bond is a double of bondpy in the node's process: the package is on no index.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from node_helpers import (  # noqa: E402
    ACTIVATE,
    CONFIGURE,
    DEACTIVATE,
    REPOSITORY,
    Client,
    Domain,
    NodeProcess,
)
from std_msgs.msg import String  # noqa: E402

pytestmark = pytest.mark.ros
NODE = "tracker_ros.nodes.gimbal.node"
WITH_BOND = {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'test' / 'helpers' / 'doubles'}"}


class Manager:
    """The other end of the bond of one node, and a client that asks for transitions."""

    def __init__(self, domain: Domain):
        self.client = Client(domain, tracker="gimbal")
        self.heard: list[String] = []
        self.client.listen(String, "bond", self.heard)
        self.instance = "manager"
        self._bond = self.client.node.create_publisher(String, "bond", 1)
        self._domain, self._processes = domain, list[NodeProcess]()

    def run(
        self, parameters: dict[str, bool] | None = None, bond: bool = True, **seconds: float
    ) -> NodeProcess:
        """A gimbal node, with or without bondpy; a bond ends after `silence` or `connect` seconds."""
        times = {f"BOND_{name.upper()}": str(value) for name, value in seconds.items()}
        environment = {**WITH_BOND, **times} if bond else None
        process = NodeProcess(NODE, self._domain, parameters, environment=environment)
        self._processes.append(process)
        return process

    def close(self) -> None:
        self.client.close()
        for process in self._processes:
            assert process.stop() == 0 and "Traceback" not in process.output, process.output

    def start(self) -> None:
        assert self.client.transition(CONFIGURE) and self.client.transition(ACTIVATE)

    def say(self, active: bool, until: str, process: NodeProcess) -> None:
        """Repeat a status as nav2's manager does until the node has logged what it makes of it."""
        status = {"id": "gimbal", "instance_id": self.instance, "active": active,
                  "heartbeat_timeout": 4.0, "heartbeat_period": 0.25}  # fmt: skip
        before = process.output.count(until)

        def logged() -> bool:
            self._bond.publish(String(data=json.dumps(status)))
            return process.output.count(until) > before

        self.client.wait(logged, until)
        logged()  # bondpy notices silence only after a second heartbeat

    def newest(self) -> dict[str, Any]:
        """The newest status of the node's end."""
        said = (json.loads(message.data) for message in reversed(self.heard))
        return next((status for status in said if status["instance_id"] != self.instance), {"active": None})

    def wait_for(self, active: bool) -> dict[str, Any]:
        self.heard.clear()
        self.client.wait(lambda: self.newest()["active"] is active, f"the node to be {active=}")
        return self.newest()


@pytest.fixture
def manager(domain: Domain) -> Iterator[Manager]:
    made = Manager(domain)
    yield made
    made.close()


def test_an_active_node_is_bonded_under_its_name_until_it_is_deactivated(manager: Manager) -> None:
    process = manager.run()
    manager.start()
    said = manager.wait_for(True)
    assert (said["id"], said["heartbeat_timeout"], said["heartbeat_period"]) == ("gimbal", 4.0, 0.1)
    manager.say(True, "the lifecycle manager is bonded with this node", process)
    assert manager.client.transition(DEACTIVATE)
    manager.client.wait(lambda: manager.newest()["active"] is False, "the end of the bond")
    assert manager.client.transition(ACTIVATE)
    # The manager makes a new end of its bond with each activation, and so does the node.
    assert manager.wait_for(True)["instance_id"] != said["instance_id"]
    assert "is gone" not in process.output, process.output


def test_a_node_goes_on_without_its_manager_and_says_so(manager: Manager) -> None:
    process = manager.run()
    manager.start()
    manager.say(True, "bonded", process)
    manager.say(False, "the lifecycle manager is gone: this node goes on", process)
    assert manager.client.lifecycle() == "active"


def test_a_manager_that_falls_silent_is_noticed_each_time(manager: Manager) -> None:
    """bondpy declares a parameter whenever that happens, which a node can do once."""
    process = manager.run(silence=0.5)
    manager.start()
    for _ in range(2):
        manager.say(True, "bonded", process)
        gone = process.output.count("is gone")
        manager.client.wait(lambda gone=gone: process.output.count("is gone") > gone, "word of the silence")
        assert manager.client.transition(DEACTIVATE) and manager.client.transition(ACTIVATE)
        manager.instance += " again"


def test_a_bond_that_nobody_answers_is_told_apart(manager: Manager) -> None:
    process = manager.run(connect=0.5)
    manager.start()
    answer = "no lifecycle manager answered on /bond"
    manager.client.wait(lambda: answer in process.output, answer)
    assert "is gone" not in process.output and manager.client.lifecycle() == "active"


def test_a_manager_that_answers_only_that_it_ends_was_there(manager: Manager) -> None:
    process = manager.run()
    manager.start()
    manager.say(False, "the lifecycle manager is gone", process)
    assert "no lifecycle manager answered" not in process.output


@pytest.mark.parametrize("autostart", [True, False])
def test_there_is_no_bond_without_a_manager_or_without_bondpy(manager: Manager, autostart: bool) -> None:
    manager.run({"autostart": autostart}, bond=autostart)
    if autostart:
        manager.client.wait(lambda: manager.client.lifecycle() == "active", "an active node")
    else:
        manager.start()
    publishers = manager.client.node.get_publishers_info_by_topic("/bond")
    assert [info.node_name for info in publishers] == ["client"]


def test_diagnostics_say_who_manages_a_node_and_when_nobody_does(domain: Domain) -> None:
    gimbal = NodeProcess(NODE, domain)
    watched = {"tracker_node": "gimbal", "period": 0.1}
    diagnostics = NodeProcess("tracker_ros.nodes.diagnostics.node", domain, watched)
    client = Client(domain, tracker="gimbal")
    found: list[DiagnosticArray] = []
    client.listen(DiagnosticArray, "/diagnostics", found)

    def says(words: str, manager: str) -> bool:
        """Whether the newest status of the node's work says so."""
        statuses = [s for array in found[-1:] for s in array.status if s.name == "gimbal: tracking"]
        return any(
            words in status.message
            and {"managed_by": manager}.items() <= {v.key: v.value for v in status.values}.items()
            for status in statuses
        )

    try:
        client.wait(
            lambda: says("is unconfigured, and nobody manages it: give it", "nobody"), "that nobody does"
        )
        assert client.transition(CONFIGURE)
        client.wait(lambda: says("the tracker node is inactive", "/client"), "that this client does")
        assert not says("nobody manages it", "/client")
        assert client.transition(ACTIVATE)
        client.wait(lambda: says("waiting for images", "/client"), "an active node")
        client.forget_services()
        client.wait(lambda: says("waiting for images", "nobody"), "that nobody does any more")
    finally:
        client.close()
        ended = diagnostics.stop(), gimbal.stop()
    assert ended == (0, 0) and "Traceback" not in diagnostics.output, diagnostics.output + gimbal.output
