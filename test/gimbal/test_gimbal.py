# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The controller, against independent references and clocks that are not to be trusted."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker_ros.gimbal import attitude as att
from tracker_ros.gimbal.controller import Axis, Controller, Rates
from tracker_ros.gimbal.settings import ControlSettings
from tracker_ros.optics.camera import Camera

ANGLES = st.floats(-3.1, 3.1)
TIMES = st.floats(-1.0, 5.0)
ANYTHING = st.floats(allow_nan=True, allow_infinity=True)


def test_an_axis_is_a_pid_with_feedforward() -> None:
    axis = Axis(
        ControlSettings(
            kp=2.0,
            ki=0.5,
            kd=0.1,
            feedforward=0.8,
            deadband_deg=0.0,
            max_rate_deg=360.0,
            max_acceleration_deg=10000.0,
        )
    )
    assert axis.step(0.1, 0.2, 0.02) == pytest.approx(2 * 0.1 + 0.8 * 0.2)
    assert axis.step(0.14, 0.2, 0.02) == pytest.approx(
        2 * 0.14 + 0.5 * 0.1 * 0.02 + 0.1 * 0.04 / 0.02 + 0.8 * 0.2
    )


def test_deadband_has_no_step() -> None:
    quick = {"ki": 0.0, "max_acceleration_deg": 10000.0}
    for error_deg, left_deg in ((0.5, 0.0), (-0.99, 0.0), (1.001, 0.001), (-1.5, -0.5)):
        axis = Axis(ControlSettings(kp=2.0, deadband_deg=1.0, **quick))
        assert axis.step(math.radians(error_deg), 0.0, 0.1) == pytest.approx(2 * math.radians(left_deg))


def test_integral_does_not_wind_up() -> None:
    """After a long time at the limit the command leaves it as soon as the error turns."""
    axis = Axis(
        ControlSettings(kp=2.0, ki=5.0, deadband_deg=0.0, max_rate_deg=30.0, max_acceleration_deg=10000.0)
    )
    for _ in range(500):
        assert axis.step(1.0, 0.0, 0.02) <= math.radians(30) + 1e-12
    assert axis.step(-0.01, 0.0, 0.02) < 0.05


@given(
    st.floats(1, 90),
    st.floats(10, 900),
    st.lists(
        st.tuples(st.sampled_from(["step", "brake"]), ANYTHING, ANYTHING, st.floats(-0.1, 1.0)), max_size=30
    ),
)
def test_an_axis_keeps_its_limits_whatever_happens(
    rate: float, slew: float, calls: list[tuple[str, float, float, float]]
) -> None:
    axis = Axis(ControlSettings(kd=0.5, max_rate_deg=rate, max_acceleration_deg=slew))
    before = 0.0
    for what, error, feedforward, elapsed in calls:
        now = axis.step(error, feedforward, elapsed) if what == "step" else axis.brake(elapsed)
        assert math.isfinite(now) and abs(now) <= math.radians(rate) * (1 + 1e-9)
        assert abs(now - before) <= math.radians(slew) * max(elapsed, 0.0) + 1e-9
        before = now


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["see", "coast", "lose", "attitude"]), TIMES, ANGLES, st.floats(-1.57, 1.57)
        ),
        max_size=30,
    )
)
def test_commands_are_finite_limited_and_end(events: list[tuple[str, float, float, float]]) -> None:
    values = ControlSettings(timeout=0.4, max_rate_deg=40.0, max_acceleration_deg=200.0)
    controller, before, now = Controller(values), Rates(), 0.0
    last = -math.inf
    for what, at, a, b in events:
        if what == "see":
            controller.sight.observe(at, att.Direction(a, b))
            last = max(last, at)
        elif what == "attitude":
            controller.attitudes.add(at, att.from_yaw_pitch(a, b))
        else:
            controller.sight.coast(at) if what == "coast" else controller.sight.lose(at)
        now += 0.05
        before = _checked(controller.step(now, 0.05), before, values, 0.05)
    # From the timeout of the last detection on, braking takes as long as the slew limit needs.
    now = max(now, last + values.timeout) + 1e-6
    for _ in range(math.ceil(40.0 / 200.0 / 0.05) + 1):
        now += 0.05
        before = _checked(controller.step(now, 0.05), before, values, 0.05)
    assert before == Rates(0.0, 0.0)


