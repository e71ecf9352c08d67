# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Finding a target again, and the proof that it is the target and no other object like it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session.absence import SMALLEST, Absence
from tracker_ros.session.attempt import twice
from tracker_ros.session.identity import Identity, Looks
from tracker_ros.session.states import SessionSettings
from tracker_ros.session.surroundings import Surroundings
from tracker_ros.trackers.base import Tracker

VIEW_SECONDS = 0.3
"""While the target is well seen, its picture and the newest of its views are at most so old."""
EARLY_SECONDS = 0.1
"""The same of what looks less like the target than usual, until as many views are known as are kept."""
OTHERS_SECONDS = 1.0
"""So often the image is searched for others like it meanwhile."""
FOREIGN_FRAMES = 2
"""Frames in a row that look like something else end TRACKING: a single one may be a glint."""
MARGIN_SECONDS = 40.0
"""After so long an absence the margin that a proof takes is twice that after none."""
CLEAR = 0.1
"""Each time that a likeness is so far ahead of all others it counts as a frame of proof."""
LATELY = 0.3
"""Share of a frame's likeness in the mean of the latest ones."""
JERK = 0.06
"""By how much less alike than lately what a box jumped to may be: a jerk blurs a little."""
LEAP_SLACK = 0.7
"""Share of `keep_slack` that is left after a leap."""
LEAP = 0.4
"""Sizes off the prediction from which a box may have gone over to a neighbour."""
SMOOTH = 0.68
"""Likeness to what was seen last from which the same object is still seen, whatever it looked like before."""
UNLIKE = Looks(-1.0, -1.0)
"""Looks of what is no box."""
UNCOMPARED = Looks(0.0, 0.0)
"""Looks of what was not compared in its frame: they speak neither for the target nor for another."""

ALIKE = 0.25
"""By how much less alike than usual what competes with the target may be."""
ALONE = 3.0
"""Share of the margin asked for from which a likeness in reach is nobody else's; then it may be less."""


def is_rather_another(looks: Looks, settings: SessionSettings) -> bool:
    """Return whether something looks more like another object than like the target, by far."""
    return looks.margin < -settings.keep_slack / 2


