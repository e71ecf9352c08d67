# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A chase as numbers: a vehicle that dodges, and the drone that tries to fly above it.

Plain arithmetic, for a scene that is drawn (`synthetic_chase`) and for loops without images.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

SPEED = 9.0
"""Metres a second that vehicle and drone make along the road on average."""
HEIGHT = 52.0
"""Metres of the drone above the ground."""
DEPRESSION = math.radians(55.0)
"""Mean angle by which the camera looks down."""
AHEAD = -math.pi / 2
"""Azimuth across the road; azimuths count from along the road to its right."""
FIELD_OF_VIEW = 32.0
"""Degrees across the image."""
BESIDE = HEIGHT / math.tan(DEPRESSION)
"""Metres by which the drone flies beside the road."""


class Waves:
    """A smooth random function of time: a sum of sines with random phases."""

    def __init__(
        self, rng: np.random.Generator, amplitude: float, slowest: float, fastest: float, count: int = 5
    ) -> None:
        """Draw frequencies between `slowest` and `fastest` (Hz); |value| <= `amplitude`."""
        self._turns = 2 * math.pi * np.geomspace(slowest, fastest, count) * rng.uniform(0.9, 1.1, count)
        self._phases = rng.uniform(0, 2 * math.pi, count)
        weights = 1 / np.arange(1, count + 1)
        self._weights = amplitude * weights / weights.sum()

    def __call__(self, t: float) -> float:
        """Return the value at time `t` in seconds."""
        return float(self._weights @ np.sin(self._turns * t + self._phases))


class Place(NamedTuple):
    """Metres along a road, to its right, and below the ground's surface (negative is above)."""

    along: float
    across: float
    down: float


class Chase:
    """The paths of both over time. The vehicle brakes, speeds up and swerves; the drone drifts in gusts."""

    def __init__(self, seed: int = 0):
        rng = np.random.default_rng([seed, 1])
        # Speeds of -1 to 19 m/s, with up to 6 m/s^2: a driver who wants to shake off the pursuer.
        self._dash = Waves(rng, 26.0, 0.04, 0.13, 3)
        self._swerve = Waves(rng, 5.2, 0.08, 0.3, 3)
        self._drift = Waves(rng, 8.0, 0.04, 0.2), Waves(rng, 4.0, 0.04, 0.2), Waves(rng, 3.0, 0.03, 0.12)

    def vehicle(self, t: float) -> Place:
        """Return the vehicle's middle at `t` seconds."""
        return Place(SPEED * t + self._dash(t), self._swerve(t), 0.0)

    def drone(self, t: float) -> Place:
        """Return the camera's place. It looks across the road, to its left."""
        along, across, down = (wave(t) for wave in self._drift)
        return Place(SPEED * t + along, BESIDE + across, down - HEIGHT)
