# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The tracker's box while the target is not proved: worth showing, not worth following."""

from __future__ import annotations

from typing import NamedTuple

from tracker_ros.geometry import Box
from tracker_ros.session.absence import sizes
from tracker_ros.session.identity import Looks
from tracker_ros.session.recovery import FOREIGN_FRAMES, LEAP, is_rather_another
from tracker_ros.session.states import SessionSettings

FAINT = 0.5
"""Share of `keep_score` from which a box that did not leap is held, and with its own size."""
STILL = 0.5
"""Likeness to what was seen last from which a box that scores less is: it is seen badly, and not hidden."""


class Seen(NamedTuple):
    """One frame: the tracker's box, its score, its looks, and whether its latest scores are good enough."""

    box: Box
    score: float
    looks: Looks
    lasts: bool = True


class Sighting:
    """The tracker's own box in COASTING and LOST, one frame after the other.

    A box is held where the tracker still scores a little, or where it looks as the target did, and goes on
    from where it was, unless it looks rather like another: an object seen badly, of which a prediction knows
    less. With a score of next to nothing it says where the target is and not how large, and keeps the size
    that the target had. It becomes a candidate, which may be the target and may be another object, after
    `confirm_frames` that score like the target in a row, and stays one until its score ends it, or its looks
    in two frames.

    Attributes:
        box: what is held; None for nothing.
        candidate: whether it is one.
        frames: in a row that score like the target.
        unbroken: whether in no frame since the target was seen it left its place or its looks.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.box: Box | None = None
        self.candidate = False
        self.frames = 0
        self.unbroken = False
        self._at: Box | None = None
        self._odd = 0

    def fade(self, seen: Seen, expected: Box, settings: SessionSettings) -> None:
        """Begin with a target whose score has just fallen where it was."""
        self.reset()
        self.unbroken = True
        self.add(seen, False, True, expected, settings)

    def hold(self, found: Box) -> None:
        """Hold what the tracker's box has just gone to."""
        self.box = self._at = found

    def add(self, seen: Seen, possible: bool, smooth: bool, expected: Box, settings: SessionSettings) -> None:
        """Add a frame.

        Args:
            seen: what the tracker found in it.
            possible: whether it may be the target, by its looks and its place.
            smooth: whether it looks as what was seen in the frame before.
            expected: where the target should be if nothing was seen in the frame before.
            settings: the session's.
        """
        found, score = seen.box, seen.score
        moved = sizes(found, self._at or expected)
        good = possible and score >= settings.recover_score
        goes_on = self._at is not None and moved <= settings.max_jump
        self.frames = (self.frames if goes_on else 0) + 1 if good else 0
        self._odd = 0 if possible else self._odd + 1
        kept = self._odd < FOREIGN_FRAMES and goes_on and score >= settings.keep_score
        self.candidate = (self.candidate and kept) or self.frames >= settings.confirm_frames
        scored = score >= FAINT * settings.keep_score
        there = scored or seen.looks.last >= STILL
        known = seen.looks.own >= 0 and not is_rather_another(seen.looks, settings)
        held = self.candidate or (there and known and (goes_on or moved <= LEAP))
        sized = found if self.candidate or scored else found._replace(w=expected.w, h=expected.h)
        self.box = sized if held else None
        self.unbroken = self.unbroken and scored and moved <= LEAP and smooth
        self._at = found
