# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The state machine around any tracker: when there is a target, and how far to trust it.

No clock and no ROS: every call is told the time, so a recorded flight replays to the same states.

    IDLE --select--> ACQUIRING --good frames--> TRACKING
    TRACKING --low score, jump, other looks--> COASTING --proof--> TRACKING
    COASTING --too long--> LOST --proof--> TRACKING

COASTING shows the tracker's box while the tracker goes on with what it had, else one that moves by constant
velocity; the model learns nothing. LOST has no box. From half the time of COASTING on more windows are
looked into, first around the last place, then all over the image. What is found is the target only with a
proof (`verification`); before that it may be shown, unverified. A tracker that raises, or answers with a
number that is not finite, leads to ERROR, which a new selection ends. A changed frame size or a clock that
jumps back leads to LOST.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.ops.peaks import apce, psr
from tracker_ros.session.absence import Absence
from tracker_ros.session.attempt import essence, require_input, require_tracker, shows_nothing, twice
from tracker_ros.session.evidence import Evidence
from tracker_ros.session.gaze import Gaze
from tracker_ros.session.identity import Looks
from tracker_ros.session.motion import CameraMotion, Motion
from tracker_ros.session.recovery import CLEAR, UNCOMPARED, Recovery
from tracker_ros.session.sighting import Seen
from tracker_ros.session.states import UNVERIFIED, VERIFIED, Report, SessionSettings, State
from tracker_ros.session.timeline import Timeline
from tracker_ros.session.verification import Verification
from tracker_ros.trackers.base import Estimate, Tracker, make_settings
from tracker_ros.yaml_files import shown

NOTHING = "the image shows nothing"
"""Why a target is not seen that nobody could see."""


