# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The MAVLink node in the test's own process: what it takes from topics, and what it refuses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("pymavlink", reason="pymavlink is not installed")

import numpy as np  # noqa: E402
import rclpy  # noqa: E402
from node_helpers import REPOSITORY, Domain, NodeProcess  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from vision_msgs.msg import Detection3D  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.mavlink.geodesy import Place  # noqa: E402
from tracker_ros.mavlink.messages import Rectangle  # noqa: E402
from tracker_ros.nodes.mavlink.node import MavlinkNode, _fractions  # noqa: E402
from tracker_ros.ros.images import fill_image  # noqa: E402
from tracker_ros.ros.messages import box_message, box_of  # noqa: E402
from tracker_ros.ros.parameters import ParameterError, given_parameters  # noqa: E402

pytestmark = pytest.mark.ros
WIDTH, HEIGHT = 320, 240
ACTIVE, ERROR = 1, 2


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The node's clock, in seconds; a test sets it."""
    at = [100.0]
    monkeypatch.setattr("tracker_ros.nodes.mavlink.node.time.monotonic", lambda: at[0])
    return at


def test_a_box_is_cut_at_the_edges_of_the_image() -> None:
    assert _fractions(box_message(Box(0.0, 120.0, 64.0, 48.0)), 320, 240) == (0.0, 0.4, 0.1, 0.6)
    assert _fractions(box_message(Box(-50.0, 120.0, 64.0, 48.0)), 320, 240) is None
    assert _fractions(box_message(None), 320, 240) is None
    message = box_message(Box(1, 2, 3, 4))  # rclpy would take an int's bytes for a float's: 4.9e-324
    assert {type(value) for value in box_of(message)} == {float}


def test_the_node_knows_its_parameter_file_and_refuses_what_is_no_end_point() -> None:
    path = REPOSITORY / "config" / "mavlink.yaml"
    domain = Domain()
    try:
        rclpy.init(args=["--ros-args", "--params-file", str(path)], domain_id=domain.number)
        assert set(yaml.safe_load(path.read_text())) == {"/**/mavlink"}
        node = MavlinkNode()
        given = given_parameters(node)
        assert given and all(node.has_parameter(name) for name in given)
        node.close()
        node.destroy_node()
        rclpy.shutdown()
        rclpy.init(args=["--ros-args", "-p", "endpoint:=udp:127.0.0.1"], domain_id=domain.number)
        with pytest.raises(ParameterError, match="use udpout:HOST:PORT"):
            MavlinkNode()
    finally:
        rclpy.try_shutdown()
        domain.close()


@pytest.fixture
def node() -> Iterator[MavlinkNode]:
    domain = Domain()
    rclpy.init(args=["--ros-args", "-p", "video_latency:=0.3"], domain_id=domain.number)
    node = MavlinkNode()
    yield node
    node.close()
    node.destroy_node()
    rclpy.shutdown()
    domain.close()


