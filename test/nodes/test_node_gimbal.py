# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The gimbal node as a process of its own, and the closed loop through real nodes."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy")

import rclpy  # noqa: E402
from geometry_msgs.msg import QuaternionStamped, Vector3Stamped  # noqa: E402
from node_helpers import (  # noqa: E402
    ACTIVATE,
    CLEANUP,
    CONFIGURE,
    DEACTIVATE,
    REPOSITORY,
    Client,
    Domain,
    NodeProcess,
    time_message,
)
from rclpy.serialization import deserialize_message  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import CameraInfo  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from vision_msgs.msg import Detection2D, ObjectHypothesis, ObjectHypothesisWithPose  # noqa: E402

from tracker_ros import cli  # noqa: E402
from tracker_ros.config_files import config_file  # noqa: E402
from tracker_ros.data.chase import FIELD_OF_VIEW  # noqa: E402
from tracker_ros.demo import bag  # noqa: E402
from tracker_ros.demo.flight import IMAGES, stamp_of  # noqa: E402
from tracker_ros.demo.pointing import judge, off_axis  # noqa: E402
from tracker_ros.demo.scores import Moment  # noqa: E402
from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.gimbal.loop import pinhole  # noqa: E402
from tracker_ros.nodes.gimbal import node as gimbal  # noqa: E402
from tracker_ros.nodes.sim_camera import node as sim_camera  # noqa: E402
from tracker_ros.nodes.sim_camera.node import camera_info  # noqa: E402
from tracker_ros.ros import qos  # noqa: E402
from tracker_ros.ros.launch_plan import Camera, LaunchOptions, nodes_of  # noqa: E402
from tracker_ros.ros.messages import box_message  # noqa: E402
from tracker_ros.ros.parameters import given_parameters  # noqa: E402

WIDTH, HEIGHT = 320, 240


class Rig:
    """Camera, tracker and gimbal of the node under test: says what it is told to, and hears its rates."""

    def __init__(self, domain: Domain):
        self.client = Client(domain, tracker="gimbal")
        node = self.client.node
        self.info = node.create_publisher(CameraInfo, "camera_info", qos.camera("reliable"))
        self.attitude = node.create_publisher(QuaternionStamped, "gimbal/attitude", 10)
        self.target = node.create_publisher(Detection2D, "tracker/target", 10)
        self.state = node.create_publisher(TrackState, "tracker/state", 10)
        self.clock = node.create_publisher(Clock, "/clock", 10)
        self.now: float | None = None
        self.rates: list[Vector3Stamped] = []
        self.client.listen(Vector3Stamped, "gimbal/rate", self.rates)

    def header(self) -> Header:
        """One of now; where time is simulated, of a hundredth of a second later than the last."""
        if self.now is not None:
            self.now += 0.01
            self.clock.publish(Clock(clock=time_message(self.now)))
            return Header(stamp=time_message(self.now))
        return Header(stamp=self.client.node.get_clock().now().to_msg())

    def tell(self, x: float, y: float, state: int = TrackState.TRACKING, kind: str = "target") -> None:
        """One frame: level gimbal, a target at this pixel, and what the tracker thinks of it."""
        header = self.header()
        info = camera_info(WIDTH, HEIGHT, math.radians(60))
        info.header = header
        self.info.publish(info)
        level = QuaternionStamped(header=header)
        self.attitude.publish(level)  # the identity: w is 1 unless said otherwise
        target = Detection2D(header=header, bbox=box_message(Box(x, y, 20, 20)), id="a")
        target.results.append(ObjectHypothesisWithPose(hypothesis=ObjectHypothesis(class_id=kind)))
        self.target.publish(target)
        self.state.publish(TrackState(header=header, state=state))

    def until(self, condition: Any, what: str, *frame: Any) -> Vector3Stamped:
        """Repeat a frame until a rate satisfies the condition; that rate."""

        def found() -> Vector3Stamped | None:
            if frame:
                self.tell(*frame)
            return next((r for r in self.rates[count:] if condition(r.vector)), None)

        count = len(self.rates)
        return self.client.wait(found, what, 20.0)


def is_zero(v: Any) -> bool:
    return bool(v.x == v.y == v.z == 0)