def _checked(rates: Rates, before: Rates, values: ControlSettings, elapsed: float) -> Rates:
    for rate, old in zip(rates, before, strict=True):
        assert math.isfinite(rate) and abs(rate) <= math.radians(values.max_rate_deg) * (1 + 1e-9)
        assert abs(rate - old) <= math.radians(values.max_acceleration_deg) * elapsed * (1 + 1e-9)
    return rates


def pointed(azimuth: float, elevation: float, **values: Any) -> Rates:
    """What is commanded to a gimbal that looks along the x axis when the target stands there."""
    controller = Controller(ControlSettings(max_acceleration_deg=10000.0, **values))
    controller.attitudes.add(0.0, att.from_yaw_pitch(0.0, 0.0))
    controller.sight.observe(0.0, att.Direction(azimuth, elevation))
    return controller.step(0.02, 0.02)


def test_signs() -> None:
    """A target up and to the right in the image: pitch up and yaw to the right are positive."""
    camera = Camera(700.0, 690.0, 320.5, 236.5)
    bearing = att.direction(att.from_optical(camera.ray(400.0, 100.0)))
    assert bearing.azimuth > 0 < bearing.elevation
    rates = pointed(*bearing)
    assert rates.yaw > 0 < rates.pitch
    assert pointed(-0.1, -0.1).yaw < 0 > pointed(-0.1, -0.1).pitch


def test_straight_down_yaw_is_calm() -> None:
    assert abs(pointed(2.0, -math.pi / 2, max_rate_deg=700.0).yaw) < 1e-9


def test_latency_is_compensated_by_what_the_target_does_meanwhile() -> None:
    """A detection 0.1 s old of a target at 0.5 rad/s: the aim lies 0.05 rad farther."""
    errors = []
    for compensated in (True, False):
        controller = Controller(
            ControlSettings(
                kp=1.0,
                ki=0.0,
                feedforward=0.0,
                deadband_deg=0.0,
                max_acceleration_deg=10000.0,
                latency_compensation=compensated,
            )
        )
        for step in range(21):
            controller.attitudes.add(step / 20, att.from_yaw_pitch(0.0, 0.0))
            controller.sight.observe(step / 20 - 0.1, att.Direction(0.5 * (step / 20 - 0.1), 0.0))
        errors.append(controller.step(1.0, 0.02).yaw)
    assert errors == pytest.approx([0.5, 0.45], abs=1e-6)


def test_nothing_is_commanded_without_an_attitude() -> None:
    controller = Controller(ControlSettings())
    assert controller.problem(0.0) == "no target"
    controller.sight.observe(0.0, att.Direction(0.2, 0.1))
    assert controller.step(0.02, 0.02) == Rates()
    assert "attitude is not known" in controller.problem(0.02)
    assert "2.0 s old" in controller.problem(2.0) and "3.0 s ahead" in controller.problem(-3.0)
    controller.attitudes.add(0.0, att.from_yaw_pitch(0.0, 0.0))
    assert controller.problem(0.02) == ""


def seconds_of_motion(now: Callable[[float], float], ahead: float = 0.0) -> float:
    """How long rates are commanded after the last of thirty detections, by a steady clock.

    Args:
        now: what the node's clock shows after so many seconds.
        ahead: seconds by which stamps, of detections and attitudes, are ahead of the clock.
    """
    controller = Controller(ControlSettings())
    for step in range(200):
        elapsed = step * 0.02
        if step < 30:
            controller.attitudes.add(elapsed + ahead, att.from_yaw_pitch(0.0, 0.0))
            controller.sight.observe(elapsed + ahead, att.Direction(0.5, 0.1), "a")
        rates = controller.step(now(elapsed), 0.02)
        assert step != 29 or rates.yaw > 0.5, "it points while there are detections"
        if step > 29 and rates == Rates():
            return elapsed - 29 * 0.02
    raise AssertionError("it never stops")


