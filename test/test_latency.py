# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What `tracker_ros latency` makes of what it notes; and one short measurement of a real node."""

from __future__ import annotations

import json
import os
import time
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import Domain  # noqa: E402

from tracker_ros import latency  # noqa: E402
from tracker_ros.cli import main  # noqa: E402

pytestmark = pytest.mark.ros


def noted(**changes: Any) -> Any:
    camera = {"arrived": {1: 4.0, 2: 6.0, 3: 5.0}, "sent": {1: 0.5, 2: 0.7, 3: 0.6, 4: 0.6},
              "states": [SimpleNamespace(latency_ms=value) for value in (2.0, 3.0, 4.0)]}
    return SimpleNamespace(**{**camera, **changes})


def test_the_nodes_own_cost_is_the_total_less_the_trackers_time() -> None:
    cost = latency.summarize((640, 480), "raw", noted(), 1.5, (20.0, 5.0, 1.0))
    assert (cost.total, cost.inside, cost.publish, cost.own) == pytest.approx((5.0, 3.0, 0.6, 3.5))
    assert (cost.size, cost.transport, cost.answered) == ("640x480", "raw", 0.75)
    assert (cost.cpu_tracking, cost.cpu_idle, cost.cpu_silent) == (20.0, 5.0, 1.0)


def test_without_an_answer_there_is_no_figure() -> None:
    with pytest.raises(TimeoutError, match="no target arrived"):
        latency.summarize((640, 480), "raw", noted(arrived={}), 1.5, (0.0, 0.0, 0.0))


def test_cpu_time_of_a_process_counts_its_work() -> None:
    before, end = latency.cpu_seconds(os.getpid()), time.process_time() + 0.1
    while time.process_time() < end:
        pass
    assert 0.05 <= latency.cpu_seconds(os.getpid()) - before < 5.0


def test_a_real_node_is_measured(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "SIZES", ((320, 240),))
    domain = Domain()
    monkeypatch.setenv("ROS_DOMAIN_ID", str(domain.number))
    path = tmp_path / "cost.json"
    try:
        assert main(["latency", "--seconds", "0.7", "--only", "compressed", "--json", str(path)]) == 0
    finally:
        domain.close()
    (cost,) = json.loads(path.read_text())
    assert cost["size"] == "320x240" and cost["answered"] > 0
    assert cost["total"] > cost["inside"] > 0 and cost["cpu_tracking"] > 0