@pytest.mark.ros
def test_a_target_gives_rates_and_its_loss_zero(domain: Domain) -> None:
    process = NodeProcess(
        "tracker_ros.nodes.gimbal.node",
        domain,
        {"control.ki": 0.0, "control.feedforward": 0.0, "control.timeout": 0.3, "frame_id": "mount"},
    )
    rig = Rig(domain)
    try:
        assert rig.client.transition(CONFIGURE) and rig.client.transition(ACTIVATE)
        rig.until(is_zero, "rates of zero before there is a target")
        nothing = QuaternionStamped()
        nothing.quaternion.w = 0.0

        def complained() -> bool:
            rig.info.publish(CameraInfo())
            rig.attitude.publish(nothing)
            rig.target.publish(Detection2D(header=rig.header()))
            return all(
                text in process.output
                for text in (
                    "camera_info holds no calibration",
                    "attitude refused: (0, 0, 0, 0) is not an attitude",
                    "target not used: there is no calibration on camera_info",
                )
            )

        rig.client.wait(complained, "complaints about what cannot be used", 20.0)
        # Right of the middle and above it: yaw to the right and pitch up are positive.
        first = rig.until(lambda v: v.z > 0.1 and v.y > 0.1, "rates towards the target", 240.0, 60.0)
        assert first.header.frame_id == "mount" and first.vector.x == 0
        rig.until(is_zero, "zero when no detection comes any more")
        rig.until(lambda v: v.z < -0.1, "rates to the other side", 80.0, 120.0)
        rig.until(is_zero, "zero while the tracker only guesses", 240.0, 120.0, TrackState.COASTING)
        rig.until(lambda v: v.z > 0.1, "rates again", 240.0, 120.0)
        for state in (TrackState.LOST, TrackState.ERROR, 77):
            rig.until(is_zero, "zero when the tracker says that it sees nothing", 240.0, 120.0, state)
            count = len(rig.rates)
            many = count + 10
            rig.until(lambda v, many=many: len(rig.rates) > many, "more rates", 240.0, 120.0, state)
            assert all(is_zero(rate.vector) for rate in rig.rates[count:]), "a box of a frame that failed"
            rig.until(lambda v: v.z > 0.1, "rates again", 240.0, 120.0)
        doubtful = (240.0, 120.0, TrackState.TRACKING, "unverified")
        rig.until(is_zero, "zero for what may be another object", *doubtful)
        assert "a not followed: it may be another object" in process.output
        rig.client.set_parameters(follow_unverified=True)
        rig.until(lambda v: v.z > 0.1, "rates where any object will do", *doubtful)
        limit = math.radians(60.0) + 1e-9
        assert all(abs(r.vector.y) <= limit and abs(r.vector.z) <= limit for r in rig.rates)
        rig.until(lambda v: v.z > 0.1, "rates again", 240.0, 120.0)
        rig.client.set_parameters(control__max_rate_deg=2.0)
        slow = math.radians(2.0) + 1e-9
        rig.until(lambda v: 0.03 < v.z <= slow, "rates within a limit that was set in flight", 240.0, 120.0)
        assert rig.client.transition(DEACTIVATE)
        rig.client.wait(lambda: is_zero(rig.rates[-1].vector), "a last command of zero")
        assert rig.client.transition(CLEANUP)
        rig.client.set_parameters(output="px4")
        assert not rig.client.transition(CONFIGURE)
        why = "output 'px4' needs the ROS package px4_msgs, which is not installed"
        rig.client.wait(lambda: why in process.output, "the reason")
    finally:
        rig.client.close()
        assert process.stop() == 0, process.output


@pytest.mark.ros
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_gimbal_before_the_node_ends(domain: Domain, number: signal.Signals) -> None:
    process = NodeProcess("tracker_ros.nodes.gimbal.node", domain, {"autostart": True})
    rig = Rig(domain)
    try:
        rig.until(lambda rate: abs(rate.z) > 0.01, "a rate towards the target", 300, 120)
        assert process.stop(number) == 0
        rig.client.wait(lambda: is_zero(rig.rates[-1].vector), "the last rate to be zero", 20.0)
    finally:
        rig.client.close()
        process.stop()


@pytest.mark.ros
def test_simulated_time_that_stands_still_stops_the_gimbal(domain: Domain) -> None:
    process = NodeProcess("tracker_ros.nodes.gimbal.node", domain, {"use_sim_time": True, "autostart": True})
    rig = Rig(domain)
    rig.now = 50.0
    try:
        rig.until(lambda v: v.z > 0.1, "rates towards the target", 240.0, 120.0)
        rig.until(is_zero, "zero although no time passes")
        assert "stopped: the last detection is" in process.output
    finally:
        rig.client.close()
        assert process.stop() == 0, process.output


