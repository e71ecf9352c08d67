# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Who commands a gimbal over MAVLink: control, rates, attitudes, and whose messages count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pymavlink", reason="pymavlink is not installed")

from mavlink_helpers import wire  # noqa: E402
from pymavlink.dialects.v20 import common as mav  # noqa: E402

from tracker_ros.mavlink.gimbal import Address, GimbalClient  # noqa: E402
from tracker_ros.mavlink.gimbal_attitude import Attitude, AttitudeError, BootClock, attitude_of  # noqa: E402

MANAGER, PILOT, STRANGER, DEVICE = (1, 154), (255, 190), (2, 154), (1, 171)
OURS = (1, 191)
CONFIGURE, INTERVAL = mav.MAV_CMD_DO_GIMBAL_MANAGER_CONFIGURE, mav.MAV_CMD_SET_MESSAGE_INTERVAL
ACCEPTED, DENIED = mav.MAV_RESULT_ACCEPTED, mav.MAV_RESULT_DENIED
EARTH, VEHICLE, LOCK = 64, 32, 16


class Client:
    """A client that hears what the test says, and what it sent and told."""

    def __init__(self, component: int = 154, device: int = 0, rate: float = 50.0):
        self.told: list[str] = []
        self.attitudes: list[tuple[Attitude, float]] = []
        address = Address(1, component, *OURS, device)
        self.rate = rate
        self.client = GimbalClient(
            address,
            28,
            lambda attitude, age: self.attitudes.append((attitude, age)),
            self.told.append,
            lambda: self.rate,
        )

    def poll(self, now: float) -> list[Any]:
        """What is sent, but for heartbeats, as the receiver sees it."""
        sent = [wire(message, OURS) for message in self.client.poll(now)]
        return [message for message in sent if message.get_type() != "HEARTBEAT"]

    def hears(self, message: Any, now: float, sender: tuple[int, int] = MANAGER) -> None:
        assert self.client.handle(wire(message, sender), now) == []

    def in_control(self) -> Client:
        self.client.claim()
        self.poll(0.0)
        self.hears(ack(ACCEPTED), 0.1)
        self.told.clear()
        return self

    def rates(self, now: float, pitch: float = 0.1, yaw: float = -0.2) -> list[Any]:
        self.client.command(pitch, yaw, now)
        return self.poll(now)


def ack(result: int, command: int = CONFIGURE, to: tuple[int, int] = OURS) -> Any:
    return mav.MAVLink_command_ack_message(command, result, 0, 0, *to)


def status(primary: tuple[int, int], device: int = 171) -> Any:
    return mav.MAVLink_gimbal_manager_status_message(0, 28, device, *primary, 0, 0)


def attitude(
    q: tuple[float, ...] = (1, 0, 0, 0), flags: int = EARTH, boot: int = 0, failures: int = 0, **more: Any
) -> Any:
    return mav.MAVLink_gimbal_device_attitude_status_message(
        0, 0, boot, flags, q, math.nan, math.nan, math.nan, failures, **more
    )


def test_control_is_asked_for_until_somebody_answers_and_no_rates_are_sent_before() -> None:
    client = Client(device=3)
    assert client.rates(0.0) == [], "nobody claimed the gimbal"
    client.client.claim()
    asked, often = client.rates(0.1)
    assert (asked.command, asked.confirmation, asked.target_system, asked.target_component) == (
        CONFIGURE, 0, 1, 154,
    )  # fmt: skip
    assert [getattr(asked, f"param{i}") for i in (1, 2, 3, 4, 7)] == [1, 191, -1, -1, 3]
    assert (often.command, often.param1, often.param2) == (INTERVAL, 285, 20000)
    assert client.rates(0.9) == []
    again = client.rates(1.2)
    assert [(m.command, m.confirmation) for m in again] == [(CONFIGURE, 1), (INTERVAL, 1)]
    for result in (mav.MAV_RESULT_IN_PROGRESS, mav.MAV_RESULT_TEMPORARILY_REJECTED):
        client.hears(ack(result), 1.3)
    assert client.rates(1.4) == [] and client.told == []
    client.hears(ack(ACCEPTED), 1.5)
    (sent,) = client.rates(1.6)
    assert sent.get_type() == "GIMBAL_MANAGER_SET_PITCHYAW" and sent.flags == 28
    assert (sent.target_system, sent.target_component, sent.gimbal_device_id) == (1, 154, 3)
    assert (sent.pitch_rate, sent.yaw_rate) == pytest.approx((0.1, -0.2))
    assert math.isnan(sent.pitch) and math.isnan(sent.yaw), "no angles"
    assert client.told == ["in control of the gimbal"] and client.poll(1.61) == [], "once each"