@pytest.mark.parametrize(
    ("now", "ahead"),
    [
        pytest.param(lambda t: t, 0.0, id="a clock that goes"),
        pytest.param(lambda t: min(t, 0.6), 0.0, id="simulated time that stands still"),
        pytest.param(lambda t: t if t < 0.6 else t - 0.45, 0.0, id="a clock that is set back"),
        pytest.param(lambda t: t if t < 0.6 else t + 0.3, 0.0, id="a clock that is set forth"),
        pytest.param(lambda t: t, 0.45, id="stamps that are ahead"),
        pytest.param(lambda t: t / 10, 0.0, id="a slow simulation"),
    ],
)
def test_the_gimbal_stops_in_time_by_a_steady_clock(now: Callable[[float], float], ahead: float) -> None:
    """The timeout of 0.5 s, and at most 0.2 s to brake from full speed."""
    assert seconds_of_motion(now, ahead) <= 0.7 + 1e-9


def test_after_the_clock_was_set_back_new_detections_count_at_once() -> None:
    controller = Controller(ControlSettings())
    for step in range(60):
        now = step * 0.02 if step < 30 else step * 0.02 - 0.45
        controller.attitudes.add(now, att.from_yaw_pitch(0.0, 0.0))
        controller.sight.observe(now, att.Direction(0.5, 0.1), "a")
        rates = controller.step(now, 0.02)
    assert rates.yaw > 0.5 and controller.problem(now) == ""


def test_what_is_taken_back_does_not_prolong_the_motion() -> None:
    """While the tracker coasts and simulated time stands still, each frame's box comes and is taken back."""
    controller = Controller(ControlSettings())
    controller.attitudes.add(0.0, att.from_yaw_pitch(0.0, 0.0))
    controller.sight.observe(0.0, att.Direction(0.5, -0.5), "a")
    for step in range(1, 40):
        controller.sight.observe(0.001 * step, att.Direction(0.5, -0.5), "a")
        controller.sight.coast(0.001 * step)
        rates = controller.step(0.04, 0.02)
    assert rates == Rates()


def test_attitudes_in_pairs_do_not_amplify_their_noise() -> None:
    """Pairs 0.2 ms apart at 100 Hz with 0.05 degrees of noise, of a gimbal at rest on its target."""
    rng = random.Random(3)
    controller = Controller(ControlSettings())
    squares, due = [], 0.0
    for step in range(1, 1500):
        now = step * 0.02
        while due < now - 0.003:  # they take three milliseconds to arrive
            for at in (due, due + 0.0002):
                noise = [math.radians(rng.gauss(0, 0.05)) for _ in range(2)]
                controller.attitudes.add(at, att.from_yaw_pitch(noise[0], noise[1]))
            due += 0.01
        controller.sight.observe(now, att.Direction(0.0, 0.0), "a")
        rates = controller.step(now, 0.02)
        squares += [math.degrees(rate) ** 2 for rate in rates]
    assert math.sqrt(sum(squares) / len(squares)) < 1.0


def test_a_turn_goes_on_for_a_short_time_only() -> None:
    history = att.AttitudeHistory()
    for step in range(11):
        history.add(step * 0.01, att.from_yaw_pitch(step * 0.02, 0.0))
    for ahead, yaw in ((0.02, 0.24), (0.1, 0.4), (0.25, 0.4)):
        attitude = history.at(0.1 + ahead)
        assert attitude is not None
        assert att.direction(att.rotate(attitude, att.FORWARD)).azimuth == pytest.approx(yaw)
    assert history.at(0.45) is None
