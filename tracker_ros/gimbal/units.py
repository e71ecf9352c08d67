# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Units of gimbal rates by receiver. MAVLink uses degrees in commands, radians in messages."""

from __future__ import annotations

import math

RADIANS, DEGREES = "rad", "deg"
RATE_UNITS = {
    "vector3": RADIANS,  # ~/rate, geometry_msgs/Vector3Stamped: SI, as REP 103 asks
    "mavros": RADIANS,  # gimbal_control/manager/set_pitchyaw: GIMBAL_MANAGER_SET_PITCHYAW (287)
    "mavros_service": DEGREES,  # gimbal_control/manager/pitchyaw: MAV_CMD_DO_GIMBAL_MANAGER_PITCHYAW (1000)
    "mavlink": RADIANS,  # GIMBAL_MANAGER_SET_PITCHYAW itself
    "px4": DEGREES,  # VehicleCommand 1000, the same command
}
"""Unit of an angular rate, by output. All of them count pitch positive up and yaw positive to the right."""


def convert(rate: float, unit: str) -> float:
    """Return a rate in radians a second in `unit` a second."""
    return math.degrees(rate) if unit == DEGREES else rate
