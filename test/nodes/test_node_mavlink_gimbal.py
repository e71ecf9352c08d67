# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The gimbal node and a simulated MAVLink gimbal: it points at the target, and at nothing else."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("pymavlink", reason="pymavlink is not installed")

from geometry_msgs.msg import QuaternionStamped  # noqa: E402
from mavlink_gimbal import SimulatedGimbal  # noqa: E402
from node_helpers import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, Client, Domain, NodeProcess  # noqa: E402
from pymavlink.dialects.v20 import common as mav  # noqa: E402
from rclpy.qos import qos_profile_sensor_data  # noqa: E402
from sensor_msgs.msg import CameraInfo  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from vision_msgs.msg import Detection2D, ObjectHypothesis, ObjectHypothesisWithPose  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.nodes.gimbal import node as gimbal_node  # noqa: E402
from tracker_ros.nodes.sim_camera.node import camera_info  # noqa: E402
from tracker_ros.ros import qos  # noqa: E402
from tracker_ros.ros.messages import box_message  # noqa: E402

pytestmark = pytest.mark.ros
WIDTH, HEIGHT, FIELD = 320, 240, math.radians(60)
FOCAL = WIDTH / 2 / math.tan(FIELD / 2)
PILOT, STRANGER = (255, 190), (9, 171)
YAW, PITCH = math.radians(12), math.radians(-6)
CLOSE = math.radians(0.7)


class Flight:
    """A camera on the simulated gimbal that sees a target at rest, and the node that is to point at it."""

    def __init__(self, domain: Domain, **parameters: float):
        self.gimbal = SimulatedGimbal()
        self.process = NodeProcess(
            "tracker_ros.nodes.gimbal.node",
            domain,
            {
                "output": "mavlink",
                "mavlink.target_component": 154,
                "mavlink.endpoint": f"udpout:127.0.0.1:{self.gimbal.port}",
                "control.kp": 3.0,
                "control.ki": 0.0,
                **parameters,
            },
        )
        self.client = Client(domain, tracker="gimbal")
        node = self.client.node
        self.info = node.create_publisher(CameraInfo, "camera_info", qos.camera("reliable"))
        self.target = node.create_publisher(Detection2D, "tracker/target", 10)
        self.state = node.create_publisher(TrackState, "tracker/state", 10)
        self.attitudes: list[QuaternionStamped] = []
        self.client.listen(QuaternionStamped, "gimbal/attitude", self.attitudes, qos_profile_sensor_data)

    def see(self, kind: str = "target", yaw: float = YAW, pitch: float = PITCH) -> None:
        """One image of a target in that direction, a little later than it was exposed."""
        right, up = yaw - self.gimbal.yaw, pitch - self.gimbal.pitch
        x, y = WIDTH / 2 + FOCAL * math.tan(right), HEIGHT / 2 - FOCAL * math.tan(up) / math.cos(right)
        header = Header(stamp=self.client.node.get_clock().now().to_msg())
        info = camera_info(WIDTH, HEIGHT, FIELD)
        info.header = header
        self.info.publish(info)
        target = Detection2D(header=header, bbox=box_message(Box(x, y, 20, 20)), id="a")
        target.results.append(ObjectHypothesisWithPose(hypothesis=ObjectHypothesis(class_id=kind)))
        self.target.publish(target)
        self.state.publish(TrackState(header=header, state=TrackState.TRACKING, target_id="a"))

    def error(self) -> float:
        return math.hypot(YAW - self.gimbal.yaw, PITCH - self.gimbal.pitch)

    def start(self) -> None:
        assert self.client.transition(CONFIGURE) and self.client.transition(ACTIVATE)
        self.client.wait(lambda: self.gimbal.primary == (1, 191), "control of the gimbal")
        self.client.wait(lambda: len(self.attitudes) > 5, "the gimbal's attitude")

    def fly(self, done: object, what: str, **seen: str) -> None:
        """Show images until it is so."""

        def look() -> bool:
            self.see(**seen)  # type: ignore[arg-type]
            return bool(done())  # type: ignore[operator]

        self.client.wait(look, what, 30.0)

    def rests(self, images: int = 20, **seen: str) -> None:
        """The gimbal stays where it is while so many images are shown."""
        before = self.gimbal.yaw, self.gimbal.pitch
        for _ in range(images):
            self.see(**seen)  # type: ignore[arg-type]
            end = time.monotonic() + 0.02
            while time.monotonic() < end:
                self.client.executor.spin_once(timeout_sec=0.01)
        assert (self.gimbal.yaw, self.gimbal.pitch) == before

    def close(self) -> None:
        self.client.close()
        status = self.process.stop()
        self.gimbal.close()
        assert status == 0 and "Traceback" not in self.process.output, self.process.output


