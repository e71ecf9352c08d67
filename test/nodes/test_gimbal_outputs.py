# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What the gimbal node sends to MAVROS and PX4, against stand-ins for their packages."""

from __future__ import annotations

import math
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy")

from tracker_ros.gimbal.controller import Rates  # noqa: E402
from tracker_ros.nodes.gimbal import node as gimbal
from tracker_ros.nodes.gimbal import outputs  # noqa: E402
from tracker_ros.nodes.gimbal.receiver import MavlinkSettings, OutputError  # noqa: E402


class FakeNode:
    """Keeps what is published and asked, by topic and service."""

    def __init__(self) -> None:
        self.sent: dict[str, list[Any]] = {}
        self.errors: list[str] = []
        self.is_there = True
        self.calls: dict[str, list[Any]] = {}
        self.context = SimpleNamespace(ok=lambda: True)

    def destroy_publisher(self, publisher: Any) -> None:
        pass

    def destroy_client(self, client: Any) -> None:
        pass

    def resolve_topic_name(self, topic: str) -> str:
        return f"/{topic}"

    def create_publisher(self, kind: Any, topic: str, profile: Any, **more: Any) -> Any:
        published = self.sent.setdefault(topic, [])
        return SimpleNamespace(publish=published.append, get_subscription_count=lambda: self.is_there)

    def create_client(self, kind: Any, name: str) -> Any:
        """A client that is refused and that keeps, in `calls`, what was not answered or removed."""
        asked, calls = self.sent.setdefault(name, []), self.calls.setdefault(name, [])

        def call_async(request: Any) -> Any:
            asked.append(request)
            refused = SimpleNamespace(success=False, result=2)
            call = SimpleNamespace(
                done=lambda: not any(call is one for one in calls),
                add_done_callback=lambda told: told(SimpleNamespace(result=lambda: refused)),
            )
            calls.append(call)
            return call

        def remove(call: Any) -> None:
            calls[:] = [one for one in calls if one is not call]

        return SimpleNamespace(
            call_async=call_async, remove_pending_request=remove, service_is_ready=lambda: self.is_there
        )

    def get_logger(self) -> Any:
        return SimpleNamespace(error=self.errors.append)

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
    output = outputs.OUTPUTS["mavros"](node, MavlinkSettings(gimbal_device_id=2))  # type: ignore[arg-type]
    node.is_there = False
    output.send(Rates())
    assert node.sent["mavros/gimbal_control/manager/configure"] == [], "nobody would hear it"
    node.is_there = True
    output.send(Rates(pitch=0.5, yaw=-0.25))
    assert node.errors == ["no control of the gimbal: MAV_RESULT 2"]
    (request,) = node.sent["mavros/gimbal_control/manager/configure"]
    assert (request.sysid_primary, request.compid_primary, request.sysid_secondary) == (1, 191, -1)
    _, message = node.sent["mavros/gimbal_control/manager/set_pitchyaw"]
    assert (message.pitch_rate, message.yaw_rate, message.gimbal_device_id) == (0.5, -0.25, 2)
    assert math.isnan(message.pitch) and math.isnan(message.yaw) and message.flags == 4 + 8 + 16


def test_the_mavros_service_gets_degrees_and_only_zero_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "mavros_msgs.srv", "GimbalManagerConfigure", "GimbalManagerPitchyaw")
    node = FakeNode()
    output = outputs.OUTPUTS["mavros_service"](node, MavlinkSettings())  # type: ignore[arg-type]
    for rates in (Rates(0.5, -0.25), Rates(0.6, 0.0), Rates(0.0, 0.0)):
        output.send(rates)
    first, last = node.sent["mavros/gimbal_control/manager/pitchyaw"]
    assert (first.pitch_rate, first.yaw_rate) == pytest.approx((math.degrees(0.5), math.degrees(-0.25)))
    assert (last.pitch_rate, last.yaw_rate) == (0.0, 0.0)


