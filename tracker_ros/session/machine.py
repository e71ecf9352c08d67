# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The state machine around any tracker: when there is a target, and how far to trust it.

No clock and no ROS: every call is told the time, so a recorded flight replays to the same states.

    IDLE --select--> ACQUIRING --good frames--> TRACKING <--> COASTING --too long--> LOST
                                                    ^_____________good frames_________|

COASTING moves the box by constant velocity and lets the model learn nothing. LOST has no box; from
half the time of COASTING on, more windows are looked into, first around the last place, then all over
the image. What is found there counts only if the first frame's model knows it too. Where a target is
found again in the usual window after LOST and that model does not know it, it gets a new id: it may be
another object. A tracker that raises, or answers with a number that is not finite, leads to ERROR,
which a new selection leaves. A changed frame size or a clock that jumps back leads to LOST.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.ops.peaks import apce, psr
from tracker_ros.session.motion import CameraMotion, Motion
from tracker_ros.session.search import Search
from tracker_ros.session.states import UNVERIFIED, VERIFIED, Report, SessionSettings, State
from tracker_ros.trackers.base import Estimate, Tracker, make_settings

PICTURE_SECONDS = 0.3
"""The picture by which a lost target is searched for is at least so fresh while the target is well seen."""


class Session:
    """One target of one tracker over time.

    Args:
        tracker: initialised with weights, on the device where frames will be.
        settings: values of `SessionSettings` by name.
        name: prefix of the target ids, which count up and never repeat.

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
        self.settings: SessionSettings = make_settings(SessionSettings, settings or {}, "session")
        self.state = State.IDLE
        self.message = ""
        self._tracker = tracker
        self._name = name
        self._count = 0
        self._motion = Motion(self.settings.velocity_gain, self.settings.coast_seconds)
        self._search: Search
        self._camera: CameraMotion
        self._model: dict[str, Tensor]
        self._first: dict[str, Tensor]
        self._candidate: Box | None
        self._size: tuple[int, ...]
        self._streak: int
        self._reacquired: str
        self._forget()

    @property
    def target_id(self) -> str:
        """Id of the present target; '' in IDLE."""
        return "" if self.state is State.IDLE else f"{self._name}-{self._count}"

    def select(self, frame: Tensor, box: Box, stamp: float) -> str:
        """Start on a new target; returns its id. An earlier target is given up only on success.

        Args:
            frame: uint8 [3, H, W] RGB.
            box: the target in `frame`.
            stamp: seconds.

        Raises:
            ValueError: for a box that cannot be tracked in this frame.
            Exception: whatever the tracker raises on it.
        """
        if problem := box.problem(frame.shape[2], frame.shape[1]):
            raise ValueError(problem)
        with torch.inference_mode():
            model = _twice(self._tracker.initialize, frame, box.to_tensor(frame.device))
        self._forget()
        self._count += 1
        self._model, self._first = model, dict(model)
        self._search.remember(frame, box)
        self._pictured = stamp
        self._motion.start(box, stamp)
        self._size = tuple(frame.shape[1:])
        self._stamp = self._seen = stamp
        if self.settings.ego_motion:
            self._camera.step(frame)
        self._enter(State.ACQUIRING, "selected")
        return self.target_id

    def stop(self) -> Report:
        """Give the target up."""
        self._forget()
        self._enter(State.IDLE, "stopped")
        return self._report(None)

    def lose(self, why: str) -> Report:
        """Declare the target lost for a reason that the frames do not show; it is searched for again."""
        if self.state not in (State.IDLE, State.ERROR):
            self._lose(why)
        return self._report(None)

    def step(self, frame: Tensor, stamp: float) -> Report:
        """Look for the target in the next frame (uint8 [3, H, W] RGB; stamp in seconds)."""
        if self.state in (State.IDLE, State.ERROR):
            return self._report(None)
        if problem := self._discontinuity(frame, stamp):
            self._lose(problem)
            self._size, self._stamp = tuple(frame.shape[1:]), stamp
            # It may be anywhere now, and earlier stamps may lie in the future.
            self._seen = self._pictured = stamp - 2 * self.settings.coast_seconds
            return self._report(None)
        try:
            with torch.inference_mode():
                return self._advance(frame, stamp)
        except Exception as error:  # trackers come from outside too, and may raise anything
            return self._fail(f"tracker failed: {type(error).__name__}: {_essence(error)}")

    def refused(self, why: str) -> Report:
        """Say of a frame that it could not be looked at. The session stays as it is."""
        return Report(State.ERROR, self.target_id, None, 0.0, 0.0, 0.0, None, why)

    def tick(self, now: float) -> Report:
        """Let time pass without a frame: a silent camera leads through COASTING to LOST."""
        silence = now - self._stamp
        if self.state in (State.ACQUIRING, State.TRACKING) and silence > self.settings.coast_seconds:
            self._enter(State.COASTING, f"no frame for {silence:.1f} s")
        if self.state is State.COASTING and now - self._seen > 2 * self.settings.coast_seconds:
            self._lose(f"no sight of the target for {now - self._seen:.1f} s")
        return self._report(None)

    def _advance(self, frame: Tensor, stamp: float) -> Report:
        if self.settings.ego_motion:
            self._motion.camera_moved(self._camera.step(frame))
        before = self.state
        if before in (State.COASTING, State.LOST):
            self._model["box"] = (self._candidate or self._predicted(stamp)).to_tensor(frame.device)
        estimate = _twice(self._tracker.localize, frame, self._model)
        values = torch.cat(
            (estimate.box, torch.stack((estimate.score, psr(estimate.response), apce(estimate.response))))
        ).tolist()
        if not all(map(math.isfinite, values)):
            return self._fail(f"tracker answered with a number that is not finite: {values}")
        found, score = Box(*values[:4]), values[4]
        self._judge(score, stamp)
        self._candidate = None
        if self.state in (State.ACQUIRING, State.TRACKING):
            if before is State.LOST:
                self._take_up(self._is_first(frame, found))
            if score >= self.settings.recover_score and stamp - self._pictured >= PICTURE_SECONDS:
                self._search.remember(frame, found)
                self._pictured = stamp
            if score >= self.settings.keep_score:
                self._model = _twice(self._tracker.update, frame, self._model, estimate)
            self._motion.follow(found, stamp)
        elif self._streak > 0:
            self._candidate = found
        elif self.state is State.LOST or stamp - self._seen > self.settings.coast_seconds / 2:
            self._candidate = self._look_around(frame, stamp)
        self._stamp = stamp
        return self._report(estimate, score, *values[5:])

    def _take_up(self, is_target: bool) -> None:
        """Go on with what was found after an absence, under a new id where it may be another object."""
        self._count += not is_target
        if self._reacquired != UNVERIFIED:
            self._reacquired = VERIFIED if is_target else UNVERIFIED

    def _look_around(self, frame: Tensor, stamp: float) -> Box | None:
        """A few more windows; where one of them shows what the first frame's model knows."""
        last, diagonal = self._predicted(stamp), math.hypot(*self._size)
        reach = (stamp - self._seen) / max(2 * self.settings.coast_seconds, 1e-3)
        for cx, cy in self._search.places(frame, last[:2], reach * diagonal, self.settings.search_windows):
            found, score = self._try(frame, self._model, last._replace(cx=cx, cy=cy))
            if score >= self.settings.found_score and self._is_first(frame, found):
                self._streak = 1
                self._search.restart()
                return found
        return None

    def _is_first(self, frame: Tensor, box: Box) -> bool:
        """Whether the model of the first frame knows what is at `box`."""
        return self._try(frame, self._first, box)[1] >= self.settings.verify_score

    def _try(self, frame: Tensor, model: dict[str, Tensor], box: Box) -> tuple[Box, float]:
        """Box and score that a model gives when it looks at `box`; an invalid box scores 0."""
        state = {**model, "box": box.to_tensor(frame.device)}
        estimate = _twice(self._tracker.localize, frame, state)
        *found, score = torch.cat((estimate.box, estimate.score.unsqueeze(0))).tolist()
        unfit = Box(*found).problem(frame.shape[2], frame.shape[1])
        return Box(*found), 0.0 if unfit or not math.isfinite(score) else score

    def _judge(self, score: float, stamp: float) -> None:
        """Change state by this frame's score."""
        tracking = self.state in (State.ACQUIRING, State.TRACKING)
        good = score >= (self.settings.keep_score if tracking else self.settings.recover_score)
        self._streak = self._streak + 1 if good else 0
        if good:
            if self.state is not State.TRACKING and self._streak >= self.settings.confirm_frames:
                self._enter(State.TRACKING, f"score {score:.2f}")
            if self.state in (State.ACQUIRING, State.TRACKING):
                self._seen = stamp
        elif tracking:
            self._enter(State.COASTING, f"score fell to {score:.2f}")
        elif self.state is State.COASTING and stamp - self._seen > self.settings.coast_seconds:
            self._lose(f"no sight of the target for {stamp - self._seen:.1f} s")

    def _predicted(self, stamp: float) -> Box:
        return self._motion.predicted(stamp, self._size[1], self._size[0])

    def _discontinuity(self, frame: Tensor, stamp: float) -> str:
        if tuple(frame.shape[1:]) != self._size:
            return (
                f"frame size changed from {self._size[1]} x {self._size[0]}"
                f" to {frame.shape[2]} x {frame.shape[1]}"
            )
        if stamp < self._stamp - self.settings.max_backstep:
            return f"stamps jumped back by {self._stamp - stamp:.1f} s"
        return ""

    def _report(
        self, estimate: Estimate | None, score: float = 0.0, psr_: float = 0.0, apce_: float = 0.0
    ) -> Report:
        box = None
        if self.state in (State.ACQUIRING, State.TRACKING):
            box = self._motion.box
        elif self.state is State.COASTING:
            box = self._predicted(self._stamp)
        return Report(
            self.state, self.target_id, box, score, psr_, apce_, estimate, self.message, self._reacquired
        )

    def _lose(self, why: str) -> None:
        self._streak = 0
        self._candidate = None
        self._motion.rest()
        self._search.restart()
        self._enter(State.LOST, why)

    def _fail(self, why: str) -> Report:
        self._forget()
        self._enter(State.ERROR, why)
        return self._report(None)

    def _enter(self, state: State, why: str) -> None:
        self.state, self.message = state, why

    def _forget(self) -> None:
        self._model, self._first = {}, {}
        self._candidate = None
        self._camera = CameraMotion()
        self._search = Search()
        self._size = (0, 0)
        self._stamp = self._seen = self._pictured = 0.0
        self._streak = 0
        self._reacquired = ""


def _twice(method: Callable[..., Any], *args: Any) -> Any:
    """Call a tracker's method; again, with torch's cache emptied, if the device's memory ran out."""
    try:
        return method(*args)
    except Exception as error:
        if "out of memory" not in str(error):
            raise
    torch.cuda.empty_cache()
    return method(*args)


def _essence(error: Exception) -> str:
    """One line of an error's text. TorchScript puts the cause below its own traceback."""
    lines = str(error).strip().splitlines() or [""]
    return lines[-1] if "TorchScript" in lines[0] else lines[0]
