# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The camera's frames over time, and how long ago the target was seen in one."""

from __future__ import annotations

from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session.absence import Absence
from tracker_ros.session.states import SessionSettings

SILENT_INTERVALS = 3.0
"""A camera is not silent before so many of its intervals have passed."""


class Timeline:
    """Keeps the size and stamps of frames, and the stamp at which the target was seen last.

    Attributes:
        height, width: of the frames, in pixels.
        stamp: of the newest frame, in seconds.
        seen: of the newest frame in which the target was seen.
    """

    def __init__(self) -> None:
        self.height = self.width = 0
        self.stamp = self.seen = 0.0
        self._intervals = (0.0, 0.0)
        self._anywhere = self._blind = False

    def start(self, frame: Tensor, stamp: float) -> None:
        """Begin with a frame [3, H, W] in which the target is seen."""
        self.height, self.width = frame.shape[1:]
        self.stamp = stamp
        self.see(stamp)

    def discontinuity(self, frame: Tensor, stamp: float, max_backstep: float) -> str:
        """Return why a frame cannot follow the one before: its size or its stamp; '' if it can."""
        height, width = frame.shape[1:]
        if (height, width) != (self.height, self.width):
            return f"frame size changed from {self.width} x {self.height} to {width} x {height}"
        if stamp < self.stamp - max_backstep:
            return f"stamps jumped back by {self.stamp - stamp:.1f} s"
        return ""

    def advance(self, stamp: float) -> None:
        """Note the stamp of a frame that follows the one before."""
        if stamp > self.stamp:
            self._intervals = self._intervals[1], stamp - self.stamp
        self.stamp = stamp

    def silence(self, coast_seconds: float) -> float:
        """Return the seconds without a frame from which the camera counts as silent: some intervals at least.

        An interval is the shorter one of the last two, so that a camera that was away for a while is not
        waited for as long again.
        """
        return max(coast_seconds, SILENT_INTERVALS * min((i for i in self._intervals if i > 0), default=0.0))

    def begin_anew(self, frame: Tensor, stamp: float, settings: SessionSettings) -> None:
        """Go on after a discontinuity: the target may be anywhere, as after a long absence."""
        self.height, self.width = frame.shape[1:]
        self.stamp = stamp
        # Earlier stamps may lie in the future.
        self.seen, self._anywhere = stamp - 2 * settings.coast_seconds, True

    def see(self, stamp: float) -> None:
        """Note that the target is seen at this stamp."""
        self.seen, self._anywhere, self._blind = stamp, False, False

    def go_blind(self) -> None:
        """Note that the camera shows nothing from now on: that the target is not seen is no news of it."""
        self._blind = True

    def absence(self, stamp: float, predicted: Box, last: Box) -> Absence:
        """Return how long, at this stamp, the target was not seen; `predicted` and `last` are its places."""
        return Absence(stamp - self.seen, predicted, self._anywhere, last, self._blind)
