# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A ground station made of pymavlink selects a target through the MAVLink node; real processes, real UDP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("pymavlink", reason="pymavlink is not installed")

from node_helpers import TIMEOUT, Client, Domain, NodeProcess  # noqa: E402
from pymavlink import mavutil  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from vision_msgs.msg import Detection2D  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.ops.boxes import iou  # noqa: E402
from tracker_ros.ros.messages import box_of  # noqa: E402

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