def test_the_mavros_service_waits_for_answers_at_rest_too(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "mavros_msgs.srv", "GimbalManagerConfigure", "GimbalManagerPitchyaw")
    now = [100.0]
    monkeypatch.setattr("tracker_ros.nodes.gimbal.outputs.time.monotonic", lambda: now[0])
    node = FakeNode()
    output = outputs.OUTPUTS["mavros_service"](node, MavlinkSettings())  # type: ignore[arg-type]
    name = "mavros/gimbal_control/manager/pitchyaw"
    sent, open_calls = node.sent[name], node.calls[name]

    def count(*rates: Rates) -> int:
        """How many of these are sent, a fiftieth of a second apart."""
        before = len(sent)
        for one in rates:
            output.send(one)
            now[0] += 0.02
        return len(sent) - before

    moves, rests = Rates(0.1, 0.1), Rates()
    for steady in (moves, rests):  # nobody answers for a minute
        assert 55 <= count(*[steady] * 3000) <= 61
        assert len(open_calls) == 1, "what will not be answered is forgotten"
    now[0] += 1.0
    assert count(moves, moves, rests, rests, moves, moves) == 2, "a stop waits for nothing, what follows does"
    assert sent[-1].pitch_rate == 0.0
    open_calls.clear()  # that is the answer
    assert count(moves, moves) == 1


def test_px4_gets_both_commands_in_degrees(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "px4_msgs.msg", "VehicleCommand")
    node = FakeNode()
    output = outputs.OUTPUTS["px4"](node, MavlinkSettings(lock_yaw=False))  # type: ignore[arg-type]
    output.send(Rates(pitch=-0.1, yaw=0.2))
    output.send(Rates())
    control, rates, _ = node.sent["fmu/in/vehicle_command"]
    assert control.command == 1001 and (control.param1, control.param2, control.param3) == (1.0, 191.0, -1.0)
    assert rates.command == 1000 and rates.timestamp == 5_000_000
    assert (rates.param3, rates.param4) == pytest.approx((math.degrees(-0.1), math.degrees(0.2)))
    assert math.isnan(rates.param1) and rates.param5 == 4 + 8
    assert rates.from_external and (rates.source_system, rates.source_component) == (1, 191)


@pytest.mark.parametrize("output", ["mavros", "mavros_service", "px4"])
def test_control_that_was_asked_for_is_given_back(output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "mavros_msgs.msg", "GimbalManagerSetPitchyaw")
    install(monkeypatch, "mavros_msgs.srv", "GimbalManagerConfigure", "GimbalManagerPitchyaw")
    install(monkeypatch, "px4_msgs.msg", "VehicleCommand")

    def given_to(*, hears: bool, alive: bool = True) -> list[tuple[float, ...]]:
        """To whom control is given by an output that sends two rates, is claimed anew and closed."""
        node = FakeNode()
        node.is_there = hears
        made = outputs.OUTPUTS[output](node, MavlinkSettings())  # type: ignore[arg-type]
        made.send(Rates())
        made.send(Rates(0.1, 0.0))
        made.claim()
        node.context = SimpleNamespace(ok=lambda: alive)
        made.close()
        commands = [one for one in node.sent.get("fmu/in/vehicle_command", []) if one.command == 1001]
        asked = node.sent.get("mavros/gimbal_control/manager/configure", [])
        fields = ("sysid_primary", "compid_primary", "sysid_secondary", "compid_secondary")
        return [tuple(getattr(one, name) for name in fields) for one in asked] + [
            (one.param1, one.param2, one.param3, one.param4) for one in commands
        ]

    assert given_to(hears=True) == [(1, 191, -1, -1), (-3, -3, -1, -1)]
    assert given_to(hears=False) == [], "nobody has given it control"
    assert given_to(hears=True, alive=False) == [(1, 191, -1, -1)], "nothing can be sent any more"


@pytest.mark.parametrize(
    ("output", "package"), [("mavros", "mavros_msgs"), ("mavros_service", "mavros_msgs"), ("px4", "px4_msgs")]
)
def test_an_output_without_its_package_names_it(
    output: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(OutputError, match=f"'{output}' needs the ROS package {package}"):
        outputs.OUTPUTS[output](FakeNode(), MavlinkSettings())  # type: ignore[arg-type]
    install(monkeypatch, f"{package}.msg")
    install(monkeypatch, f"{package}.srv")
    with pytest.raises(OutputError, match=f"needs a newer {package}"):
        outputs.OUTPUTS[output](FakeNode(), MavlinkSettings())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        (
            "output:=servo",
            "parameter 'output' must be one of vector3, mavros, mavros_service, px4, mavlink, got 'servo'",
        ),
        ("control.kp:=-1.0", "control.kp"),
        ("control.gain:=1.0", "unknown parameter 'control.gain'"),
        ("mavlink.source_component:=0", "mavlink.source_component"),
    ],
)
def test_bad_parameters_end_the_program_with_a_reason(
    parameter: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gimbal.main(["--ros-args", "-p", parameter]) == 2
    assert message in capsys.readouterr().err
