# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The places at which a frame is looked into, and how often looks are compared."""

from __future__ import annotations

import math

from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session.absence import Absence
from tracker_ros.session.attempt import twice
from tracker_ros.session.motion import Motion
from tracker_ros.session.recovery import CLEAR, LEAP, UNLIKE, Recovery
from tracker_ros.session.states import State
from tracker_ros.session.verification import Verification
from tracker_ros.trackers.base import Estimate, Tracker

LOOK_SECONDS = 0.09
"""While all is well, looks are compared so often: three frames of a usual camera, every one of a slow one."""


class Gaze:
    """Choose where the tracker looks in each frame.

    Args:
        tracker: as the session's.
        recovery: what is known of the target.
        verification: what was seen since it was missed.
        motion: where it was.

    Attributes:
        looks: of what was found last, or of a frame before while all is well.
    """

    def __init__(
        self, tracker: Tracker, recovery: Recovery, verification: Verification, motion: Motion
    ) -> None:
        self._tracker, self._recovery = tracker, recovery
        self._verification, self._motion = verification, motion
        self._candidate: Box | None = None
        self._trail: Box | None = None
        self._looked = -math.inf
        self.looks = UNLIKE

    def look(
        self, frame: Tensor, model: dict[str, Tensor], predicted: Box, state: State
    ) -> tuple[Estimate, dict[str, Tensor]]:
        """Look where the target should be; in COASTING also elsewhere, if that tells more.

        That is where it was seen last, for what hides a target drags its box along first, so that the
        velocity may lead astray; and at the tracker's box of the frame before, as the tracker alone would.

        Args:
            frame: uint8 [3, H, W].
            model: the tracker's state.
            predicted: where the target should be.
            state: the session's.

        Returns:
            what is found, and the model with the box from which it was.
        """
        if state not in (State.COASTING, State.LOST):
            return twice(self._tracker.localize, frame, model), model
        recover_score = self._recovery.settings.recover_score
        held = self._verification.sighting.box if state is State.COASTING else None
        here = {**model, "box": (self._candidate or held or predicted).to_tensor(frame.device)}
        estimate = twice(self._tracker.localize, frame, here)
        if state is State.LOST or self._candidate or estimate.score >= recover_score:
            return estimate, here
        # What is held is left only for what scores like the target: beside it may be another.
        least = recover_score if held else float(estimate.score)
        for place in (self._motion.box, None if held else self._trail):
            if place is None:
                continue
            there = {**model, "box": place.to_tensor(frame.device)}
            other = twice(self._tracker.localize, frame, there)
            if float(other.score) > least:
                estimate, here, least = other, there, float(other.score)
        return estimate, here

    def compare(self, frame: Tensor, found: Box, leap: float, state: State, stamp: float) -> bool:
        """Compare the looks of what was found; return False where those of a frame before still hold.

        While all is well not every frame is compared: it costs half a millisecond.

        Args:
            frame: uint8 [3, H, W].
            found: the tracker's box.
            leap: how far, in sizes, it is from where it should be.
            state: the session's.
            stamp: of the frame, in seconds.
        """
        near = leap <= min(LEAP, self._recovery.settings.max_jump)
        well = state is State.TRACKING and near and not self._recovery.suspects
        if well and 0 <= stamp - self._looked < LOOK_SECONDS:
            return False
        self.looks, self._looked = self._recovery.looks(frame, found), stamp
        return True

    def rest(self) -> None:
        """Look where the target should be next."""
        self._candidate = self._trail = None

    def seek(
        self,
        frame: Tensor,
        model: dict[str, Tensor],
        found: Box,
        score: float,
        absence: Absence,
        lost: bool,
    ) -> None:
        """Choose where the next frame is looked into while the target is not seen.

        Args:
            frame: uint8 [3, H, W].
            model: the tracker's state.
            found: the tracker's box in this frame.
            score: of it.
            absence: of the target.
            lost: whether the session is LOST; else a few more windows are looked into from half of
                `coast_seconds` on only.
        """
        s = self._recovery.settings
        self._trail = None if lost or found.problem(frame.shape[2], frame.shape[1]) else found
        if self._verification.proof.frames > 0:
            self._candidate = found
            return
        good = score >= s.recover_score  # it may be proved yet
        if not lost and absence.seconds <= s.coast_seconds / 2:
            self._candidate = found if good else None
            return
        # Around the last place at first, then all over the image.
        reach = absence.seconds / max(2 * s.coast_seconds, 1e-3)
        radius = reach * math.hypot(*frame.shape[1:])
        elsewhere, looks, proving = self._recovery.look_around(frame, model, absence, radius)
        better = proving or (looks.own > self.looks.own + CLEAR and looks.margin >= CLEAR)
        self._candidate = found if good and not better else elsewhere