@pytest.mark.ros
@pytest.mark.timeout(240)  # four nodes, a video and a plot
def test_the_demonstration_closes_the_loop_through_real_nodes(domain: Domain, tmp_path: Path) -> None:
    """The dodging vehicle stays in the middle of real images, which come 100 ms late and not all."""
    out = tmp_path / "flight"
    done = subprocess.run(
        [sys.executable, "-m", "tracker_ros.cli", "demo", "--gimbal", "--tracker", "dcf", "--seconds", "4",
         "--rate", "12", "--seed", "2", "--latency", "100", "--drops", "0.1", "--out", str(out)],
        capture_output=True, text=True, timeout=200,
        env={**os.environ, "ROS_DOMAIN_ID": str(domain.number), "OMP_NUM_THREADS": "1",
             "PYTHONPATH": str(REPOSITORY)})  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    error = re.search(r"pointing error, RMS\D+([\d.]+) deg, ([\d.]+) px", done.stdout)
    in_view = re.search(r"target in view\D+([\d.]+)%", done.stdout)
    latency = re.search(r"image to result, median\D+([\d.]+) ms", done.stdout)
    assert error is not None and in_view is not None and latency is not None, done.stdout
    rates = list(bag.read_topic(out / "bag", "/gimbal/rate"))
    turned = [deserialize_message(rate.data, Vector3Stamped).vector.z for rate in rates]
    if float(latency[1]) > 400:  # too busy a machine: 500 ms after the last detection's exposure it stops
        assert 0.0 in turned[1:], "the gimbal went on without a detection"
        return
    assert float(error[1]) < 3.0 and float(in_view[1]) > 95, done.stdout
    focal = camera_info(640, 480, math.radians(FIELD_OF_VIEW)).k[0]
    assert float(error[2]) == pytest.approx(focal * math.tan(math.radians(float(error[1]))), rel=0.1, abs=1.0)
    images, truths = (
        [(message.at, message.data) for message in bag.read_topic(out / "bag", topic)]
        for topic in (IMAGES, "/sim_camera/truth")
    )
    assert 0 < len(images) < len(truths), "truth comes with lost images too"
    truth = deserialize_message(truths[-1][1], Detection2D)
    assert truths[-1][0] - stamp_of(truth) > 100e6, "held back for 100 ms"
    assert len(rates) > 50 and list(bag.read_topic(out / "bag", "/gimbal/attitude"))
    assert max(map(abs, turned)) > 0.01, "the vehicle moves, so the camera must turn"


def test_pointing_is_judged_by_every_image_with_a_known_target() -> None:
    camera = pinhole(320, 240, math.radians(60))
    boxes = [Box(160, 120, 20, 20), Box(160 + camera.fx, 120, 20, 20), None]
    flight = [
        Moment(k, box, 1.0, off_axis=math.nan if box is None else off_axis(camera, box))
        for k, box in enumerate(boxes)
    ]
    pointing = judge(flight, camera)
    assert pointing.rms_deg == pytest.approx(45 / math.sqrt(2))
    assert pointing.rms_px == pytest.approx(camera.fx / math.sqrt(2))
    assert (pointing.in_view, pointing.losses) == (0.5, 1)


def test_a_gimbal_does_not_go_with_a_recording(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--gimbal", "--video", "clip.mp4", "--box", "1,2,3,4"]) == 2
    assert "does not go with --video" in capsys.readouterr().err


def test_launching_with_a_gimbal_turns_the_simulated_camera() -> None:
    nodes = {node.name: node for node in nodes_of(Camera("uav"), LaunchOptions(simulate=True, gimbal=True))}
    assert nodes["sim_camera"].parameters["source"] == "chase"
    assert nodes["gimbal"].executable == "gimbal_node" and nodes["gimbal"].is_lifecycle
    assert nodes["gimbal"].parameters["autostart"] is True
    assert {nodes[name].defaults for name in ("sim_camera", "gimbal")} == {"gimbal.yaml"}
    assert "gimbal" not in {node.name for node in nodes_of(Camera("uav"), LaunchOptions(simulate=True))}


def test_the_nodes_know_every_parameter_of_their_file() -> None:
    path = config_file("gimbal.yaml")
    content = yaml.safe_load(path.read_text())
    claimed = Domain()
    small = ["-p", "sim_camera:width:=64", "-p", "sim_camera:height:=64"]
    rclpy.init(args=["--ros-args", "--params-file", str(path), *small], domain_id=claimed.number)
    nodes: list[Any] = []
    try:
        nodes += [gimbal.GimbalNode(), sim_camera.SimCameraNode()]
        assert set(content) == {f"/**/{node.get_name()}" for node in nodes}
        for node in nodes:
            assert [key for key in given_parameters(node) if not node.has_parameter(key)] == []
    finally:
        for node in nodes:
            getattr(node, "close", lambda: None)()
            node.destroy_node()
        rclpy.shutdown()
        claimed.close()
