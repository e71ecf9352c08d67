"""The gimbal node as a process of its own; its outputs; and the closed loop through real nodes."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import QuaternionStamped, Vector3Stamped  # noqa: E402
from node_helpers import ACTIVATE, CONFIGURE, DEACTIVATE, Client, Domain, NodeProcess  # noqa: E402
from sensor_msgs.msg import CameraInfo  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from std_srvs.srv import SetBool  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from vision_msgs.msg import Detection2D  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.gimbal.controller import Rates  # noqa: E402
from tracker_ros.gimbal.loop import summarize  # noqa: E402
from tracker_ros.nodes import gimbal, gimbal_outputs  # noqa: E402
from tracker_ros.nodes.gimbal_outputs import MavlinkSettings, OutputError  # noqa: E402
from tracker_ros.nodes.sim_camera import camera_info  # noqa: E402
from tracker_ros.ros import qos  # noqa: E402
from tracker_ros.ros.messages import box_message, box_of  # noqa: E402

WIDTH, HEIGHT = 320, 240


@pytest.fixture
def domain() -> Iterator[Domain]:
    domain = Domain()
    yield domain
    domain.close()


# -- outputs --------------------------------------------------------------------------------------------


class FakeNode:
    """Keeps what is published and asked, by topic and service."""

    def __init__(self) -> None:
        self.sent: dict[str, list[Any]] = {}

    def create_publisher(self, kind: Any, topic: str, profile: Any) -> Any:
        return SimpleNamespace(publish=self.sent.setdefault(topic, []).append)

    def create_client(self, kind: Any, name: str) -> Any:
        asked = self.sent.setdefault(name, [])

        def call_async(request: Any) -> Any:
            asked.append(request)
            return SimpleNamespace(done=lambda: False)

        return SimpleNamespace(call_async=call_async)

    def get_clock(self) -> Any:
        return SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=5_000_000_000))


def install(monkeypatch: pytest.MonkeyPatch, module: str, *names: str) -> None:
    """A package with interfaces whose fields can be anything."""
    made = ModuleType(module)
    for name in names:
        setattr(made, name, type(name, (SimpleNamespace,), {"Request": SimpleNamespace}))
    monkeypatch.setitem(sys.modules, module.split(".")[0], ModuleType(module.split(".")[0]))
    monkeypatch.setitem(sys.modules, module, made)


def test_mavros_gets_a_stream_in_radians(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "mavros_msgs.msg", "GimbalManagerSetPitchyaw")
    install(monkeypatch, "mavros_msgs.srv", "GimbalManagerConfigure")
    node = FakeNode()
    output = gimbal_outputs.OUTPUTS["mavros"](node, MavlinkSettings(gimbal_device_id=2))  # type: ignore[arg-type]
    output.configure()
    output.send(Rates(pitch=0.5, yaw=-0.25))
    (request,) = node.sent["mavros/gimbal_control/manager/configure"]
    assert (request.sysid_primary, request.compid_primary, request.sysid_secondary) == (1, 191, -1)
    (message,) = node.sent["mavros/gimbal_control/manager/set_pitchyaw"]
    assert (message.pitch_rate, message.yaw_rate, message.gimbal_device_id) == (0.5, -0.25, 2)
    assert math.isnan(message.pitch) and math.isnan(message.yaw) and message.flags == 4 + 8 + 16


def test_the_mavros_service_gets_degrees_and_only_zero_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "mavros_msgs.srv", "GimbalManagerConfigure", "GimbalManagerPitchyaw")
    node = FakeNode()
    output = gimbal_outputs.OUTPUTS["mavros_service"](node, MavlinkSettings())  # type: ignore[arg-type]
    for rates in (Rates(0.5, -0.25), Rates(0.6, 0.0), Rates(0.0, 0.0)):
        output.send(rates)
    first, last = node.sent["mavros/gimbal_control/manager/pitchyaw"]
    assert (first.pitch_rate, first.yaw_rate) == pytest.approx((math.degrees(0.5), math.degrees(-0.25)))
    assert (last.pitch_rate, last.yaw_rate) == (0.0, 0.0)


def test_px4_gets_both_commands_in_degrees(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "px4_msgs.msg", "VehicleCommand")
    node = FakeNode()
    output = gimbal_outputs.OUTPUTS["px4"](node, MavlinkSettings(lock_yaw=False))  # type: ignore[arg-type]
    output.configure()
    output.send(Rates(pitch=-0.1, yaw=0.2))
    control, rates = node.sent["fmu/in/vehicle_command"]
    assert control.command == 1001 and (control.param1, control.param2, control.param3) == (1.0, 191.0, -1.0)
    assert rates.command == 1000 and rates.timestamp == 5_000_000
    assert (rates.param3, rates.param4) == pytest.approx((math.degrees(-0.1), math.degrees(0.2)))
    assert math.isnan(rates.param1) and rates.param5 == 4 + 8
    assert rates.from_external and (rates.source_system, rates.source_component) == (1, 191)


@pytest.mark.parametrize(("output", "package"), [
    ("mavros", "mavros_msgs"), ("mavros_service", "mavros_msgs"), ("px4", "px4_msgs")])
def test_an_output_without_its_package_names_it(
    output: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(OutputError, match=f"'{output}' needs the ROS package {package}"):
        gimbal_outputs.OUTPUTS[output](FakeNode(), MavlinkSettings())  # type: ignore[arg-type]
    install(monkeypatch, f"{package}.msg")
    install(monkeypatch, f"{package}.srv")
    with pytest.raises(OutputError, match=f"needs a newer {package}"):
        gimbal_outputs.OUTPUTS[output](FakeNode(), MavlinkSettings())  # type: ignore[arg-type]


@pytest.mark.parametrize(("parameter", "message"), [
    ("output:=servo", "parameter 'output' must be one of vector3, mavros, mavros_service, px4, got 'servo'"),
    ("control.kp:=-1.0", "control.kp"),
    ("control.gain:=1.0", "unknown parameter 'control.gain'"),
    ("mavlink.source_component:=0", "mavlink.source_component"),
])
def test_bad_parameters_end_the_program_with_a_reason(
    parameter: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gimbal.main(["--ros-args", "-p", parameter]) == 2
    assert message in capsys.readouterr().err


# -- the node -------------------------------------------------------------------------------------------


class Rig:
    """Camera, tracker and gimbal of the node under test: says what it is told to, and hears its rates."""

    def __init__(self, domain: Domain):
        self.client = Client(domain, tracker="gimbal")
        node = self.client.node
        self.info = node.create_publisher(CameraInfo, "camera_info", qos.camera("reliable"))
        self.attitude = node.create_publisher(QuaternionStamped, "gimbal/attitude", 10)
        self.target = node.create_publisher(Detection2D, "tracker/target", 10)
        self.state = node.create_publisher(TrackState, "tracker/state", 10)
        self.rates: list[Vector3Stamped] = []
        self.client.listen(Vector3Stamped, "gimbal/rate", self.rates)

    def header(self) -> Header:
        return Header(stamp=self.client.node.get_clock().now().to_msg())

    def tell(self, x: float, y: float, state: int = TrackState.TRACKING) -> None:
        """One frame: level gimbal, a target at this pixel, and what the tracker thinks of it."""
        header = self.header()
        info = camera_info(WIDTH, HEIGHT, math.radians(60))
        info.header = header
        self.info.publish(info)
        level = QuaternionStamped(header=header)
        self.attitude.publish(level)  # the identity: w is 1 unless said otherwise
        self.target.publish(Detection2D(header=header, bbox=box_message(Box(x, y, 20, 20)), id="a"))
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
    process = NodeProcess("tracker_ros.nodes.gimbal", domain, {
        "control.ki": 0.0, "control.feedforward": 0.0, "control.timeout": 0.3, "frame_id": "mount"})
    rig = Rig(domain)
    try:
        assert rig.client.transition(CONFIGURE) and rig.client.transition(ACTIVATE)
        rig.until(is_zero, "rates of zero before there is a target")
        # Right of the middle and above it: yaw to the right and pitch up are positive.
        first = rig.until(lambda v: v.z > 0.1 and v.y > 0.1, "rates towards the target", 240.0, 60.0)
        assert first.header.frame_id == "mount" and first.vector.x == 0
        rig.until(is_zero, "zero when no detection comes any more")
        rig.until(lambda v: v.z < -0.1, "rates to the other side", 80.0, 120.0)
        rig.until(is_zero, "zero while the tracker only guesses", 240.0, 120.0, TrackState.COASTING)
        rig.until(lambda v: v.z > 0.1, "rates again", 240.0, 120.0)
        rig.until(is_zero, "zero when the tracker says lost", 240.0, 120.0, TrackState.LOST)
        limit = math.radians(60.0) + 1e-9
        assert all(abs(r.vector.y) <= limit and abs(r.vector.z) <= limit for r in rig.rates)
        rig.until(lambda v: v.z > 0.1, "rates again", 240.0, 120.0)
        assert rig.client.transition(DEACTIVATE)
        rig.client.wait(lambda: is_zero(rig.rates[-1].vector), "a last command of zero")
        rig.client.set_parameters(output="px4")
        assert rig.client.transition(2) and not rig.client.transition(CONFIGURE)
        assert "output 'px4' needs the ROS package px4_msgs, which is not installed" in process.output
    finally:
        rig.client.close()
        assert process.stop() == 0, process.output


@pytest.mark.ros
def test_the_loop_is_closed_through_real_nodes(domain: Domain) -> None:
    """Camera on a gimbal, tracker, gimbal node: the dodging vehicle stays in the middle of real images."""
    camera = {"source": "chase", "horizontal_fov": 32.0, "width": WIDTH, "height": HEIGHT, "rate": 20.0,
              "paused": True, "image_reliability": "reliable", "seed": 2}
    processes = [NodeProcess(f"tracker_ros.nodes.{name}", domain, given) for name, given in (
        ("sim_camera", camera), ("tracker", {"tracker": "dcf", "autostart": True}),
        ("gimbal", {"autostart": True}))]
    client = Client(domain)
    truths: list[Detection2D] = []
    try:
        client.listen(Detection2D, "sim_camera/truth", truths)
        client.wait(lambda: truths and client.node.count_publishers("tracker/target"), "camera and tracker")

        def selected() -> bool:
            return bool(client.select(box_of(truths[-1].bbox), _seconds(truths[-1])).accepted)

        client.wait(selected, "the selection")

        def distance(truth: Detection2D) -> float:
            centre = truth.bbox.center.position
            return math.hypot(centre.x - WIDTH / 2, centre.y - HEIGHT / 2)

        client.wait(lambda: distance(truths[-1]) < 15, "the parked vehicle in the middle", 15.0)
        client.call(SetBool, "sim_camera/play", SetBool.Request(data=True))
        begun = len(truths)
        client.wait(lambda: _seconds(truths[-1]) - _seconds(truths[begun - 1]) > 4.0, "four seconds", 20.0)
        focal = camera_info(WIDTH, HEIGHT, math.radians(32)).k[0]
        off = np.array([distance(truth) for truth in truths[begun:]])
        boxes = [box_of(truth.bbox) for truth in truths[begun:]]
        inside = [0 < box.cx < WIDTH and 0 < box.cy < HEIGHT for box in boxes]
        pointing = summarize([(math.atan(d / focal), d) for d in off], inside)
        assert pointing.in_view == 1 and pointing.losses == 0
        assert pointing.rms_deg < 3.0, pointing
    finally:
        client.close()
        for process in processes:
            assert process.stop() == 0, process.output


def _seconds(message: Any) -> float:
    return message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
