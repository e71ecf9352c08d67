# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The time for which a target is out of sight, and where it may be by then."""

from __future__ import annotations

import math
from typing import NamedTuple

from tracker_ros.geometry import Box
from tracker_ros.session.states import SessionSettings

NEAR = 0.5
"""Sizes from its predicted place within which a target that was hidden for a moment turns up again."""
REACH = 0.3
"""So many sizes a second more are within reach of a target that stayed out of sight."""
FASTEST = 4.0
"""So many sizes from its predicted place a target may be after `coast_seconds`."""

SMALLEST = 12.0
"""Pixels that count as a size at least: cameras shake by as much, however small a target is."""


class Absence(NamedTuple):
    """The seconds for which the target is out of sight, and its predicted place.

    `anywhere` says that the place is not known: the clock or the camera's images began anew. `last` is where
    it was seen last. `blind` says that the camera showed nothing from then on: it need not have gone away.
    """

    seconds: float
    predicted: Box
    anywhere: bool = False
    last: Box | None = None
    blind: bool = False

    def sizes(self, box: Box) -> float:
        """Return the distance of a box from the predicted place, in sizes of the target."""
        return sizes(box, self.predicted)

    def is_near(self, box: Box, settings: SessionSettings) -> bool:
        """Return whether a box is where the target must be after a moment, or where it was."""
        places = (self.predicted, self.last or self.predicted)
        return self.seconds <= settings.coast_seconds / 2 and min(sizes(box, at) for at in places) <= NEAR

    def is_within_reach(self, box: Box) -> bool:
        """Return whether a box is where the target may well be by now."""
        return self.anywhere or self.sizes(box) <= NEAR + REACH * self.seconds

    def is_too_far(self, box: Box, settings: SessionSettings) -> bool:
        """Return whether a box is too far for the target to have reached it."""
        farthest = NEAR + FASTEST * self.seconds / max(settings.coast_seconds, 1e-3)
        return not self.anywhere and self.sizes(box) > farthest


def sizes(box: Box, other: Box) -> float:
    """Return how far a box is from another, in sizes of that one, of `SMALLEST` pixels at least."""
    size = max(math.sqrt(other.w * other.h), SMALLEST)
    return math.hypot(box.cx - other.cx, box.cy - other.cy) / size
