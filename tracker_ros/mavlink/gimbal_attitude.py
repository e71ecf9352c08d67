# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Decode GIMBAL_DEVICE_ATTITUDE_STATUS (285): the gimbal's attitude, and its time."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from pymavlink.dialects.v20 import common as mav

from tracker_ros.mavlink.messages import Message

REMEMBERED = 10.0
"""Seconds over which the fastest message tells how two clocks differ."""
_HARMLESS = (
    mav.GIMBAL_DEVICE_ERROR_FLAGS_AT_ROLL_LIMIT
    | mav.GIMBAL_DEVICE_ERROR_FLAGS_AT_PITCH_LIMIT
    | mav.GIMBAL_DEVICE_ERROR_FLAGS_AT_YAW_LIMIT
)


class AttitudeError(ValueError):
    """An attitude that must not be used. The message says why."""


class Attitude(NamedTuple):
    """Rotation from the camera's axes (forward, right, down) to a level frame; of unit length.

    Attributes:
        of_earth: whether yaw counts from north; else from the vehicle's nose.
    """

    w: float
    x: float
    y: float
    z: float
    of_earth: bool


def attitude_of(status: Message) -> Attitude:
    """Return the attitude, with yaw from north where the message allows that.

    A yaw in the vehicle's frame becomes one from north by ``delta_yaw``. Where none of the flags that name
    a frame is set, the protocol counts yaw from north with YAW_LOCK, and else from the vehicle's nose.

    Raises:
        AttitudeError: for one that is no rotation, or of a gimbal that reports a failure.
    """
    if failures := status.failure_flags & ~_HARMLESS:
        raise AttitudeError(f"the gimbal reports {_names(failures)}")
    length = math.sqrt(sum(value * value for value in status.q))
    if not 0.5 < length < 2.0:  # not so for NaN
        raise AttitudeError(f"({', '.join(f'{value:g}' for value in status.q)}) is no rotation")
    w, x, y, z = (value / length for value in status.q)
    named = mav.GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME | mav.GIMBAL_DEVICE_FLAGS_YAW_IN_VEHICLE_FRAME
    is_earth = mav.GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME
    if not status.flags & named:
        is_earth = mav.GIMBAL_DEVICE_FLAGS_YAW_LOCK
    if status.flags & is_earth:
        return Attitude(w, x, y, z, True)
    # Zero is what senders that do not know the field seem to send.
    if not math.isfinite(status.delta_yaw) or status.delta_yaw == 0.0:
        return Attitude(w, x, y, z, False)
    c, s = math.cos(status.delta_yaw / 2), math.sin(status.delta_yaw / 2)
    return Attitude(c * w - s * z, c * x - s * y, c * y + s * x, c * z + s * w, True)


def _names(failures: int) -> str:
    known = mav.enums["GIMBAL_DEVICE_ERROR_FLAGS"]
    found = [entry.name for bit, entry in known.items() if failures & bit and not bit & (bit - 1)]
    return ", ".join(name.removeprefix("GIMBAL_DEVICE_ERROR_FLAGS_") for name in found) or f"{failures:#x}"


class BootClock:
    """Ages of messages whose stamps count from the start of their sender.

    The message that arrived fastest in the last seconds tells how the two clocks differ: what another one
    arrives later than that it was on its way, or waited.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()
        self._boot = -math.inf

    def age(self, boot: float, now: float) -> float:
        """Return the age in seconds of what was stamped `boot` and arrives `now`; 0 for the fastest."""
        offset = now - boot
        if boot < self._boot - REMEMBERED:  # the sender was started again
            self._seen.clear()
        self._boot = boot
        while self._seen and self._seen[0][0] < now - REMEMBERED:
            self._seen.popleft()
        # As many as rise towards the newest: the first is the smallest.
        while self._seen and self._seen[-1][1] >= offset:
            self._seen.pop()
        self._seen.append((now, offset))
        return offset - self._seen[0][1]
