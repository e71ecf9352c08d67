# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Detections of some other program beside a session: what to start on, and whether a target is back.

A detector is later than the tracker: what it says is about an image that the session has looked at before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker_ros.geometry import Box
from tracker_ros.trackers.base import setting

NEAR_ENOUGH = 0.1
"""Seconds by which the image of a detection may miss the one that it is compared with."""
KEPT = 30
"""Lists of detections, and boxes of a candidate, that are remembered: of a second and more."""


@dataclass(frozen=True)
class DetectionSettings:
    """Settings for the use of detections, and for which ones count."""

    start: str = setting(
        "never", "best: start on the best one while there is no target", choices=("never", "best")
    )
    snap: bool = setting(False, "start on the detection at a selection's centre; refuse where there is none")
    confirm: bool = setting(False, "after LOST take a target up again only where a detection overlaps it")
    class_id: str = setting("", "class of the detections that count; '': any")
    min_score: float = setting(0.5, "smallest score of those", 0.0, 1.0)
    min_overlap: float = setting(0.3, "smallest intersection over union that confirms", 0.01, 1.0)


class Detected(NamedTuple):
    """One detection."""

    box: Box
    class_id: str
    score: float

    def __str__(self) -> str:
        return f"a detection of class '{self.class_id}', score {self.score:.2f}"


class Detections:
    """The newest lists of detections. `add` may be called on another thread than the rest."""

    def __init__(self, settings: DetectionSettings):
        self.settings = settings
        self._lists: deque[tuple[float, list[Detected]]] = deque(maxlen=KEPT)

    def add(self, stamp: float, detected: list[Detected], taken: Sequence[Box] = ()) -> Detected | None:
        """Accept the detections of a stamp's image; return the best that counts and is not taken.

        Args:
            stamp: of the image.
            detected: in it.
            taken: boxes there of what is tracked already.
        """
        s = self.settings
        # Not a number is no score: it is not at least anything.
        fit = [
            d for d in detected
            if d.score >= s.min_score and s.class_id in ("", d.class_id) and d.box.w > 0 and d.box.h > 0
        ]  # fmt: skip
        self._lists.append((stamp, fit))
        free = [d for d in fit if all(d.box.overlap(box) < s.min_overlap for box in taken)]
        return max(free, key=lambda d: d.score, default=None)

    def at(self, stamp: float, x: float, y: float) -> tuple[float, Detected]:
        """Return the smallest detection around a point, and the stamp of its image.

        Args:
            stamp: of the image in which the point was chosen.
            x, y: in pixels.

        Raises:
            ValueError: where there is none.
        """
        near = [(abs(at - stamp), at, fit) for at, fit in list(self._lists)]
        gap, at, fit = min(near, default=(float("inf"), 0.0, []), key=lambda entry: entry[0])
        around = [d for d in fit if abs(x - d.box.cx) <= d.box.w / 2 and abs(y - d.box.cy) <= d.box.h / 2]
        if gap > NEAR_ENOUGH or not around:
            kind = f" of class '{self.settings.class_id}'" if self.settings.class_id else ""
            when = "" if gap <= NEAR_ENOUGH else f": no list is of its time, {len(near)} are of others"
            raise ValueError(f"no detection{kind} at ({x:g}, {y:g}){when}; detections.snap asks for one")
        return at, min(around, key=lambda d: d.box.w * d.box.h)

    def confirmation(self) -> Callable[[Box, float, int], bool]:
        """Return the check before one session takes a lost target up again: `Session.confirm`.

        It tells whether a detection has shown what is found at a box, in this image or earlier in its streak.
        """
        candidate: deque[tuple[float, Box]] = deque(maxlen=KEPT)

        def confirms(box: Box, stamp: float, streak: int) -> bool:
            if not self.settings.confirm:
                return True
            if streak <= 1 or (candidate and candidate[-1][1].overlap(box) == 0):
                candidate.clear()
            candidate.append((stamp, box))
            return any(self._overlaps(candidate, at, fit) for at, fit in list(self._lists))

        return confirms

    def _overlaps(self, candidate: deque[tuple[float, Box]], at: float, fit: list[Detected]) -> bool:
        gap, box = min(((abs(stamp - at), box) for stamp, box in candidate), key=lambda entry: entry[0])
        return gap <= NEAR_ENOUGH and any(d.box.overlap(box) >= self.settings.min_overlap for d in fit)
