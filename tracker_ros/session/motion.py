# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Predict the target's place: constant velocity, seen against a background that may move too."""

from __future__ import annotations

from collections import deque

import torch
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.ops.registration import thumbnail, translation

LONGEST = 160
"""Cells of the longer side of the pictures that are registered."""
SURE = 0.08
"""Peak of the registration below which two pictures count as unrelated."""


STEP = 0.1
"""Seconds between the places that are remembered of the target's way."""
WAY = 12
"""So many of them are."""
RECENT = 0.2
"""Seconds before the last sight of the target in which its place is not certain."""
RATE = 30.0
"""Frames a second at which a gain is the share of a frame's measurement."""


def share(gain: float, seconds: float) -> float:
    """Return the share of a measurement over so many seconds, where it is `gain` in each of `RATE` a second.

    So a camera's rate does not decide how fast a velocity follows, nor do two frames a moment apart, whose
    places differ by a rounding.
    """
    return 1 - (1 - gain) ** (seconds * RATE)


def renewed(
    velocity: tuple[float, float], way: tuple[float, float], seconds: float, gain: float
) -> tuple[float, float]:
    """Return a velocity (x, y) with its share of a new one: of a way (x, y) in so many seconds, above 0."""
    part, (vx, vy) = share(gain, seconds), velocity
    return vx + part * (way[0] / seconds - vx), vy + part * (way[1] / seconds - vy)


class CameraMotion:
    """Sums up how far the background has moved in the image, from one frame to the next."""

    def __init__(self) -> None:
        self._before: Tensor | None = None

    def step(self, frame: Tensor) -> tuple[float, float]:
        """Return displacement (x, y) of the background since the frame before, in pixels; 0 where unsure."""
        before, self._before = self._before, thumbnail(frame, LONGEST)
        if before is None or before.shape != self._before.shape:
            return 0.0, 0.0
        moved, peak = translation(before, self._before)
        dx, dy, sure = torch.cat((moved, peak.unsqueeze(0))).tolist()
        if not sure >= SURE:
            return 0.0, 0.0
        block = max(1, -(-max(frame.shape[1], frame.shape[2]) // LONGEST))
        return dx * block, dy * block


class Motion:
    """Position and velocity of the target, in pixels and pixels a second against the background.

    Over the angles of one search region a constant velocity in the image is one in bearing too.

    Args:
        gain: share of a new velocity measurement at `RATE` frames a second.
        horizon: seconds for which a velocity is believed.

    Attributes:
        box: where the target was seen last.
    """

    def __init__(self, gain: float, horizon: float) -> None:
        self._gain, self._horizon = gain, horizon
        self._velocity = (0.0, 0.0)
        self._way: deque[tuple[float, float, float]] = deque(maxlen=WAY)
        self._rests = self._against_ground = False
        self._shift = self._ground = (0.0, 0.0)
        self.box = Box(0.0, 0.0, 0.0, 0.0)
        self._at = 0.0

    def tune(self, gain: float, horizon: float) -> None:
        """Change the arguments; what is known about the target stays.

        Whether the background's motion is known from now on, the next frame says.
        """
        self._gain, self._horizon = gain, horizon
        self._against_ground = False

    def start(self, box: Box, stamp: float) -> None:
        """Begin at a box, at rest."""
        self.box, self._at = box, stamp
        self._velocity, self._shift, self._rests = (0.0, 0.0), (0.0, 0.0), False
        self._way.clear()

    def rest(self) -> None:
        """Forget the velocity; where the target was last seen stays known, and how it moved before that."""
        self._velocity = (0.0, 0.0)
        self._rests = True

    def camera_moved(self, shift: tuple[float, float]) -> None:
        """Account for a background that moved by (x, y) pixels in the image."""
        self._shift = self._shift[0] + shift[0], self._shift[1] + shift[1]
        self._ground = self._ground[0] + shift[0], self._ground[1] + shift[1]
        self._against_ground = True

    def place(self, box: Box) -> tuple[float, float]:
        """Return where a box is on the ground: in the image, as if the background had never moved in it."""
        return box.cx - self._ground[0], box.cy - self._ground[1]

    def follow(self, found: Box, stamp: float) -> None:
        """Update the velocity from a measured box; after a rest it begins anew from there."""
        elapsed = stamp - self._at
        if self._rests:  # what was before may be of another scale, or another object
            self._way.clear()
        elif elapsed > 0:
            way = (found.cx - self.box.cx - self._shift[0], found.cy - self.box.cy - self._shift[1])
            self._velocity = renewed(self._velocity, way, elapsed, self._gain)
        if not self._way or stamp - self._way[-1][0] >= STEP or stamp < self._way[-1][0]:
            self._way.append((stamp, *self.place(found)))
        self.box, self._at, self._shift, self._rests = found, stamp, (0.0, 0.0), False

    def usual_velocity(self) -> tuple[float, float]:
        """Return the mean velocity (x, y) in the last second or so before the target was last seen.

        In pixels a second: in the image, with the camera's own motion, where that is not measured. The newest
        places are left out: just before a target is missed, the box may be on something else already.
        """
        way = self._settled_way()
        if len(way) < 2 or way[-1][0] <= way[0][0]:
            return 0.0, 0.0
        elapsed = way[-1][0] - way[0][0]
        return (way[-1][1] - way[0][1]) / elapsed, (way[-1][2] - way[0][2]) / elapsed

    def _settled_way(self) -> list[tuple[float, float, float]]:
        return [entry for entry in self._way if entry[0] <= self._at - RECENT]

    def predicted(self, stamp: float, width: int, height: int) -> Box:
        """Return the box at a time, its centre kept inside the image."""
        elapsed = min(max(stamp - self._at, 0.0), self._horizon)
        vx, vy = self._lasting_velocity()
        return self.box._replace(
            cx=min(max(self.box.cx + self._shift[0] + vx * elapsed, 0.0), float(width)),
            cy=min(max(self.box.cy + self._shift[1] + vy * elapsed, 0.0), float(height)),
        )

    def _lasting_velocity(self) -> tuple[float, float]:
        """Return the velocity to go on with: of the last second, which no shake of the camera decides.

        Against the background, whose motion is taken out already, it is the newest.
        """
        if self._rests or self._against_ground or len(self._settled_way()) < 2:
            return self._velocity
        return self.usual_velocity()
