# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A ground station made of pymavlink selects a target through the MAVLink node; real processes, real UDP."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("pymavlink", reason="pymavlink is not installed")

import numpy as np  # noqa: E402
import rclpy  # noqa: E402
from node_helpers import REPOSITORY, TIMEOUT, Client, Domain, NodeProcess  # noqa: E402
from pymavlink import mavutil  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from vision_msgs.msg import Detection2D, Detection3D  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.mavlink.geodesy import Place  # noqa: E402
from tracker_ros.mavlink.messages import Rectangle  # noqa: E402
from tracker_ros.nodes.mavlink.node import MavlinkNode, _fractions  # noqa: E402
from tracker_ros.ops.boxes import iou  # noqa: E402
from tracker_ros.ros.images import fill_image  # noqa: E402
from tracker_ros.ros.messages import box_message, box_of  # noqa: E402
from tracker_ros.ros.parameters import ParameterError, given_parameters  # noqa: E402

pytestmark = pytest.mark.ros
WIDTH, HEIGHT = 320, 240
SCENE = {"width": WIDTH, "height": HEIGHT, "rate": 15.0}
TRACK_POINT, TRACK_RECTANGLE, STOP, REQUEST, INTERVAL = 2004, 2005, 2010, 512, 511
IDLE, ACTIVE, ERROR = 0, 1, 2