class Recovery:
    """The memory of one target, to find it again and to recognise it.

    Args:
        tracker: as the session's.
        settings: the session's.

    Attributes:
        settings: those in use.
    """

    def __init__(self, tracker: Tracker, settings: SessionSettings) -> None:
        self._tracker = tracker
        self.settings = settings
        self._identity = Identity()
        self._surroundings = Surroundings(self._identity)
        self._first: dict[str, Tensor] = {}
        self._viewed = self._met = 0.0
        self._met_last = self._newly_selected = False
        self._foreign = 0
        self._lately = 0.0

    def tune(self, settings: SessionSettings) -> None:
        """Use other settings from now on; what is known of the target stays."""
        self.settings = settings

    def start(self, frame: Tensor, box: Box, model: dict[str, Tensor], stamp: float) -> None:
        """Remember the selected box and its model."""
        self._first = dict(model)
        self._identity.start(frame, box)
        self._surroundings.start(frame, box)
        self._viewed = stamp
        self._lately = self._usual
        self._newly_selected = True
        # The first look at others comes once the target is confirmed.
        self._met = stamp - OTHERS_SECONDS

    def begin_frame(self) -> None:
        """Forget what was found in the frame before: its memory may hold the next one by now."""
        self._surroundings.begin_frame()

    def restart(self) -> None:
        """Begin the search with the most similar place again."""
        self._surroundings.restart()

    def forget_times(self, stamp: float) -> None:
        """Forget all times: stamps begin anew."""
        self._viewed = self._met = stamp
        self._surroundings.forget()

    def looks(self, frame: Tensor, box: Box) -> Looks:
        """Compare the contents of a box with the target and with other objects."""
        return UNLIKE if box.problem(frame.shape[2], frame.shape[1]) else self._identity.looks(frame, box)

    def well_seen(self, frame: Tensor, box: Box, looks: Looks, stamp: float) -> None:
        """Renew the target's picture and views, and remember what is like it elsewhere, now and then.

        What looks more like something else is not learnt as a view of the target: it would be known by it.

        Args:
            frame: uint8 [3, H, W].
            box: the target in it.
            looks: of what is there in this very frame, by `looks`.
            stamp: seconds.
        """
        if self._foreign > 0 or looks.margin < 0:
            return
        self._surroundings.keep(frame, box, stamp)
        # A frame is looked into for one of them: for others first, and by turns where both are due again.
        view_due = stamp - self._viewed >= (EARLY_SECONDS if self._is_new(looks) else VIEW_SECONDS)
        if stamp - self._met >= OTHERS_SECONDS and not (self._met_last and view_due):
            self._surroundings.meet(frame, box)
            self._met, self._met_last = stamp, True
            if self._newly_selected and math.sqrt(box.w * box.h) < SMALLEST:
                # It shows what was selected, and of two views of a few pixels the second may be less like the
                # first than the ground beside it is.
                self._identity.see()
            self._newly_selected = False
        elif view_due:
            self._met_last = False
            self._surroundings.remember(frame, box)
            self._identity.see()
            self._viewed = stamp

    def _is_new(self, looks: Looks) -> bool:
        return not self._identity.is_known and looks.own < self._identity.usual

    def watch(self, frame: Tensor, absence: Absence, stamp: float) -> None:
        """Follow what stands beside the target in a frame in which it is missed."""
        self._met_last = False  # when it is back, others are looked for before its looks are learnt
        self._surroundings.watch(frame, absence, self._usual - ALIKE, stamp)

    @property
    def suspects(self) -> bool:
        """Return whether the newest look was at something else, so that the next frame decides."""
        return self._foreign > 0

    def believe(self) -> None:
        """Hold no earlier look against the target: it is found again."""
        self._foreign = 0
        self._identity.follow()

    def resembles(self, looks: Looks) -> bool:
        """Return whether the box jumped to what looks as the target did, more than it looks like others."""
        return looks.own >= self._lately - JERK and looks.margin >= 0

    def is_other(self, looks: Looks) -> bool:
        """Return whether something looks unlike all views of the target, or rather like another."""
        return self._is_unlike(looks) or is_rather_another(looks, self.settings)

    def _is_unlike(self, looks: Looks) -> bool:
        return looks.own < self._identity.usual - self.settings.keep_slack

    def goes_on(self, looks: Looks) -> bool:
        """Return whether something looks as the target did a moment ago, and not quite unlike its views."""
        return looks.last >= SMOOTH and looks.own >= self._identity.usual - 2 * self.settings.keep_slack

    def follow_looks(self) -> None:
        """Hold later looks against what was looked at last, for it goes on from what was seen before."""
        self._identity.follow()

    def is_possible(self, box: Box, looks: Looks, absence: Absence) -> bool:
        """Return whether something may be the target, by its looks and its place."""
        return not self.is_other(looks) and not absence.is_too_far(box, self.settings)

    def denies(self, looks: Looks, leap: float = 0.0) -> bool:
        """Return whether the tracked object looks like something else, in consecutive frames.

        Args:
            looks: of what is tracked.
            leap: how far, in sizes, its box is from where it was expected.
        """
        s = self.settings
        # With a leap less like the target, and more like one that stood beside it, or like nothing known: the
        # box went over to it.
        leapt = leap > LEAP or self._foreign > 0
        other = (
            looks.margin < -abs(s.look_margin) or looks.own < self._identity.usual - LEAP_SLACK * s.keep_slack
        )
        changed = leapt and looks.own < self._lately - JERK and other
        # What is unlike all views but as it was a moment ago has turned, or the light has changed.
        unlike = self._is_unlike(looks) and not self.goes_on(looks)
        foreign = unlike or is_rather_another(looks, s) or changed
        self._foreign = self._foreign + 1 if foreign else 0
        if not foreign:
            self._identity.follow()
            self._lately += LATELY * (looks.own - self._lately)
        return self._foreign >= FOREIGN_FRAMES

    def _needed(self, looks: Looks) -> float:
        """Return the margin needed over others: more, the less something looks like the target."""
        return self.settings.look_margin + max(self._usual - looks.own, 0.0) / 2

    @property
    def _usual(self) -> float:
        return max(self.settings.look_score, self._identity.usual)

    def proof(self, frame: Tensor, box: Box, looks: Looks, absence: Absence) -> float:
        """Return the frames of proof that this one is worth, that the target is at `box`; 0 for none.

        Where it must be, it has to look like the target; elsewhere also more like it than like any other
        that was seen beside it or is in sight now, and the first frame's model has to know it. The longer
        it was away, the more so; where it may not have got to, twice. What is as much like the target as
        the target itself, and far ahead of all others, counts for more than one.
        """
        s = self.settings
        if absence.is_near(box, s):
            return float(looks.own >= self._usual - 2 * s.look_slack and looks.margin >= -abs(s.look_margin))
        if absence.is_too_far(box, s) or looks.own < self._usual - 2 * s.look_slack:
            return 0.0
        if self._surroundings.is_bystander(box):
            return 0.0
        within = absence.is_within_reach(box)
        if within:
            looks = self._surroundings.unaccounted(frame, box, looks, abs(s.look_margin))
        if absence.blind and within:
            return self._remains(frame, box, looks, absence)
        needed = self._needed(looks) * (1 + absence.seconds / MARGIN_SECONDS) * (1 if within else 2)
        slack = s.look_slack * (2 if within and looks.margin >= ALONE * needed else 1)
        if looks.own < self._usual - slack or looks.margin < needed:
            return 0.0
        ahead = looks.own - max(
            looks.rival, self._surroundings.rival(frame, box, absence if within else None)
        )
        if ahead < needed or not self._is_first(frame, box):
            return 0.0
        return max(ahead / CLEAR, 1.0) if looks.own >= self._usual else 1.0

    def _remains(self, frame: Tensor, box: Box, looks: Looks, absence: Absence) -> float:
        """Return the same as `proof` within the reach of a target that nothing shows to have gone away.

        It is what looks like it, and of all within its reach the most like it; what is nearer is likelier.
        """
        slope = abs(self.settings.look_margin)
        if looks.margin < -slope:
            return 0.0
        ahead = looks.own - slope * absence.sizes(box) - self._surroundings.rival(frame, box, absence, slope)
        if ahead <= 0 or not self._is_first(frame, box):
            return 0.0
        return max(ahead / CLEAR, 1.0) if looks.own >= self._usual else 1.0

    def _is_first(self, frame: Tensor, box: Box) -> bool:
        """Return whether the model of the first frame recognises the object at `box`."""
        return self.attempt(frame, self._first, box)[1] >= self.settings.verify_score

    def look_around(
        self, frame: Tensor, model: dict[str, Tensor], absence: Absence, radius: float
    ) -> tuple[Box | None, Looks, bool]:
        """Look into a few more windows within `radius` pixels of the last place, for the target.

        Returns:
            what is found, its looks, and whether it is worth a proof; else it is what is most like the target
            and may be it or another object.
        """
        s, last = self.settings, absence.predicted
        possible, most = None, UNLIKE
        if s.search_windows == 0:
            return possible, most, False
        least = self._usual - 2 * s.look_slack
        for cx, cy in self._surroundings.turns(frame, absence, radius, least, s.search_windows):
            found, score = self.attempt(frame, model, last._replace(cx=cx, cy=cy))
            if score < s.found_score:
                continue
            looks = self.looks(frame, found)
            if s.reacquire == "any" or self.proof(frame, found, looks, absence) > 0:
                self._surroundings.restart()
                return found, looks, True
            if looks.own > most.own and self.is_possible(found, looks, absence):
                possible, most = found, looks
        return possible, most, False

    def attempt(self, frame: Tensor, model: dict[str, Tensor], box: Box) -> tuple[Box, float]:
        """Return the box and score that a model gives when it looks at `box`; an invalid box scores 0."""
        state = {**model, "box": box.to_tensor(frame.device)}
        estimate = twice(self._tracker.localize, frame, state)
        *found, score = torch.cat((estimate.box, estimate.score.unsqueeze(0))).tolist()
        unfit = Box(*found).problem(frame.shape[2], frame.shape[1])
        return Box(*found), 0.0 if unfit or not math.isfinite(score) else score
