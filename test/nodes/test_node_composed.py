# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Several nodes in one process."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import Client, Domain, NodeProcess  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from vision_msgs.msg import Detection2D  # noqa: E402

from tracker_ros.nodes.composed import node as composed  # noqa: E402
from tracker_ros.ros.messages import box_of, stamp_seconds  # noqa: E402


@pytest.mark.ros
def test_camera_and_tracker_in_one_process_track(domain: Domain) -> None:
    words = ("--ros-args", "-p", "autostart:=true", "-p", "tracker:=dcf", "-p", "rate:=15.0")
    process = NodeProcess(composed.__name__, domain, ros=False, arguments=("tracker", "sim_camera", *words))
    client = Client(domain)
    truths: list[Detection2D] = []
    client.listen(Detection2D, "sim_camera/truth", truths)
    try:
        client.wait(lambda: client.states and truths, "an image that is tracked")
        names = dict(client.node.get_node_names_and_namespaces())
        assert {"tracker", "sim_camera"} <= set(names)

        def started() -> bool:
            truth = truths[-1]
            return bool(client.select(box_of(truth.bbox), stamp_seconds(truth.header.stamp)).accepted)

        client.wait(started, "a selection")
        client.wait(lambda: client.states[-1].state == TrackState.TRACKING, "tracking")
    finally:
        client.close()
        status = process.stop()
    assert status == 0 and "Traceback" not in process.output, process.output


@pytest.mark.ros
def test_a_bad_parameter_of_one_node_ends_all_with_its_reason(domain: Domain) -> None:
    words = ("--ros-args", "-p", "drop_share:=2.0")
    process = NodeProcess(composed.__name__, domain, ros=False, arguments=("click", "sim_camera", *words))
    assert process.ended() == 2 and "drop_share" in process.output
    assert "Traceback" not in process.output, process.output


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "the following arguments are required: NODE"),
        (["tracker", "camera"], "invalid choice: 'camera'"),
        (["click", "click", "--ros-args", "-p", "a:=1"], "a node is named twice"),
    ],
)
def test_nodes_that_are_none_are_refused(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        composed.main(words)
    assert ended.value.code == 2 and reason in capsys.readouterr().err