def test_a_refusal_ends_it_with_the_managers_word() -> None:
    client = Client()
    client.client.claim()
    client.poll(0.0)
    client.hears(ack(DENIED), 0.1)
    assert client.told == ["no control of the gimbal: the manager answered DENIED"]
    assert client.rates(0.2) == client.rates(5.0) == []


@pytest.mark.parametrize(
    ("message", "sender"),
    [
        (ack(ACCEPTED), STRANGER),
        (ack(ACCEPTED), (1, 1)),  # another component of that system
        (ack(ACCEPTED, to=PILOT), MANAGER),
        (ack(ACCEPTED, INTERVAL), MANAGER),
        (status(OURS), STRANGER),
    ],
)
def test_what_is_not_the_managers_word_to_us_gives_no_control(message: Any, sender: tuple[int, int]) -> None:
    client = Client()
    client.client.claim()
    client.poll(0.0)
    client.hears(message, 0.1, sender)
    assert client.rates(0.2) == [] and client.told == []


def test_a_manager_that_shows_us_in_control_has_answered() -> None:
    client = Client()
    client.client.claim()
    client.poll(0.0)
    client.hears(status(OURS), 0.1)
    assert len(client.rates(0.2)) == 1


def test_a_pilot_who_takes_control_keeps_it_until_the_next_claim() -> None:
    client = Client().in_control()
    client.hears(status(PILOT), 0.5)
    assert len(client.rates(0.6)) == 1, "the status may be from before"
    client.hears(status(PILOT), 2.0, STRANGER)
    assert len(client.rates(2.0)) == 1
    client.hears(status(PILOT), 2.1)
    assert client.rates(2.2) == client.rates(10.0) == []
    assert client.told == ["system 255, component 190 took control of the gimbal"]
    client.client.claim()
    assert [m.command for m in client.poll(11.0)] == [CONFIGURE, INTERVAL]


def test_a_manager_that_was_started_again_is_asked_again() -> None:
    client = Client().in_control()
    client.hears(status((0, 0)), 5.0)
    assert [m.command for m in client.rates(5.1)] == [CONFIGURE, INTERVAL]
    assert client.told == ["nobody controls the gimbal any more: asking for control again"]


def test_another_gimbals_status_says_nothing() -> None:
    client = Client(device=171).in_control()
    client.hears(status(PILOT, device=172), 5.0)
    assert len(client.rates(5.1)) == 1


def test_a_stuck_node_stops_the_gimbal_once() -> None:
    client = Client().in_control()
    assert len(client.rates(1.0)) == 1
    assert client.poll(1.2) == []
    (stop,) = client.poll(1.4)
    assert (stop.pitch_rate, stop.yaw_rate) == (0.0, 0.0)
    assert client.told == ["no rates for 0.3 s: the gimbal is stopped"]
    assert client.poll(5.0) == []
    # What waited while the line was down is not sent when it is back.
    client.client.command(0.5, 0.5, 6.0)
    assert client.poll(9.0) == []
    assert len(client.rates(9.1)) == 1
    assert len(client.rates(9.2, 0.0, 0.0)) == 1 and client.poll(12.0) == [], "it is at rest already"


