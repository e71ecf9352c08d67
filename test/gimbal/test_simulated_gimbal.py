# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The units of rates, and the simulated gimbal."""

from __future__ import annotations

import math

import pytest

from tracker_ros.gimbal.controller import Rates
from tracker_ros.gimbal.simulated import GimbalModel, SimulatedGimbal
from tracker_ros.gimbal.units import RATE_UNITS, convert


def test_units_are_those_of_the_dialect() -> None:
    """The streamed message is in radians, says pymavlink's dialect; commands count in degrees."""
    common = pytest.importorskip("pymavlink.dialects.v20.common")
    units = common.MAVLink_gimbal_manager_set_pitchyaw_message.fieldunits_by_name
    assert units["pitch_rate"] == units["yaw_rate"] == f"{RATE_UNITS['mavros']}/s"
    assert common.MAV_CMD_DO_GIMBAL_MANAGER_PITCHYAW == 1000
    radians = dict.fromkeys(("vector3", "mavros", "mavlink"), "rad")
    assert RATE_UNITS == {**radians, "mavros_service": "deg", "px4": "deg"}
    assert convert(math.pi / 2, "deg") == 90.0 and convert(0.25, "rad") == 0.25


def test_simulated_gimbal_answers_a_step_as_its_model_says() -> None:
    """Nothing for the delay, then 1 - exp(-t / lag) of the rate."""
    model = GimbalModel(delay=0.05, lag=0.1, max_rate_deg=90.0, max_acceleration_deg=10000.0)
    gimbal = SimulatedGimbal(model, 0.0, -1.0)
    gimbal.command(0.0, Rates(yaw=0.5))
    gimbal.advance(0.05)
    assert gimbal.yaw == pytest.approx(0.0, abs=2e-3)
    gimbal.advance(0.35)
    expected = 0.5 * (0.3 - 0.1 * (1 - math.exp(-3.0)))
    assert gimbal.yaw == pytest.approx(expected, abs=2e-3) and gimbal.pitch == -1.0


def test_simulated_gimbal_has_limits_and_stops() -> None:
    gimbal = SimulatedGimbal(
        GimbalModel(delay=0.0, lag=0.001, max_rate_deg=20.0, max_acceleration_deg=100.0), 0.0, -1.0
    )
    gimbal.command(0.0, Rates(pitch=-9.0, yaw=9.0))
    gimbal.advance(0.1)
    assert gimbal.yaw == pytest.approx(math.radians(0.5 * 100 * 0.1**2), rel=0.1)
    gimbal.advance(1.1)
    assert gimbal.yaw == pytest.approx(math.radians(20 * 1.0), rel=0.05)
    gimbal.advance(10.0)
    assert gimbal.pitch == pytest.approx(math.radians(-88.0))
    before = gimbal.attitude
    gimbal.advance(5.0)
    assert gimbal.attitude == before
