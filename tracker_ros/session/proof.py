# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The frames in a row that show what may be the target, and what they are worth together."""

from __future__ import annotations

import math
from collections import deque

from tracker_ros.session.motion import Motion
from tracker_ros.session.states import SessionSettings

PATH = 10
"""Frames over which the speed of a candidate is taken."""
DOUBLING_SECONDS = 5.0
"""Seconds after which twice as many frames of proof are asked for."""
SETTLING = 0.2
"""So far, in sizes, a box may be from where it was in the frame before without having moved."""
SWERVE = 1.5
"""Sizes a second by which a target's velocity may differ from that before it went out of sight."""


class Proof:
    """Counts the frames in which a candidate was good, sums up what they prove, and knows its way.

    Attributes:
        frames: good ones in a row.
        worth: of them, in frames of plain proof; 0 if the newest one is none.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.worth = 0.0
        self._path: deque[tuple[float, float, float]] = deque(maxlen=PATH)

    def reset(self) -> None:
        """Begin anew."""
        self.frames, self.worth = 0, 0.0
        self._path.clear()

    def add(self, good: bool, worth: float, at: tuple[float, float], stamp: float) -> None:
        """Add a frame: whether it may be the target, what that proves, and its place in pixels."""
        if not good:
            self.reset()
            return
        self.frames += 1
        self.worth = self.worth + worth if worth > 0 else 0.0
        self._path.append((stamp, *at))

    def moves_like(self, before: Motion) -> bool:
        """Return whether the candidate moves as the target may, given how it moved before."""
        size = math.sqrt(before.box.w * before.box.h)
        (start, x, y), (end, to_x, to_y) = self._path[0], self._path[-1]
        elapsed = max(end - start, 0.0)
        vx, vy = before.usual_velocity()
        way = math.hypot(to_x - x - vx * elapsed, to_y - y - vy * elapsed)
        return way <= (SETTLING + SWERVE * elapsed) * size


def demanded(settings: SessionSettings, away: float) -> int:
    """Return the frames of proof that a target needs after `away` seconds out of sight.

    `verify_frames` until the whole image is searched, after twice `coast_seconds`; ever more from then on.
    """
    return int(settings.verify_frames * (1 + max(away - 2 * settings.coast_seconds, 0.0) / DOUBLING_SECONDS))