@pytest.mark.parametrize(("rate", "limit"), [(1.0, 2.0), (3.0, 2 / 3), (5.0, 0.4), (500.0, 0.3)])
def test_a_gimbal_is_not_stopped_between_the_commands_of_a_low_rate(rate: float, limit: float) -> None:
    client = Client(rate=rate).in_control()
    sent = []
    for command in range(5):
        now = 1.0 + command / rate
        sent += client.rates(now) + client.poll(now + 0.99 / rate)
    assert [message.pitch_rate for message in sent] == pytest.approx([0.1] * 5) and client.told == []
    assert client.poll(now + limit - 0.01) == []
    (stop,) = client.poll(now + limit + 0.01)
    assert stop.pitch_rate == 0.0 and client.told == [f"no rates for {limit:g} s: the gimbal is stopped"]


def test_a_rate_that_changes_in_flight_changes_the_limit() -> None:
    client = Client(rate=1.0).in_control()
    client.rates(1.0)
    assert client.poll(2.9) == []
    client.rates(3.0)
    client.rate = 50.0
    assert len(client.poll(3.35)) == 1


def test_at_the_end_the_gimbal_rests_and_control_is_given_back() -> None:
    client = Client().in_control()
    client.rates(1.0)
    client.client.release()
    stop, back = client.poll(1.1)
    assert (stop.pitch_rate, stop.yaw_rate) == (0.0, 0.0)
    assert back.command == CONFIGURE and [back.param1, back.param2, back.param3] == [-3, -3, -1]
    assert client.rates(1.2) == []
    other = Client()
    other.client.release()
    assert other.poll(0.0) == [], "what is not held is not given back"


@pytest.mark.parametrize(
    "answer",
    [None, ack(mav.MAV_RESULT_IN_PROGRESS), ack(DENIED), status(PILOT)],
    ids=["none", "in progress", "denied", "a pilot"],
)
def test_control_that_was_asked_for_is_given_back_whatever_the_answer(answer: Any) -> None:
    client = Client()
    client.client.claim()
    client.poll(0.0)
    if answer is not None:
        client.hears(answer, 0.02)
    client.client.release()
    (back,) = client.poll(0.05)
    assert back.command == CONFIGURE and [back.param1, back.param2] == [-3, -3]
    client.hears(ack(ACCEPTED), 0.1)
    assert client.rates(0.2) == [], "an answer that comes later gives no control"
    client.client.release()
    assert client.poll(0.3) == [], "once is enough"


def test_a_request_that_never_went_out_is_not_taken_back() -> None:
    client = Client()
    client.client.claim()
    client.client.release()
    assert client.poll(0.0) == [] and client.poll(2.0) == []


def test_a_heartbeat_a_second() -> None:
    client = Client()
    beats = [now / 10 for now in range(31) if client.client.poll(now / 10)]
    assert beats == [0.0, 1.0, 2.0, 3.0]
    assert client.client.due() == pytest.approx(3.01)


# -- attitudes ---------------------------------------------------------------------------------------


def quaternion(roll: float, pitch: float, yaw: float) -> tuple[float, ...]:
    """By half angles about each axis (z, then y, then x), multiplied out as matrices of quaternions."""
    found = np.array([1.0, 0, 0, 0])
    for axis, angle in ((3, yaw), (2, pitch), (1, roll)):
        turn = np.zeros(4)
        turn[0], turn[axis] = math.cos(angle / 2), math.sin(angle / 2)
        w, x, y, z = found
        found = np.array([[w, -x, -y, -z], [x, w, -z, y], [y, z, w, -x], [z, -y, x, w]]) @ turn
    return tuple(found.tolist())


