# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The states of a session, its settings, and what it says about a frame."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from tracker_ros.geometry import Box
from tracker_ros.trackers.base import Estimate, setting


class State(IntEnum):
    """The values are those of TrackState.msg."""

    IDLE = 0
    ACQUIRING = 1
    TRACKING = 2
    COASTING = 3
    LOST = 4
    ERROR = 5


@dataclass(frozen=True)
class SessionSettings:
    """Limits between tracking, coasting and lost, and settings of the search."""

    keep_score: float = setting(0.25, "TRACKING ends below this score", 0.0, 1.0)
    keep_mean: float = setting(
        0.0, "TRACKING ends, and does not begin anew, while the mean of the latest scores is below", 0.0, 1.0
    )
    recover_score: float = setting(0.4, "score that ends COASTING or LOST", 0.0, 1.0)
    confirm_frames: int = setting(2, "good frames in a row that lead to TRACKING", 1, 100)
    coast_seconds: float = setting(1.0, "COASTING turns to LOST after this time", 0.0, 60.0)
    velocity_gain: float = setting(0.3, "share of a new velocity measurement at 30 frames a second", 0.0, 1.0)
    max_backstep: float = setting(0.5, "a stamp may be this much older than the last, seconds", 0.0, 60.0)
    ego_motion: bool = setting(False, "take the camera's own motion out of the motion model")
    search_windows: int = setting(2, "more windows to look into per frame while the target is gone", 0, 64)
    found_score: float = setting(0.55, "score of the model in such a window that is followed up", 0.0, 1.0)
    reacquire: str = setting(
        "verified",
        "what is taken up after an absence: never anything, what is verified, or any under a new id",
        choices=("never", "verified", "any"),
    )
    verify_frames: int = setting(
        5, "verified frames in a row that end LOST; clear ones count for more", 1, 100
    )
    verify_score: float = setting(0.35, "score of the first frame's model that a proof takes", 0.0, 1.0)
    keep_slack: float = setting(0.25, "TRACKING ends at frames so much less alike than usual", 0.0, 2.0)
    look_score: float = setting(0.7, "likeness to the target's views that a proof takes", -1.0, 1.0)
    look_slack: float = setting(0.06, "by how much less alike than usual a proof may be", 0.0, 2.0)
    look_margin: float = setting(0.03, "by how much more like the target than like any other", -2.0, 2.0)
    max_jump: float = setting(
        1.0, "sizes off the prediction that a box may be without looking like the target", 0.0, 100.0
    )
    calibration_bias: float = setting(0.0, "of the logistic regression that makes the score", -100.0, 100.0)
    calibration_score: float = setting(
        0.0, "its weight of the tracker's own score; 0: that is the score", -1000.0, 1000.0
    )
    calibration_psr: float = setting(0.0, "its weight of log(PSR / first PSRs)", -100.0, 100.0)
    calibration_looks: float = setting(0.0, "its weight of the likeness to the target's views", -100.0, 100.0)


VERIFIED, UNVERIFIED = "verified", "unverified"


class Report(NamedTuple):
    """The result of one step. `box` is None where there is no target; `estimate` where none was made.

    `reacquired` is '' until the target was out of sight, then `VERIFIED`; or `UNVERIFIED` for what was
    found in its place without a proof that it is the object that was selected.
    """

    state: State
    target_id: str
    box: Box | None
    score: float
    psr: float
    apce: float
    estimate: Estimate | None
    message: str
    reacquired: str = ""

    @property
    def verified(self) -> bool:
        """True if `target_id` stands for the object that was selected, as far as can be told."""
        return self.target_id != "" and self.reacquired != UNVERIFIED

    @property
    def label(self) -> str:
        """The class of its detection: 'target', or 'unverified' for what may be another object."""
        return "target" if self.verified else UNVERIFIED
