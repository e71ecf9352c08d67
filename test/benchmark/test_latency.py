# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What `tracker_ros latency` makes of what it notes; and one short measurement of a real node."""

from __future__ import annotations

import io
import json
import os
import time
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import Domain  # noqa: E402
from rclpy.serialization import deserialize_message, serialize_message  # noqa: E402
from rich.console import Console  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

from tracker_ros.benchmark.latency import cli, measure  # noqa: E402
from tracker_ros.benchmark.latency.camera import stamped  # noqa: E402
from tracker_ros.cli import main  # noqa: E402
from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.ros.targets import MOST_TARGETS  # noqa: E402

pytestmark = pytest.mark.ros


def noted(**changes: Any) -> Any:
    camera = {
        "latencies": [4.0, 6.0, 5.0],
        "publishing": [0.5, 0.7, 0.6, 0.6],
        "states": [SimpleNamespace(latency_ms=value) for value in (2.0, 3.0, 4.0)],
    }
    return SimpleNamespace(**{**camera, **changes})


def test_the_nodes_own_cost_is_the_total_less_the_trackers_time() -> None:
    cost = measure.summarize((640, 480), "raw", noted(), 1.5, (20.0, 5.0, 1.0))
    assert (cost.total, cost.inside, cost.publish, cost.own) == pytest.approx((5.0, 3.0, 0.6, 3.5))
    assert (cost.size, cost.transport, cost.answered) == ("640x480", "raw", 0.75)
    assert (cost.cpu_tracking, cost.cpu_idle, cost.cpu_silent) == (20.0, 5.0, 1.0)


def test_without_an_answer_there_is_no_figure() -> None:
    with pytest.raises(TimeoutError, match="no target arrived"):
        measure.summarize((640, 480), "raw", noted(latencies=[]), 1.5, (0.0, 0.0, 0.0))


def test_cpu_time_of_a_process_counts_its_work() -> None:
    before, end = measure.cpu_seconds(os.getpid()), time.process_time() + 0.1
    while time.process_time() < end:
        pass
    assert 0.05 <= measure.cpu_seconds(os.getpid()) - before < 5.0


def test_an_image_is_stamped_where_its_header_is() -> None:
    image = Image(width=2, height=1, encoding="mono8", step=2, data=b"ab")
    image.header.stamp.sec, image.header.stamp.nanosec = 3, 7
    image.header.frame_id = "camera"
    again = deserialize_message(stamped(serialize_message(image), 1_234_567_890_987_654_321), Image)
    assert (again.header.stamp.sec, again.header.stamp.nanosec) == (1_234_567_890, 987_654_321)
    again.header.stamp = image.header.stamp
    assert again == image


def test_the_table_is_whole_on_a_narrow_terminal() -> None:
    cost = measure.Cost("1920x1080", "compressed", 112.3, 123.4, 12.3, 45.6, 55.6, 56.7, 123.4, 16.6, 1.3, 1)
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(cli.render([cost], 30.0, 1.25))
    text = console.export_text()
    assert "…" not in text and "Load average before: 1.2 on" in " ".join(text.split())
    for figure in ("1920x1080 JPEG", "112.3", "123.4", "12.3", "45.6", "55.6", "56.7", "16.6", "1.3", "100%"):
        assert figure in text


def test_further_targets_lie_apart_in_the_image() -> None:
    box = Box(300.0, 200.0, 50.0, 30.0)
    boxes = measure.spread(box, MOST_TARGETS, 640, 480)
    assert len(boxes) == 16 and boxes[-1] == box, "the last one selected is the primary"
    assert not any(b.problem(640, 480) for b in boxes)
    assert all(a.overlap(b) < 0.5 for i, a in enumerate(boxes) for b in boxes[:i])
    assert measure.spread(box, 1, 640, 480) == [box]


@pytest.mark.parametrize("targets", [1, 3])
def test_a_real_node_is_measured(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, targets: int) -> None:
    monkeypatch.setattr(cli, "SIZES", ((320, 240),))
    domain = Domain()
    monkeypatch.setenv("ROS_DOMAIN_ID", str(domain.number))
    path = tmp_path / "cost.json"
    try:
        words = ["--seconds", "0.4", "--rate", "60", "--only", "compressed", "--json", str(path)]
        assert main(["latency", *words, "--targets", str(targets)]) == 0
    finally:
        domain.close()
    (cost,) = json.loads(path.read_text())
    assert cost["size"] == "320x240" and cost["answered"] > 0
    assert cost["total"] > cost["inside"] > 0 and cost["cpu_tracking"] > 0