@pytest.mark.parametrize(
    ("flags", "delta", "of_earth", "yaw"),
    [
        (EARTH, math.nan, True, 0.5),
        (EARTH, 1.0, True, 0.5),
        (LOCK, math.nan, True, 0.5),
        (VEHICLE, math.nan, False, 0.5),
        (VEHICLE | LOCK, math.nan, False, 0.5),
        (0, math.nan, False, 0.5),
        (VEHICLE, 0.0, False, 0.5),
        (VEHICLE, 1.0, True, 1.5),
        (0, -2.0, True, -1.5),
    ],
)
def test_yaw_counts_from_north_where_the_message_allows_that(
    flags: int, delta: float, of_earth: bool, yaw: float
) -> None:
    found = attitude_of(wire(attitude(quaternion(0.1, -0.4, 0.5), flags, delta_yaw=delta)))
    assert found.of_earth is of_earth
    assert found[:4] == pytest.approx(quaternion(0.1, -0.4, yaw), abs=1e-6)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (attitude((0, 0, 0, 0)), "is no rotation"),
        (attitude((math.nan, 0, 0, 1)), "is no rotation"),
        (attitude((9, 0, 0, 0)), "is no rotation"),
        (attitude(failures=8), "reports ENCODER_ERROR"),
        (attitude(failures=32 + 1), "reports MOTOR_ERROR$"),
        (attitude(failures=1 << 20), "reports 0x100000"),
    ],
)
def test_an_attitude_that_must_not_be_used_says_why(message: Any, words: str) -> None:
    with pytest.raises(AttitudeError, match=words):
        attitude_of(wire(message))


def test_a_gimbal_at_its_limits_is_none_that_failed() -> None:
    assert attitude_of(wire(attitude(failures=7)))[:4] == (1, 0, 0, 0)


def test_attitudes_come_with_their_age_and_of_one_gimbal_of_one_system() -> None:
    client = Client()
    for step in range(100):
        late = 0.02 + (step % 7) / 100
        client.hears(attitude(boot=1000 + 20 * step), 50 + 0.02 * step + late, DEVICE)
        client.hears(attitude((0, 1, 0, 0), boot=5), 50 + 0.02 * step + late, (1, 172))
        client.hears(attitude((0, 0, 1, 0), boot=5), 50 + 0.02 * step + late, (2, 171))
    assert len(client.attitudes) == 100 and all(found.w == 1 for found, _ in client.attitudes)
    assert [age for _, age in client.attitudes] == pytest.approx(
        [(s % 7) / 100 for s in range(100)], abs=1e-6
    )
    client.hears(attitude((0, 1, 0, 0), boot=5), 60.0, (1, 172))  # the first has fallen silent
    assert client.attitudes[-1][0].x == 1 and client.told == []


def test_the_asked_for_gimbal_is_heard_by_its_number_or_component() -> None:
    client = Client(device=2)
    client.hears(attitude(), 1.0, DEVICE)
    client.hears(attitude(gimbal_device_id=1), 1.0, MANAGER)
    assert client.attitudes == []
    client.hears(attitude(gimbal_device_id=2), 1.0, MANAGER)
    assert len(client.attitudes) == 1


def test_a_yaw_that_counts_from_elsewhere_all_at_once_is_not_used() -> None:
    client = Client()
    client.hears(attitude(flags=EARTH, boot=20), 1.0, DEVICE)
    for boot in (40, 60):
        client.hears(attitude(flags=VEHICLE, boot=boot, delta_yaw=math.nan), 1.0, DEVICE)
    assert len(client.attitudes) == 1
    assert client.told == [
        "the gimbal's attitude is not used: its yaw counts from another direction than before"
    ]
    client.hears(attitude(flags=EARTH, boot=80), 1.1, DEVICE)
    assert len(client.attitudes) == 2


def test_the_clock_of_a_gimbal_that_was_started_again_or_slows_down_is_learnt_anew() -> None:
    clock = BootClock()
    assert clock.age(100.0, 1000.0) == 0.0
    assert clock.age(100.5, 1002.0) == pytest.approx(1.5), "a message that was held up is old"
    assert clock.age(0.1, 1003.0) == 0.0, "started again"
    assert clock.age(0.2, 1003.4) == pytest.approx(0.3)
    # Ten seconds later the fastest message of back then counts no more.
    assert clock.age(9.9, 1013.3) == pytest.approx(0.2)
