# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A gimbal for machines without one: delayed, lagging, limited in rate and acceleration."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from tracker_ros.gimbal.attitude import Quaternion, from_yaw_pitch
from tracker_ros.gimbal.controller import Rates
from tracker_ros.gimbal.settings import ranged

_STEP = 0.002
_LOWEST, _HIGHEST = math.radians(-88.0), math.radians(-20.0)


@dataclass(frozen=True)
class GimbalModel:
    """The dynamics of a small brushless gimbal that takes rate commands."""

    delay: float = ranged(0.02, "seconds from a command to its effect", 0.0, 1.0)
    lag: float = ranged(0.04, "time constant of the rate loop, s", 0.001, 1.0)
    max_rate_deg: float = ranged(90.0, "largest rate, degrees/s", 0.1, 720.0)
    max_acceleration_deg: float = ranged(600.0, "largest acceleration, degrees/s^2", 1.0, 10000.0)


class SimulatedGimbal:
    """Yaw about the vertical, then pitch between its stops; stabilised, so both are in the reference frame.

    The stops keep the horizon out of the picture: the simulated world is ground only.

    Args:
        model: the dynamics.
        yaw, pitch: where it points at first, radians.
        at: seconds, the time of that.
    """

    def __init__(self, model: GimbalModel, yaw: float, pitch: float, at: float = 0.0):
        self._model = model
        self._commands: deque[tuple[float, Rates]] = deque()
        self._wanted = self._rates = Rates()
        self.yaw, self.pitch, self._at = yaw, pitch, at

    @property
    def attitude(self) -> Quaternion:
        """The angles at which it points."""
        return from_yaw_pitch(self.yaw, self.pitch)

    def command(self, at: float, rates: Rates) -> None:
        """Accept a command at time `at`; it holds until the next one."""
        self._commands.append((at + self._model.delay, rates))

    def advance(self, to: float) -> None:
        """Move on to time `to`, in small steps; times that passed already change nothing."""
        steps = math.ceil((to - self._at) / _STEP)
        for step in range(steps):
            self._move(self._at + (to - self._at) / (steps - step))
        self._at = max(to, self._at)

    def _move(self, to: float) -> None:
        while self._commands and self._commands[0][0] <= to:
            self._wanted = self._commands.popleft()[1]
        elapsed, model = to - self._at, self._model
        fastest = math.radians(model.max_rate_deg)
        change = math.radians(model.max_acceleration_deg) * elapsed
        share = 1 - math.exp(-elapsed / model.lag)
        self._rates = Rates(
            *(
                rate + min(max(share * (min(max(wanted, -fastest), fastest) - rate), -change), change)
                for rate, wanted in zip(self._rates, self._wanted, strict=True)
            )
        )
        self.yaw = math.remainder(self.yaw + self._rates.yaw * elapsed, 2 * math.pi)
        self.pitch = min(max(self.pitch + self._rates.pitch * elapsed, _LOWEST), _HIGHEST)
        self._at = to