class Station:
    """A ground station, the nodes of one camera, and a client that hears the simulated camera's truth."""

    def __init__(self) -> None:
        self.link = mavutil.mavlink_connection("udpin:127.0.0.1:0", source_system=255, source_component=190)
        port = self.link.port.getsockname()[1]
        self.domain = Domain()
        mavlink = {"endpoint": f"udpout:127.0.0.1:{port}", "system_id": 7, "component_id": 101}
        self.nodes = {
            "tracker": NodeProcess(
                "tracker_ros.nodes.tracker.node",
                self.domain,
                {"autostart": True, "tracker": "dcf", "session.coast_seconds": 30.0},
            ),
            "camera": NodeProcess("tracker_ros.nodes.sim_camera.node", self.domain, SCENE),
            "mavlink": NodeProcess("tracker_ros.nodes.mavlink.node", self.domain, mavlink),
        }
        self.client = Client(self.domain)
        self.truths: list[Detection2D] = []
        self.client.listen(Detection2D, "sim_camera/truth", self.truths)

    def receive(self, kind: str, seconds: float = TIMEOUT, **fields: Any) -> Any:
        """The next message of this type from the camera whose fields have these values."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.client.executor.spin_once(timeout_sec=0.0)
            message = self.link.recv_match(type=kind, blocking=True, timeout=0.02)
            if message is not None and all(getattr(message, name) == v for name, v in fields.items()):
                assert (message.get_srcSystem(), message.get_srcComponent()) == (7, 101)
                return message
        raise AssertionError(f"no {kind} with {fields}:\n{self.nodes['mavlink'].output}")

    def send_command(self, command: int, *parameters: float, target: int = 101) -> int:
        """Send a command; the MAV_RESULT of its acknowledgement."""
        padded = [*parameters, *[0.0] * (7 - len(parameters))]
        self.link.mav.command_long_send(7, target, command, 0, *padded)
        return int(self.receive("COMMAND_ACK", command=command, target_system=255).result)

    def truth(self) -> Box:
        """Where the target is in the newest image."""
        count = len(self.truths)
        self.client.wait(lambda: len(self.truths) > count, "the simulated camera")
        return box_of(self.truths[-1].bbox)

    def corners(self) -> tuple[float, float, float, float]:
        x, y, w, h = self.truth().to_xywh()
        return x / WIDTH, y / HEIGHT, (x + w) / WIDTH, (y + h) / HEIGHT

    def overlap(self, status: Any) -> float:
        """IoU of a status with the truth, as it was in the last half second: a status is not stamped."""
        self.truth()
        x, y = status.rec_top_x * WIDTH, status.rec_top_y * HEIGHT
        box = Box.from_xywh(x, y, status.rec_bottom_x * WIDTH - x, status.rec_bottom_y * HEIGHT - y)
        truths = [box_of(truth.bbox) for truth in self.truths[-8:]]
        return max(float(iou(box.to_tensor(), truth.to_tensor())) for truth in truths)

    def close(self) -> None:
        self.client.close()
        with ThreadPoolExecutor() as pool:  # all at once
            ends = dict(zip(self.nodes, pool.map(NodeProcess.stop, self.nodes.values()), strict=True))
        self.domain.close()
        self.link.close()
        assert not any("Traceback" in node.output for node in self.nodes.values())
        assert ends["mavlink"] == 0


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    station = Station()
    yield station
    station.close()


@pytest.mark.timeout(4 * TIMEOUT)  # three programs start
def test_the_camera_introduces_itself(station: Station) -> None:
    beat = station.receive("HEARTBEAT", 3 * TIMEOUT, system_status=4)  # active: the tracker works
    assert (beat.type, beat.autopilot) == (30, 8)
    assert station.send_command(REQUEST, 259) == 0
    info = station.receive("CAMERA_INFORMATION")
    assert bytes(info.model_name).rstrip(b"\0") == b"tracker"
    assert info.flags == 512 + 1024
    while info.resolution_h == 0:  # no image came yet
        assert station.send_command(REQUEST, 259) == 0
        info = station.receive("CAMERA_INFORMATION")
    assert (info.resolution_h, info.resolution_v) == (WIDTH, HEIGHT)
    assert station.send_command(REQUEST, 260) == 0 and station.receive("CAMERA_SETTINGS").mode_id == 1


def test_a_rectangle_is_tracked_and_reported_at_the_asked_rate(station: Station) -> None:
    assert station.send_command(INTERVAL, 275, 100_000) == 0
    assert station.receive("CAMERA_TRACKING_IMAGE_STATUS").tracking_status == IDLE
    assert station.send_command(TRACK_RECTANGLE, *station.corners()) == 0
    status = station.receive("CAMERA_TRACKING_IMAGE_STATUS", tracking_status=ACTIVE)
    assert (status.tracking_mode, status.target_data) == (2, 4)

    def interval() -> float:
        """Mean seconds between sixteen statuses, whatever they say."""
        station.receive("CAMERA_TRACKING_IMAGE_STATUS")
        begin = time.monotonic()
        for _ in range(15):
            station.receive("CAMERA_TRACKING_IMAGE_STATUS")
        return (time.monotonic() - begin) / 15

    # While the machine has better things to do they come late; the rates are tested by a clock of the test's.
    station.client.wait(lambda: interval() == pytest.approx(0.1, rel=0.2), "ten statuses a second")
    # A status is not stamped: on a busy machine the newest truth may be far ahead of it.
    station.client.wait(
        lambda: station.overlap(station.receive("CAMERA_TRACKING_IMAGE_STATUS")) > 0.5,
        "a status whose box is on the target",
    )


def test_stopping_leads_to_idle(station: Station) -> None:
    assert station.send_command(STOP) == 0
    status = station.receive("CAMERA_TRACKING_IMAGE_STATUS", tracking_status=IDLE)
    assert status.tracking_mode == 0 and status.rec_top_x != status.rec_top_x  # NaN
    station.client.wait(lambda: station.client.states[-1].state == TrackState.IDLE, "the tracker to be idle")


def test_a_point_is_tracked_and_reported_as_one(station: Station) -> None:
    target = station.truth()
    assert station.send_command(TRACK_POINT, target.cx / WIDTH, target.cy / HEIGHT, 0.0) == 0
    status = station.receive("CAMERA_TRACKING_IMAGE_STATUS", tracking_mode=1)
    assert status.tracking_status == ACTIVE and status.radius == pytest.approx(0.04, rel=0.3)
    center = station.truth()
    assert abs(status.point_x * WIDTH - center.cx) < 20 and abs(status.point_y * HEIGHT - center.cy) < 20


def test_what_cannot_be_tracked_is_denied_and_the_target_is_kept(station: Station) -> None:
    assert station.send_command(TRACK_RECTANGLE, 0.5, 0.5, 0.4, 0.6) == 2
    assert "has no area" in station.receive("STATUSTEXT").text
    assert station.send_command(TRACK_RECTANGLE, 0.5, 0.5, 0.501, 0.501) == 2  # less than a pixel
    assert "tracking: box is" in station.receive("STATUSTEXT").text
    station.receive("CAMERA_TRACKING_IMAGE_STATUS", tracking_status=ACTIVE, tracking_mode=1)
    assert station.send_command(INTERVAL, 275, -1) == 0


def test_other_components_commands_are_not_ours(station: Station) -> None:
    station.link.mav.command_long_send(7, 100, STOP, 0, *[0.0] * 7)
    assert station.send_command(REQUEST, 275) == 0  # understood after that one
    states = station.client.states
    count = len(states)
    station.client.wait(lambda: len(states) > count + 3, "more images")
    assert all(state.state != TrackState.IDLE for state in states[count:])


def test_a_tracker_that_is_gone_has_no_box_and_takes_no_requests(station: Station) -> None:
    assert station.nodes["tracker"].stop() == 0
    assert station.receive("HEARTBEAT", system_status=3)
    assert station.send_command(REQUEST, 275) == 0
    status = station.receive("CAMERA_TRACKING_IMAGE_STATUS")
    assert status.tracking_status in (IDLE, ERROR) and status.rec_top_x != status.rec_top_x
    assert station.send_command(TRACK_RECTANGLE, 0.4, 0.4, 0.6, 0.6) == 1  # TEMPORARILY_REJECTED


def test_a_box_is_cut_at_the_edges_of_the_image() -> None:
    assert _fractions(box_message(Box(0.0, 120.0, 64.0, 48.0)), 320, 240) == (0.0, 0.4, 0.1, 0.6)
    assert _fractions(box_message(Box(-50.0, 120.0, 64.0, 48.0)), 320, 240) is None
    assert _fractions(box_message(None), 320, 240) is None


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


def test_the_box_of_a_tracker_that_fell_silent_is_not_sent_again(
    node: MavlinkNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("tracker_ros.nodes.mavlink.node.time.monotonic", lambda: now[0])
    node._on_image(fill_image(Image(), np.zeros((8, 16, 3), np.uint8), "rgb8"))
    box = box_message(Box(8.0, 4.0, 4.0, 4.0))
    node._on_state(TrackState(state=TrackState.TRACKING, target_id="a", verified=True, bbox=box))
    now[0] += 0.45
    assert node.view().track.flags == ACTIVE and node.view().track.box is not None
    now[0] += 0.1
    assert (node.view().track.flags, node.view().track.box, node.view().works) == (ERROR, None, True)
    now[0] += 2.0
    assert (node.view().track.flags, node.view().works) == (ERROR, False)


def test_the_place_is_that_of_the_present_target_and_fresh(
    node: MavlinkNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("tracker_ros.nodes.mavlink.node.time.monotonic", lambda: now[0])
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
