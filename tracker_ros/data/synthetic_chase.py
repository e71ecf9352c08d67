# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The synthetic scene from a drone beside the road, through a camera that can be turned.

The vehicle of `chase.Chase` dodges over all four lanes of the boulevard of `synthetic_ground`. The ground
is plane and everything on it is painted flat, so a homography shows it exactly as a pinhole camera would.
"""

from __future__ import annotations

import math

import numpy as np

from tracker_ros.data.chase import AHEAD, BESIDE, DEPRESSION, FIELD_OF_VIEW, HEIGHT, Chase
from tracker_ros.data.synthetic import AerialScene, Mover, View
from tracker_ros.data.synthetic_layout import PERIOD
from tracker_ros.data.synthetic_sprites import FloatArray

_REACH = 70.0
_BRISK = 6.0  # m/s: a slower vehicle cannot turn as far across the road


class ChaseScene(AerialScene):
    """The scene of one seed. A frame is a pure function of the seed, the image's size, time and angles.

    Args:
        field_of_view: degrees across the image.

    Raises:
        ValueError: for an image smaller than 64 x 64.
    """

    def __init__(
        self, seed: int = 0, width: int = 640, height: int = 480, field_of_view: float = FIELD_OF_VIEW
    ) -> None:
        self._focal = width / 2 / math.tan(math.radians(field_of_view) / 2)
        self._chase = Chase(seed)
        super().__init__(seed, width, height)
        # Other vehicles keep their lanes: the target would drive through them.
        self.objects = tuple(m for m in self.objects if m is self.objects[0] or m.name.startswith("person"))

    def look(self, t: float, yaw: float, pitch: float) -> View:
        """Return the frame at `t` seconds of a camera with this azimuth and elevation, radians.

        The elevation must be low enough for the image to end below the horizon.
        """
        cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
        turn = np.array([[-sy, cy, 0.0], [sp * cy, sp * sy, cp], [cp * cy, cp * sy, -sp]])
        lens = np.array([[self._focal, 0, self.width / 2], [0, self._focal, self.height / 2], [0, 0, 1]])
        drone = self._chase.drone(t)
        x, y = self.objects[0].start + drone.along, self._ground.boulevard.middle + drone.across
        eye = np.array([x % PERIOD, y, drone.down])
        return self._look(lens @ np.column_stack([turn[:, 0], turn[:, 1], -turn @ eye]), t)

    def render(self, t: float) -> View:
        """Return the frame at `t` seconds of a camera that is not turned."""
        return self.look(t, AHEAD, -DEPRESSION)

    def _extent(self) -> tuple[float, float, float]:
        return self._focal / math.hypot(HEIGHT, BESIDE), _REACH, 0.0

    def _pose(self, mover: Mover, t: float) -> tuple[FloatArray, float]:
        if mover is not self.objects[0]:
            return super()._pose(mover, t)
        now, later = self._chase.vehicle(t), self._chase.vehicle(t + 0.05)
        x = mover.start + now.along
        across, along = (later.across - now.across) / 0.05, (later.along - now.along) / 0.05
        road = self._ground.boulevard
        heading = math.atan(float(road.slope(x))) + math.atan2(across, max(along, _BRISK))
        return road.beside(x, now.across), heading
