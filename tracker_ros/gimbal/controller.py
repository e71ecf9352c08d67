# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Rate commands that bring the optical axis onto the line of sight and keep it there."""

from __future__ import annotations

import math
from typing import NamedTuple

from tracker_ros.gimbal.attitude import FORWARD, AttitudeHistory, difference, direction, rotate
from tracker_ros.gimbal.settings import ControlSettings
from tracker_ros.gimbal.sight import LineOfSight, Sight

LONGEST_STEP = 0.2
"""Seconds: after a stall the command changes no more than in this time."""
CLOCK_STEP = 0.05
"""Seconds: when time goes back by more, the clock was set, and stamps from before mean nothing."""
STEEP = math.cos(math.radians(80.0))
"""Cosine of an elevation: nearer to the vertical, where an azimuth means little, yaw is commanded less."""


class Rates(NamedTuple):
    """Radians a second; pitch positive up, yaw positive to the right."""

    pitch: float = 0.0
    yaw: float = 0.0


class Axis:
    """PID with feed-forward for one axis. Whatever comes in, `rate` keeps the limits of rate and slew."""

    def __init__(self, settings: ControlSettings):
        self.tune(settings)
        self.rate = 0.0
        self._integral = 0.0
        self._error: float | None = None

    def tune(self, settings: ControlSettings) -> None:
        """Use other settings from the next step on; rate and integral stay as they are."""
        self._settings = settings
        self._deadband = math.radians(settings.deadband_deg)
        self._max_rate = math.radians(settings.max_rate_deg)
        self._max_acceleration = math.radians(settings.max_acceleration_deg)

    def step(self, error: float, feedforward: float, elapsed: float) -> float:
        """Return the rate to command now.

        Args:
            error: angle to turn through, radians.
            feedforward: rate of the line of sight, radians a second.
            elapsed: seconds since the last step.
        """
        if not math.isfinite(error + feedforward) or elapsed <= 0:
            return self.rate if elapsed <= 0 else self.brake(elapsed)
        s = self._settings
        # Shrunk rather than cut off: the command has no step at the deadband's edge.
        error = math.copysign(max(abs(error) - self._deadband, 0.0), error)
        slope = 0.0 if self._error is None else (error - self._error) / elapsed
        wanted = s.kp * error + s.ki * self._integral + s.kd * slope + s.feedforward * feedforward
        given = self._approach(wanted, elapsed)
        # While the limits hold the command back, integrating further would only wind up.
        if (wanted - given) * error <= 0:
            self._integral += error * min(elapsed, LONGEST_STEP)
        self._error = error
        return given

    def brake(self, elapsed: float) -> float:
        """Come to rest as fast as the slew limit allows, and forget the past."""
        self._integral, self._error = 0.0, None
        return self._approach(0.0, elapsed)

    def _approach(self, wanted: float, elapsed: float) -> float:
        change = self._max_acceleration * min(max(elapsed, 0.0), LONGEST_STEP)
        wanted = min(max(wanted, -self._max_rate), self._max_rate)
        self.rate = min(max(wanted, self.rate - change), self.rate + change)
        return self.rate


class Controller:
    """Both axes. `sight` is fed with detections and `attitudes` with the gimbal's; `step` commands."""

    def __init__(self, settings: ControlSettings):
        self._settings = settings
        self.sight = LineOfSight(settings.smoothing, settings.timeout)
        self.attitudes = AttitudeHistory(2 * settings.timeout + 1.0)
        self._pitch, self._yaw = Axis(settings), Axis(settings)
        self._now = -math.inf

    def tune(self, settings: ControlSettings) -> None:
        """Use other settings from the next step on; the target is kept."""
        self._settings = settings
        self.sight.tune(settings.smoothing, settings.timeout)
        self.attitudes.tune(2 * settings.timeout + 1.0)
        self._pitch.tune(settings)
        self._yaw.tune(settings)

    def step(self, now: float, elapsed: float) -> Rates:
        """Return the rates at time `now`, `elapsed` seconds of a steady clock after the last step.

        They brake to zero when the last detection is older than ``timeout`` by either clock, when there is
        none, where the gimbal's attitude is not known, and when time was set back.
        """
        self.sight.advance(elapsed)
        if now < self._now - CLOCK_STEP:
            self.sight.restart()
            self.attitudes.clear()
        self._now = now
        aim = self._aim(now)
        if aim is None:
            return Rates(self._pitch.brake(elapsed), self._yaw.brake(elapsed))
        error, sight = aim
        level = min(math.cos(sight.elevation) / STEEP, 1.0)
        return Rates(
            self._pitch.step(error.pitch, sight.elevation_rate, elapsed),
            self._yaw.step(level * error.yaw, level * sight.azimuth_rate, elapsed),
        )

    def problem(self, now: float) -> str:
        """Explain why the gimbal is not pointed now; '' while it is."""
        sight = self.sight.newest
        if sight is None:
            return "no target"
        if self.sight.confirmed(now) is None:
            return f"the target's stamps are {sight.at - now:.1f} s ahead of this clock"
        if sight.age(now) > self._settings.timeout:
            return f"the last detection is {sight.age(now):.1f} s old"
        return "" if self._aim(now) else "the gimbal's attitude is not known at this time"

    def _aim(self, now: float) -> tuple[Rates, Sight] | None:
        """Return the angles to turn through, and the line of sight that they lead to."""
        sight = self.sight.confirmed(now)
        if sight is None or sight.age(now) > self._settings.timeout:
            return None
        moment = sight.at
        if self._settings.latency_compensation:
            moment, sight = now, sight.predicted(now)
        attitude = self.attitudes.at(moment)
        if attitude is None:
            return None
        axis = direction(rotate(attitude, FORWARD))
        error = Rates(sight.elevation - axis.elevation, difference(sight.azimuth, axis.azimuth))
        return error, sight
