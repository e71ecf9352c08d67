# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The verdict on the frames since a target was missed: nothing, something to show, or the target."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from tracker_ros.session.absence import Absence
from tracker_ros.session.motion import Motion
from tracker_ros.session.proof import Proof, demanded
from tracker_ros.session.recovery import Recovery
from tracker_ros.session.sighting import Seen, Sighting

VERIFIED_ONLY, ANYTHING = "verified", "any"


class Verdict(NamedTuple):
    """The verdict on the newest frame.

    `proved` is the target. `enough` may be taken up, proved or not, as `reacquire` says. `shown` may be the
    target or another object. `streak` counts frames in a row, of what is `good` for either.
    """

    proved: bool
    enough: bool
    shown: bool
    good: bool
    streak: int


class Verification:
    """Gather what speaks for the tracker's box, one frame after the other, while the target is missed.

    Args:
        recovery: what is known of the target.
        motion: where it was.
    """

    def __init__(self, recovery: Recovery, motion: Motion) -> None:
        self._recovery, self._motion = recovery, motion
        self.proof, self.sighting = Proof(), Sighting()

    def reset(self) -> None:
        """Begin anew."""
        self.proof.reset()
        self.sighting.reset()

    def judge(self, frame: Tensor, seen: Seen, absence: Absence, stamp: float) -> Verdict:
        """Add a frame (uint8 [3, H, W]) and what is seen in it; return what they all amount to."""
        s, proof, recovery = self._recovery.settings, self.proof, self._recovery
        possible = recovery.is_possible(seen.box, seen.looks, absence)
        smooth = recovery.goes_on(seen.looks)
        self.sighting.add(seen, possible, smooth, absence.predicted, s)
        if self.sighting.unbroken:
            recovery.follow_looks()
        # It was badly seen for a while and never away: nobody else can have come in its place.
        stayed = self.sighting.unbroken and seen.looks.margin >= abs(s.look_margin)
        near = stayed or absence.is_near(seen.box, s)
        good = seen.score >= s.recover_score and (seen.lasts or not near)
        worth = recovery.proof(frame, seen.box, seen.looks, absence) if good else 0.0
        if good and stayed:
            worth = max(worth, 1.0)
        may_be = good if s.reacquire == ANYTHING else worth > 0
        proof.add(may_be, worth, self._motion.place(seen.box), stamp)
        needed = s.confirm_frames if near else demanded(s, 0.0 if absence.blind else absence.seconds)
        proved = proof.worth >= needed and (near or proof.moves_like(self._motion))
        enough = proved or (s.reacquire == ANYTHING and proof.frames >= needed)
        shown = self.sighting.candidate and s.reacquire == VERIFIED_ONLY
        return Verdict(
            proved=proved,
            enough=enough and proof.frames >= s.confirm_frames,
            shown=shown,
            good=may_be or shown,
            streak=max(proof.frames, self.sighting.frames),
        )

    def holds(self, absence: Absence) -> bool:
        """Return whether something is held that may be shown a while longer than a prediction."""
        s = self._recovery.settings
        lasts = absence.seconds <= 2 * s.coast_seconds
        return s.reacquire == VERIFIED_ONLY and lasts and self.sighting.box is not None