class Session:
    """One target of one tracker over time.

    Args:
        tracker: initialised with weights, on the device where frames will be.
        settings: values of `SessionSettings` by name, in place of those that the tracker's preset brings.
        name: prefix of the target ids, which count up and never repeat.

    Attributes:
        confirm: asked before a LOST target is taken up again, with the box and stamp at which it seems to be
            and the number of frames in a row; while it says False the target stays LOST.

    >>> import torch
    >>> from tracker_ros import Box, load
    >>> session = Session(load("dcf"))
    >>> frame = (255 * torch.rand(3, 240, 320, generator=torch.Generator().manual_seed(0))).to(torch.uint8)
    >>> session.select(frame, Box(160.0, 120.0, 40.0, 40.0), 0.0)
    'target-1'
    >>> session.step(frame, 0.03).state.name
    'ACQUIRING'
    >>> session.step(frame, 0.06).state.name
    'TRACKING'
    """

    def __init__(self, tracker: Tracker, settings: Mapping[str, Any] | None = None, name: str = "target"):
        require_tracker(tracker)
        if not isinstance(settings, Mapping | None):
            raise ValueError(f"settings must map names to values, got {shown(settings)}")
        self.confirm: Callable[[Box, float, int], bool] = lambda box, stamp, streak: True
        preset = getattr(tracker, "session_settings", {})
        self.settings: SessionSettings = make_settings(
            SessionSettings, {**preset, **(settings or {})}, "session"
        )
        self.state = State.IDLE
        self.message = ""
        self._tracker = tracker
        self._name = name
        self._count = 0
        self._motion = Motion(self.settings.velocity_gain, self.settings.coast_seconds)
        self._recovery: Recovery
        self._evidence: Evidence
        self._camera: CameraMotion
        self._model: dict[str, Tensor]
        self._gaze: Gaze
        self._timeline: Timeline
        self._good: int
        self._verification: Verification
        self._doubtful: bool
        self._reacquired: str
        self._forget()

    @property
    def target_id(self) -> str:
        """Id of the present target; '' in IDLE."""
        return "" if self.state is State.IDLE else f"{self._name}-{self._count}"

    def select(self, frame: Tensor, box: Box, stamp: float, why: str = "selected") -> str:
        """Start on a new target; returns its id. An earlier target is given up only on success.

        Args:
            frame: uint8 [3, H, W] RGB.
            box: the target in `frame`.
            stamp: seconds.
            why: the message of the new state.

        Raises:
            ValueError: for a box that cannot be tracked in this frame, and as `step` does.
            Exception: whatever the tracker raises on it.
        """
        require_input(frame, stamp)
        box = Box(*map(float, box))  # NumPy's numbers would make float64 of all that is computed from it
        if problem := box.problem(frame.shape[2], frame.shape[1]):
            raise ValueError(problem)
        with torch.inference_mode():
            model = twice(self._tracker.initialize, frame, box.to_tensor(frame.device))
            recovery = Recovery(self._tracker, self.settings)
            recovery.start(frame, box, model, stamp)
        self._forget()
        self._watch(recovery)
        self._count += 1
        self._model = model
        self._motion.start(box, stamp)
        self._timeline.start(frame, stamp)
        if self.settings.ego_motion:
            self._camera.step(frame)
        self._enter(State.ACQUIRING, why)
        return self.target_id

    def tune(self, settings: SessionSettings) -> None:
        """Use other settings from now on; the target is kept."""
        self.settings = settings
        self._motion.tune(settings.velocity_gain, settings.coast_seconds)
        self._recovery.tune(settings)
        self._evidence.tune(settings)
        if not settings.ego_motion:
            self._camera = CameraMotion()  # a frame of long ago tells nothing once it is wanted again

    def stop(self) -> Report:
        """Stop tracking the target."""
        self._forget()
        self._enter(State.IDLE, "stopped")
        return self._report(None)

    def lose(self, why: str) -> Report:
        """Declare the target lost for a reason that the frames do not show; it is searched for again."""
        if self.state not in (State.IDLE, State.ERROR):
            self._start_over(why)
        return self._report(None)

    def step(self, frame: Tensor, stamp: float) -> Report:
        """Look for the target in the next frame (uint8 [3, H, W] RGB; stamp in seconds).

        Raises:
            ValueError: for another type or shape, and a stamp that is not finite; the session stays as it is.
        """
        require_input(frame, stamp)
        if self.state in (State.IDLE, State.ERROR):
            return self._report(None)
        if problem := self._timeline.discontinuity(frame, stamp, self.settings.max_backstep):
            self._start_over(problem)
            self._timeline.begin_anew(frame, stamp, self.settings)
            self._recovery.forget_times(stamp)
            return self._report(None)
        if shows_nothing(frame):
            return self._miss(stamp)
        try:
            with torch.inference_mode():
                return self._advance(frame, stamp)
        except Exception as error:  # trackers come from outside too, and may raise anything
            return self._fail(f"tracker failed: {type(error).__name__}: {essence(error)}")

    def refused(self, why: str) -> Report:
        """Report a frame that could not be used. The session stays as it is."""
        return Report(State.ERROR, self.target_id, None, 0.0, 0.0, 0.0, None, why)

    def tick(self, now: float) -> Report:
        """Advance time without a frame: a silent camera leads through COASTING to LOST."""
        stamp, seen = self._timeline.stamp, self._timeline.seen
        silence = self._timeline.silence(self.settings.coast_seconds)
        if self.state in (State.ACQUIRING, State.TRACKING) and now - stamp > silence:
            self._coast(f"no frame for {now - stamp:.1f} s")
            self._timeline.go_blind()
        since = stamp if self._doubtful else seen
        if self.state is State.COASTING and now - since > self.settings.coast_seconds + silence:
            self._start_over(f"no sight of the target for {now - seen:.1f} s")
        return self._report(None)

    def _miss(self, stamp: float) -> Report:
        """Advance by a frame in which nothing can be seen: that the target is not is no news of it."""
        self._timeline.advance(stamp)
        if self.state in (State.ACQUIRING, State.TRACKING):
            self._coast(NOTHING)
            self._timeline.go_blind()
        elif self.state is State.COASTING and stamp - self._timeline.seen > self.settings.coast_seconds:
            self._start_over(NOTHING)
        self._verification.reset()
        return self._report(None)

    def _advance(self, frame: Tensor, stamp: float) -> Report:
        self._recovery.begin_frame()
        if self.settings.ego_motion:
            self._motion.camera_moved(self._camera.step(frame))
        before = self.state
        if before is State.LOST and self.settings.reacquire == "never":
            self._timeline.advance(stamp)
            return self._report(None)
        predicted = self._predicted(stamp)
        absence = self._timeline.absence(stamp, predicted, self._motion.box)
        if before in (State.COASTING, State.LOST):
            self._recovery.watch(frame, absence, stamp)
        estimate, self._model = self._gaze.look(frame, self._model, predicted, before)
        values = torch.cat(
            (estimate.box, torch.stack((estimate.score, psr(estimate.response), apce(estimate.response))))
        ).tolist()
        if not all(map(math.isfinite, values)):
            return self._fail(f"tracker answered with a number that is not finite: {values}")
        found = Box(*values[:4])
        leap = absence.sizes(found)
        fresh = self._gaze.compare(frame, found, leap, before, stamp)
        looks = self._gaze.looks
        score = self._evidence.score(values[4], values[5], looks.own)
        self._evidence.add(score, stamp - self._timeline.stamp)
        if before in (State.ACQUIRING, State.TRACKING):
            self._keep(found, looks if fresh else None, leap, score, stamp)
        else:
            self._regain(frame, Seen(found, score, looks, self._evidence.lasts), absence, stamp)
        if self.state in (State.ACQUIRING, State.TRACKING):
            self._gaze.rest()
            if fresh and self.state is State.TRACKING and score >= self.settings.recover_score:
                self._recovery.well_seen(frame, found, looks, stamp)
            self._follow(frame, found, estimate, stamp)
        else:
            lost = self.state is State.LOST
            self._gaze.seek(frame, self._model, found, score, absence, lost)
            if not lost:
                self._model = twice(self._tracker.missed, self._model, estimate)
        self._timeline.advance(stamp)
        return self._report(estimate, score, *values[5:])

    def _keep(self, found: Box, looks: Looks | None, leap: float, score: float, stamp: float) -> None:
        """Stay with a target that is seen, or begin to coast."""
        if score < self.settings.keep_score or not self._evidence.lasts:
            self._coast(f"score fell to {min(score, self._evidence.mean):.2f}")
            seen = Seen(found, score, looks or UNCOMPARED)
            self._verification.sighting.fade(seen, self._motion.box, self.settings)
        elif looks is not None and leap > self.settings.max_jump and not self._recovery.resembles(looks):
            self._coast(f"box jumped, to what looks {looks.own:.2f} alike")
            if looks.margin >= CLEAR:  # a jerk that blurs it, rather than another that was seen before
                self._verification.sighting.hold(found)
        elif looks is not None and self._recovery.denies(looks, leap):
            self._coast(f"looks like another object: {looks.own:.2f} alike, {looks.rival:.2f} like others")
        else:
            self._timeline.see(stamp)
            # What may be another object confirms nothing; the next frame decides.
            self._good = 0 if self._recovery.suspects else self._good + 1
            if self.state is State.ACQUIRING and self._good >= self.settings.confirm_frames:
                self._enter(State.TRACKING, f"score {score:.2f}")

    def _regain(self, frame: Tensor, seen: Seen, absence: Absence, stamp: float) -> None:
        """Go back to TRACKING once enough frames in a row show what is, or may be, the target.

        Before that, show what may be the target and is not proved to be it; nothing where there is none.
        """
        verdict = self._verification.judge(frame, seen, absence, stamp)
        hidden = self.state is State.COASTING and not self._doubtful
        confirmed = hidden or not verdict.good or self.confirm(seen.box, stamp, verdict.streak)
        if verdict.enough and confirmed:
            self._take_up(verdict.proved, frame, seen.box, stamp)
            self._timeline.see(stamp)
            self._evidence.believe(seen.score)
            self._doubtful = False
            self._recovery.believe()
            self._enter(State.TRACKING, f"found again, score {seen.score:.2f}")
        elif hidden and absence.seconds <= self.settings.coast_seconds:
            return
        elif (verdict.shown and confirmed) or (
            self.state is State.COASTING and self._verification.holds(absence)
        ):
            self._doubtful = True
            self._enter(State.COASTING, "what is seen may be the target or another object")
        elif self.state is State.COASTING:
            self._lose(f"no sight of the target for {absence.seconds:.1f} s")

    def _take_up(self, is_target: bool, frame: Tensor, found: Box, stamp: float) -> None:
        """Go on with what was found after an absence, under a new id where it may be another object."""
        if is_target:
            self._reacquired = self._reacquired or VERIFIED
            return
        self._count += 1
        self._reacquired = UNVERIFIED
        # From now on it is this object that is to be known again.
        self._recovery.start(frame, found, self._model, stamp)

    def _follow(self, frame: Tensor, found: Box, estimate: Estimate, stamp: float) -> None:
        """Learn from a frame that shows the target; where it may be another, the next frame decides first."""
        if self._recovery.suspects:
            return
        self._model = twice(self._tracker.update, frame, self._model, estimate)
        self._motion.follow(found, stamp)

    def _predicted(self, stamp: float) -> Box:
        return self._motion.predicted(stamp, self._timeline.width, self._timeline.height)

    def _report(
        self, estimate: Estimate | None, score: float = 0.0, psr_: float = 0.0, apce_: float = 0.0
    ) -> Report:
        box = None
        if self.state in (State.ACQUIRING, State.TRACKING):
            box = self._motion.box
        elif self.state is State.COASTING:
            box = self._verification.sighting.box or self._predicted(self._timeline.stamp)
        reacquired = UNVERIFIED if self._doubtful else self._reacquired
        return Report(self.state, self.target_id, box, score, psr_, apce_, estimate, self.message, reacquired)

    def _coast(self, why: str) -> None:
        self._verification.reset()
        self._good = 0
        self._enter(State.COASTING, why)

    def _start_over(self, why: str) -> None:
        """Lose the target, and with it whatever was about to be found."""
        self._verification.reset()
        self._gaze.rest()
        self._lose(why)

    def _lose(self, why: str) -> None:
        self._motion.rest()
        self._recovery.restart()
        self._verification.sighting.reset()
        self._doubtful = False
        self._enter(State.LOST, why)

    def _fail(self, why: str) -> Report:
        self._forget()
        self._enter(State.ERROR, why)
        return self._report(None)

    def _enter(self, state: State, why: str) -> None:
        self.state, self.message = state, why

    def _watch(self, recovery: Recovery) -> None:
        self._recovery = recovery
        self._verification = Verification(recovery, self._motion)
        self._gaze = Gaze(self._tracker, recovery, self._verification, self._motion)

    def _forget(self) -> None:
        self._model = {}
        self._camera = CameraMotion()
        self._watch(Recovery(self._tracker, self.settings))
        self._evidence = Evidence(self.settings)
        self._timeline = Timeline()
        self._good = 0
        self._doubtful = False
        self._reacquired = ""
