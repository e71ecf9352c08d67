# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The nodes around the tracker after kill -9, started again by a supervisor: each answers as before."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import TIMEOUT, Client, Domain, Measured  # noqa: E402
from rcl_interfaces.srv import GetParameters  # noqa: E402
from respawn_helpers import Respawned  # noqa: E402

pytestmark = pytest.mark.ros
NODES = {
    "gimbal": ("gimbal", {"autostart": True, "rate": 25.0}),
    "mavlink": ("mavlink", {"endpoint": "udpout:127.0.0.1:9", "system_id": 7}),
    "selector": ("selector", {"port": 0, "quality": 55}),
    "click_to_track": ("click", {"click_size": 0.25}),
}
PARAMETER = {"gimbal": "rate", "mavlink": "system_id", "selector": "quality", "click_to_track": "click_size"}


@pytest.fixture(scope="module")
def crew() -> Iterator[tuple[Client, dict[str, Respawned]]]:
    domain = Domain()
    nodes = {name: Respawned(f"tracker_ros.nodes.{module}.node", domain, given)
             for name, (module, given) in NODES.items()}  # fmt: skip
    client = Client(domain)
    yield client, nodes
    client.close()
    with contextlib.ExitStack() as ends:
        ends.callback(domain.close)
        for node in nodes.values():
            # One that hangs must not leave the others to whoever gets this domain next.
            ends.callback(node.stop)
    assert all(node.died == [-signal.SIGKILL, 0] for node in nodes.values())


def answer(client: Client, name: str) -> float:
    """What the node says that a parameter of its is; the dead process's service may be asked too."""
    for _ in range(12):
        try:
            request = GetParameters.Request(names=[PARAMETER[name]])
            (value,) = client.call(GetParameters, f"{name}/get_parameters", request, TIMEOUT / 12).values
            return float(value.double_value or value.integer_value)
        except AssertionError:
            continue
    raise AssertionError(f"{name} does not answer")


def test_killed_nodes_come_back(crew: tuple[Client, dict[str, Respawned]], record_property: Measured) -> None:
    client, nodes = crew
    given = {name: NODES[name][1][PARAMETER[name]] for name in nodes}
    assert {name: answer(client, name) for name in nodes} == given
    began = time.monotonic()
    for node in nodes.values():
        node.kill()
    assert {name: answer(client, name) for name in nodes} == given
    record_property("seconds_for_all", time.monotonic() - began)
    assert all(node.died == [-signal.SIGKILL] for node in nodes.values())
