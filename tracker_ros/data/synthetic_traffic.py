# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The synthetic scene in dense traffic, in which the target goes out of sight for a known time.

All vehicles are of the target's class and size, and some have its colour as well: whoever knows the target
by its looks alone takes one of them for it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tracker_ros.data.synthetic import PAINTS, AerialScene, Mover, Truth
from tracker_ros.data.synthetic_layout import LANE_WIDTH, PERIOD
from tracker_ros.data.synthetic_sprites import Color, FloatArray, vehicle
from tracker_ros.geometry import Box

START = 9.0
"""Seconds after which the target has left the bridge behind, which it meets again 17 s later."""
LANES = ((1.5, 9.0), (0.5, 12.0), (-0.5, -10.0), (-1.5, -7.0))
"""Offset in lanes and metres a second; the target drives in the first."""
SLOTS = 11
"""Places for vehicles in a lane and a period of the road."""
TWINS = 0.15
"""Share of the other vehicles that have the target's paint, but for its age."""
SWING = 1.2
"""Seconds in which the camera turns away from the target, or back."""


class Spell(NamedTuple):
    """The time and manner of an absence: `kind` is 'removed', 'occluded' or 'away'.

    Seconds count from the first frame of the flight. Where the camera looks away, the target is out of
    sight a little less long.
    """

    kind: str
    first: float
    last: float


class TrafficScene(AerialScene):
    """The scene of one seed. Time 0 is the first frame of the flight.

    Args:
        spell: what happens to the target; None for nothing.

    Raises:
        ValueError: for an image smaller than 64 x 64.
    """

    def __init__(self, seed: int, width: int, height: int, spell: Spell | None = None) -> None:
        self._spell = spell
        super().__init__(seed, width, height)
        rng = np.random.default_rng([seed, 2])
        # Away far enough to leave the image along its shorter side, and back at another place of it.
        sign = rng.choice([-1.0, 1.0])
        self._turned = np.array([rng.uniform(-6.0, 6.0), sign * rng.uniform(27.0, 31.0)])
        self._moved = np.array(
            [rng.choice([-1.0, 1.0]) * rng.uniform(5.0, 10.0), -sign * rng.uniform(3.0, 7.0)]
        )

    def _is(self, kind: str) -> bool:
        return self._spell is not None and self._spell.kind == kind

    def _roofs(self) -> tuple[tuple[float, float], ...]:
        if self._spell is None or not self._is("occluded"):
            return ()
        speed = LANES[0][1]
        # The target sets out 70 m before the street (`_traffic`); its length is hidden at both ends.
        first, last = (speed * (START + t) - 70.0 for t in (self._spell.first, self._spell.last))
        return ((first + 1.5, last + 1.5),)

    def _traffic(self, rng: np.random.Generator) -> tuple[Mover, ...]:
        own = PAINTS[rng.integers(len(PAINTS))]
        street = self._ground.boulevard.street_x
        movers = [self._car("target", own, LANES[0], street - 70.0, rng)]
        for lane in LANES:
            first = street - 70.0 if lane is LANES[0] else rng.uniform(0, PERIOD)
            for slot in range(lane is LANES[0], SLOTS):
                paint = own if rng.uniform() < TWINS else PAINTS[rng.integers(len(PAINTS))]
                worn = np.clip(np.array(paint) + rng.normal(0, 7, 3), 0, 255)
                start = first + slot * PERIOD / SLOTS + rng.uniform(-3.5, 3.5)
                if rng.uniform() < 0.85:
                    movers.append(self._car(f"car_{len(movers)}", tuple(worn.tolist()), lane, start, rng))
        return tuple(movers)

    def _car(
        self, name: str, paint: Color, lane: tuple[float, float], start: float, rng: np.random.Generator
    ) -> Mover:
        picture = vehicle("car", paint, self._scale)
        # Vehicles of a lane share the small changes of its speed, or they would drive through each other.
        return Mover(name, (picture,), lane[0] * LANE_WIDTH, start, lane[1], lane[0])

    def _aim(self, t: float) -> tuple[float, float]:
        x, y = super()._aim(t)
        if self._spell is None or not self._is("away"):
            return x, y
        out = _ease((t - START - self._spell.first + SWING / 2) / SWING)
        back = _ease((t - START - self._spell.last + SWING / 2) / SWING)
        dx, dy = out * self._turned + back * (self._moved - self._turned)
        return x + float(dx), y + float(dy)

    def _draw(
        self,
        image: npt.NDArray[np.uint8],
        mover: Mover,
        camera: FloatArray,
        place: FloatArray,
        from_ground: FloatArray,
        t: float,
    ) -> Truth:
        spell = self._spell
        gone = spell is not None and spell.kind == "removed" and spell.first <= t - START < spell.last
        if gone and mover is self.objects[0]:
            return Truth(mover.name, Box(0.0, 0.0, 0.0, 0.0), 0.0)
        return super()._draw(image, mover, camera, place, from_ground, t)


def _ease(share: float) -> float:
    """Ease from 0 to 1, smoothly."""
    s = min(max(share, 0.0), 1.0)
    return s * s * (3 - 2 * s)