def test_a_selection_is_for_the_image_that_the_operator_saw(
    node: MavlinkNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(node, "_ask", lambda client, request, understand: asked.append(request))
    state = TrackState()
    state.header.stamp.sec, state.header.stamp.nanosec = 100, 200_000_000
    node._on_state(state)
    node.request_selection(Rectangle(0.25, 0.5, 0.5, 0.75))
    stamp = asked[0].stamp
    assert (stamp.sec, stamp.nanosec) == (99, 900_000_000)
    assert asked[0].normalized and box_of(asked[0].bbox) == Box(0.375, 0.625, 0.25, 0.25)


def test_the_size_of_the_image_is_measured_again_when_it_may_have_changed(node: MavlinkNode) -> None:
    def see(width: int) -> bool:
        """Whether the node took this image's size."""
        node._on_image(fill_image(Image(), np.zeros((8, width, 3), np.uint8), "rgb8"))
        return node.view().size == (width, 8) and node._images is None

    assert see(8)
    node._on_state(TrackState(state=TrackState.TRACKING, target_id="a"))
    assert node._images is not None and see(16)
    node._on_state(TrackState(state=TrackState.LOST, target_id="a"))
    assert node._images is None
    node._on_state(TrackState(state=TrackState.TRACKING, target_id="a"))
    assert node._images is not None and see(32)


def test_only_the_selected_object_is_reported_as_tracked(node: MavlinkNode) -> None:
    node._on_image(fill_image(Image(), np.zeros((8, 16, 3), np.uint8), "rgb8"))
    state = TrackState(state=TrackState.TRACKING, target_id="a", bbox=box_message(Box(8.0, 4.0, 4.0, 4.0)))
    node._on_state(state)
    assert (node.view().track.flags, node.view().track.box) == (ERROR, None), "it may be another object"
    node.set_parameters([Parameter("follow_unverified", value=True)])
    assert node.view().track.flags == ACTIVE and node.view().track.box is not None
    node.set_parameters([Parameter("follow_unverified", value=False)])
    state.verified = True
    assert node.view().track.flags == ACTIVE and node.view().track.box is not None


def test_the_box_of_a_tracker_that_fell_silent_is_not_sent_again(node: MavlinkNode, now: list[float]) -> None:
    node._on_image(fill_image(Image(), np.zeros((8, 16, 3), np.uint8), "rgb8"))
    box = box_message(Box(8.0, 4.0, 4.0, 4.0))
    node._on_state(TrackState(state=TrackState.TRACKING, target_id="a", verified=True, bbox=box))
    now[0] += 0.45
    assert node.view().track.flags == ACTIVE and node.view().track.box is not None
    now[0] += 0.1
    assert (node.view().track.flags, node.view().track.box, node.view().works) == (ERROR, None, True)
    now[0] += 2.0
    assert (node.view().track.flags, node.view().works) == (ERROR, False)


def test_the_status_of_a_slow_camera_does_not_flap_and_a_gap_makes_no_slow_camera(
    node: MavlinkNode, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "_origin", Place(47.0, 8.0, 500.0))
    box = box_message(Box(8.0, 4.0, 4.0, 4.0))
    state = TrackState(state=TrackState.TRACKING, target_id="a", verified=True, bbox=box)
    state.image_width, state.image_height = 16, 8

    def reported(interval: float, after: float, states: int = 10) -> list[bool]:
        """Whether box and place are, so long after the last of some states."""
        for _ in range(states):
            now[0] += interval
            node._on_state(state)
            node._on_place(Detection3D(id="a"))
        now[0] += after
        seen = [node.view().track.box is not None, node.view().place is not None]
        now[0] -= after
        return seen

    assert reported(0.03, 0.45) == [True] * 2 and reported(0.03, 0.55) == [False] * 2
    assert reported(10.0, 0.55, states=1) == [False] * 2, "after a gap a tracker is as fast as before"
    assert reported(0.6, 1.15) == [True] * 2 and reported(0.6, 1.25) == [False] * 2
    assert reported(1.0, 1.95) == [True] * 2
    assert reported(60.0, 2.05) == [False] * 2, "a bound holds for every camera"


def test_the_place_is_that_of_the_present_target_and_fresh(
    node: MavlinkNode, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "_origin", Place(47.0, 8.0, 500.0))
    place = Detection3D(id="a")
    place.bbox.center.position.y, place.bbox.center.position.z = 100.0, -20.0
    node._on_place(place)
    state = TrackState(state=TrackState.TRACKING, target_id="a", verified=True)
    state.image_width, state.image_height = 16, 8
    node._on_state(state)
    assert node.view().size == (16, 8), "the tracker tells it: no image is needed"
    found = node.view().place
    assert found is not None and found.latitude == pytest.approx(47.0 + 100 / 111_190, abs=1e-5)
    assert found.altitude == pytest.approx(480.0, abs=0.01)
    node._on_state(TrackState(state=TrackState.COASTING, target_id="a", verified=True))
    assert node.view().place is None, "a predicted box has no place"
    node._on_state(TrackState(state=TrackState.TRACKING, target_id="b", verified=True))
    assert node.view().place is None, "that was another target's"
    node._on_state(state)
    place.bbox.center.position.x = math.nan
    node._on_place(place)
    assert node.view().place == found
    now[0] += 1.0
    node._on_state(state)
    assert node.view().place is None, "it is old"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("video_uri", "http://camera/video", "video_uri' is 'http://camera/video': rtsp://HOST"),
        ("video_uri", f"rtsp://{'x' * 200}", "less than 160 bytes"),
        ("geo_origin", "[47.0, 8.0]", "latitude, longitude, altitude, got 2 numbers"),
        ("geo_origin", "[95.0, 8.0, 0.0]", "latitude 95 and longitude 8 are not degrees"),
    ],
)
def test_wrong_parameters_end_the_program_with_their_names(
    domain: Domain, name: str, value: str, words: str
) -> None:
    process = NodeProcess("tracker_ros.nodes.mavlink.node", domain, {name: value})
    assert process.ended() == 2 and words in process.output
