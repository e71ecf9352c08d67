# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Finding a target again, and the proof that it is the target and no other object like it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session.attempt import twice
from tracker_ros.session.identity import Identity, Looks
from tracker_ros.session.search import Search
from tracker_ros.session.states import SessionSettings
from tracker_ros.trackers.base import Tracker

VIEW_SECONDS = 0.3
"""While the target is well seen, its picture and the newest of its views are at most so old."""
OTHERS_SECONDS = 1.0
"""So often the image is searched for others like it meanwhile."""
OTHERS = 6
"""So many of them are remembered each time."""
NEAR = 0.5
"""Sizes from its predicted place within which a target that was hidden for a moment turns up again."""
FOREIGN_FRAMES = 2
"""Frames in a row that look like something else end TRACKING: a single one may be a glint."""
STRANGER = 0.5
"""How much like the target another object may be that was never seen."""
CLEAR = 0.1
"""Each time that a likeness is so far ahead of all others it counts as a frame of proof."""
UNLIKE = Looks(-1.0, -1.0)
"""Looks of what is no box."""


class Recovery:
    """What is remembered of one target to find it again and to know it.

    Args:
        tracker: as the session's.
        settings: the session's.
    """

    def __init__(self, tracker: Tracker, settings: SessionSettings) -> None:
        self._tracker, self._settings = tracker, settings
        self._search, self._identity = Search(), Identity()
        self._first: dict[str, Tensor] = {}
        self._viewed = self._met = 0.0
        self._foreign = 0

    def tune(self, settings: SessionSettings) -> None:
        """Use other settings from now on; what is known of the target stays."""
        self._settings = settings

    def start(self, frame: Tensor, box: Box, model: dict[str, Tensor], stamp: float) -> None:
        """Take the selected box and the model of it."""
        self._first = dict(model)
        self._search.remember(frame, box)
        self._identity.start(frame, box)
        self._viewed = stamp
        # The first look at others comes once the target is confirmed.
        self._met = stamp - OTHERS_SECONDS

    def restart(self) -> None:
        """Begin the search with the most similar place again."""
        self._search.restart()

    def forget_times(self, stamp: float) -> None:
        """Forget all times: stamps begin anew."""
        self._viewed = self._met = stamp

    def looks(self, frame: Tensor, box: Box) -> Looks:
        """Return how much what is in a box is like the target and like others."""
        return UNLIKE if box.problem(frame.shape[2], frame.shape[1]) else self._identity.looks(frame, box)

    def well_seen(self, frame: Tensor, box: Box, stamp: float) -> None:
        """Renew the target's picture and views, and remember what is like it elsewhere, now and then."""
        if self._foreign > 0:
            return
        if stamp - self._viewed >= VIEW_SECONDS:
            self._search.remember(frame, box)
            self._identity.see(frame, box)
            self._viewed = stamp
        elif stamp - self._met >= OTHERS_SECONDS:
            self._identity.meet(frame, box, self._search.alike(frame)[:OTHERS])
            self._met = stamp

    def resembles(self, looks: Looks) -> bool:
        """Tell whether something looks like the target as usual, and clearly more so than like another."""
        s = self._settings
        return looks.own >= self._identity.usual - s.look_slack and looks.margin >= s.look_margin

    def denies(self, looks: Looks) -> bool:
        """Tell whether what is tracked looks like something else, in one frame after the other."""
        s = self._settings
        foreign = looks.own < self._identity.usual - s.keep_slack or looks.margin < -s.keep_slack / 2
        self._foreign = self._foreign + 1 if foreign else 0
        return self._foreign >= FOREIGN_FRAMES

    def is_near(self, box: Box, predicted: Box, away: float) -> bool:
        """Tell whether a box is where the target must be after a moment of `away` seconds."""
        if away > self._settings.coast_seconds / 2:
            return False
        size = math.sqrt(predicted.w * predicted.h)
        return math.hypot(box.cx - predicted.cx, box.cy - predicted.cy) <= NEAR * size

    def proof(self, frame: Tensor, box: Box, looks: Looks, near: bool) -> float:
        """Return for how many frames of proof this one counts that it is the target at `box`; 0 for none.

        Where it must be, it has to look like the target; elsewhere also more like it than like any other
        that was seen beside it or is in sight now, and the first frame's model has to know it. The farther
        it is ahead of all others, the more it counts.
        """
        s = self._settings
        limit = max(s.look_score, self._identity.usual - s.look_slack)
        if near:
            return float(looks.own >= limit - s.look_slack and looks.margin >= -abs(s.look_margin))
        if looks.own < limit or looks.margin < s.look_margin:
            return 0.0
        ahead = looks.own - max(looks.rival, self._rival_in_sight(frame, box), STRANGER)
        if ahead < s.look_margin or not self._is_first(frame, box):
            return 0.0
        return max(ahead / CLEAR, 1.0)

    def _rival_in_sight(self, frame: Tensor, box: Box) -> float:
        """Return how much what is most like the target elsewhere in the frame is like it; -1 for nothing."""
        others = self._identity.at(frame, box, self._search.alike(frame)[:OTHERS])
        return max((other.own for other in self._identity.compare(others)), default=-1.0)

    def _is_first(self, frame: Tensor, box: Box) -> bool:
        """Tell whether the model of the first frame knows what is at `box`."""
        return self.attempt(frame, self._first, box)[1] >= self._settings.verify_score

    def look_around(self, frame: Tensor, model: dict[str, Tensor], last: Box, radius: float) -> Box | None:
        """Try a few more windows within `radius` pixels of the last place.

        Return where one shows the target.
        """
        s = self._settings
        for cx, cy in self._search.places(frame, last[:2], radius, s.search_windows):
            found, score = self.attempt(frame, model, last._replace(cx=cx, cy=cy))
            if score < s.found_score:
                continue
            if s.reacquire == "any" or self.proof(frame, found, self.looks(frame, found), near=False) > 0:
                self._search.restart()
                return found
        return None

    def attempt(self, frame: Tensor, model: dict[str, Tensor], box: Box) -> tuple[Box, float]:
        """Return box and score that a model gives when it looks at `box`; an invalid box scores 0."""
        state = {**model, "box": box.to_tensor(frame.device)}
        estimate = twice(self._tracker.localize, frame, state)
        *found, score = torch.cat((estimate.box, estimate.score.unsqueeze(0))).tolist()
        unfit = Box(*found).problem(frame.shape[2], frame.shape[1])
        return Box(*found), 0.0 if unfit or not math.isfinite(score) else score