@pytest.fixture
def flight(domain: Domain) -> Iterator[Flight]:
    made = Flight(domain)
    yield made
    made.close()


def test_it_takes_control_points_at_the_target_and_gives_control_back(flight: Flight) -> None:
    flight.start()
    assert flight.gimbal.commands[:2] == [1001, 511] and flight.gimbal.rates == (0.0, 0.0)
    flight.fly(lambda: flight.error() < CLOSE, "the target in the middle")
    newest = flight.attitudes[-1].quaternion
    assert 2 * math.atan2(newest.z, newest.w) == pytest.approx(YAW, abs=0.05)
    assert flight.client.transition(DEACTIVATE)
    flight.client.wait(lambda: flight.gimbal.rates == (0.0, 0.0), "rest")
    assert flight.client.transition(CLEANUP)
    flight.client.wait(lambda: flight.gimbal.primary == (0, 0), "control given back")


def test_nothing_moves_for_what_may_be_another_object(flight: Flight) -> None:
    flight.start()
    flight.rests(kind="unverified")
    flight.fly(lambda: flight.gimbal.rates != (0.0, 0.0), "rates", kind="target")
    flight.fly(lambda: flight.gimbal.rates == (0.0, 0.0), "rest", kind="unverified")
    flight.rests(kind="unverified")


def test_a_gimbal_whose_attitude_stops_is_stopped(flight: Flight) -> None:
    flight.start()
    flight.fly(lambda: flight.gimbal.rates != (0.0, 0.0), "rates")
    flight.gimbal.speaks = False
    flight.fly(lambda: flight.gimbal.rates == (0.0, 0.0), "rest")
    # What another system says of its gimbal is not this one's attitude.
    flight.gimbal.others = [(flight.gimbal.attitude(yaw=-1.0), STRANGER)]
    flight.rests()
    flight.gimbal.others = []
    flight.gimbal.speaks = True
    flight.fly(lambda: flight.error() < CLOSE, "the target in the middle")


def test_a_stranger_gives_no_control_and_a_pilot_takes_it(flight: Flight) -> None:
    gimbal = flight.gimbal
    flight.start()
    flight.fly(lambda: gimbal.rates != (0.0, 0.0), "rates")
    gimbal.primary, gimbal.rates = PILOT, (0.0, 0.0)
    flight.fly(lambda: "component 190 took control" in flight.process.output, "the loss of control")
    flight.rests()
    seen = gimbal.ignored
    flight.rests()
    assert gimbal.ignored == seen, "no rates are sent any more"
    ours = mav.MAVLink_command_ack_message(1001, 0, 0, 0, 1, 191)
    gimbal.others = [(ours, STRANGER)]
    flight.rests()
    assert gimbal.primary == PILOT and gimbal.ignored == seen


def test_without_images_the_gimbal_rests(flight: Flight) -> None:
    flight.start()
    flight.fly(lambda: flight.gimbal.rates != (0.0, 0.0), "rates")
    flight.client.wait(lambda: flight.gimbal.rates == (0.0, 0.0), "rest without images")


def test_a_low_rate_turns_the_gimbal_without_a_stop(domain: Domain) -> None:
    flight = Flight(domain, rate=1.5)  # less often than a detection may be old, and than a node may be silent
    try:
        flight.start()
        flight.fly(lambda: sum(rates != (0.0, 0.0) for rates in flight.gimbal.told) >= 4, "rates")
        assert "no rates for" not in flight.process.output
    finally:
        flight.close()


def test_a_process_that_is_interrupted_stops_the_gimbal_first(flight: Flight) -> None:
    flight.start()
    flight.fly(lambda: flight.gimbal.rates != (0.0, 0.0), "rates")
    assert flight.process.stop() == 0
    flight.client.wait(lambda: flight.gimbal.rates == (0.0, 0.0), "rest")
    flight.client.wait(lambda: flight.gimbal.primary == (0, 0), "control given back")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            {"mavlink.endpoint": "tcp:1.2.3.4:5"},
            "parameter 'mavlink.endpoint': 'tcp:1.2.3.4:5' is no MAVLink end",
        ),
        ({"mavlink.source_component": 1}, "name the same component"),
    ],
)
def test_an_end_point_that_is_none_is_refused(
    domain: Domain, parameters: dict[str, object], words: str
) -> None:
    process = NodeProcess(gimbal_node.__name__, domain, {"output": "mavlink", **parameters})
    client = Client(domain, tracker="gimbal")
    try:
        assert not client.transition(CONFIGURE) and client.lifecycle() == "unconfigured"
        client.wait(lambda: words in process.output, words)
    finally:
        client.close()
        assert process.stop() == 0
