# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Scores in which time counts: frames come at the camera's rate, whether or not the tracker is ready.

Both drivers keep the camera's clock themselves and add the measured time of each step to it, so a run
takes as long as the tracker, not as long as the video. Results depend on the machine's speed: that is
what they measure.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable
from typing import ClassVar

from tracker_ros.data.sequence import Frame, Sequence
from tracker_ros.evaluation.drivers import XYWH, Driver
from tracker_ros.evaluation.protocols import SKIPPED, EvaluationProtocol, Plan
from tracker_ros.evaluation.results import Trajectory

Clock = Callable[[], float]


class RealTimeDriver:
    """VOT's real-time rule (VOT2017 report, section 3.2; vot-toolkit's grace of 3 late answers).

    An answer counts for the frame it was computed from, however late; while it is late by more than
    another frame, frames are skipped and keep that answer. The first `GRACE` late answers after a
    start are forgiven.
    """

    GRACE = 3

    def __init__(self, driver: Driver, fps: float, clock: Clock = time.perf_counter) -> None:
        self._driver, self._interval, self._clock = driver, 1.0 / fps, clock
        self._late, self._grace = 0.0, self.GRACE
        self._box: XYWH = (0.0, 0.0, 0.0, 0.0)

    def start(self, frame: Frame, box: XYWH) -> None:
        """Start the tracker; its clock begins with the next frame."""
        self._late, self._grace, self._box = 0.0, self.GRACE, box
        begin = self._clock()
        self._driver.start(frame, box)
        self._spend(self._clock() - begin)

    def track(self, frame: Frame) -> tuple[XYWH, float]:
        """Return the last answer while the tracker is busy, else track."""
        if self._late > self._interval:
            self._late -= self._interval
            return self._box, SKIPPED
        begin = self._clock()
        self._box, score = self._driver.track(frame)
        self._spend(self._clock() - begin)
        return self._box, score

    def _spend(self, seconds: float) -> None:
        self._late = 0.0
        if seconds > self._interval:
            if self._grace > 0:
                self._grace -= 1
            else:
                self._late = seconds - self._interval


class LatencyAwareDriver:
    """Every frame is scored by the answer that is ready when it comes.

    See Li et al., Towards Streaming Perception, ECCV 2020; for flight Li et al., Predictive Visual Tracking,
    2021.

    The tracker always takes the newest frame, as soon as it is free, so that even a fast one answers
    with the frame before. Starting is not charged.
    """

    def __init__(self, driver: Driver, fps: float, clock: Clock = time.perf_counter) -> None:
        self._driver, self._interval, self._clock = driver, 1.0 / fps, clock
        self._now = self._free_at = 0.0
        self._waiting: Frame | None = None
        self._ready: tuple[XYWH, float] = ((0.0, 0.0, 0.0, 0.0), 1.0)
        self._next = self._ready

    def start(self, frame: Frame, box: XYWH) -> None:
        """Start the tracker; its clock begins with the next frame."""
        self._driver.start(frame, box)
        self._now = self._free_at = 0.0
        self._waiting = None
        self._ready = self._next = (box, 1.0)

    def track(self, frame: Frame) -> tuple[XYWH, float]:
        """Return the answer that is ready when this frame comes."""
        arrived, self._now = self._now, self._now + self._interval
        waiting, self._waiting, score = self._waiting, frame, SKIPPED
        if self._free_at < self._now:
            self._ready = self._next
            if waiting is not None:
                # What begins between two frames is computed when the second one comes: only then is
                # it known that nothing newer was there.
                begin = self._clock()
                self._next = self._driver.track(waiting)
                self._free_at = max(self._free_at, arrived) + self._clock() - begin
                score = self._next[1]
        if self._free_at <= self._now:
            self._ready = self._next
        return self._ready[0], score


@dataclasses.dataclass(frozen=True)
class RealTime:
    """A protocol under VOT's real-time rule, with frames at `fps`."""

    inner: EvaluationProtocol
    fps: int
    label: ClassVar[str] = "realtime"

    @property
    def name(self) -> str:
        """The inner protocol's name, the rule and the rate."""
        return f"{self.inner.name}-{self.label}{self.fps}"

    def plans(self, sequence: Sequence) -> list[Plan]:
        """Plan what the inner protocol plans."""
        return self.inner.plans(sequence)

    def drive(self, driver: Driver, frames: Iterable[Frame], plan: Plan, sequence: Sequence) -> Trajectory:
        """Drive the inner protocol at the camera's rate."""
        return self.inner.drive(self._paced(driver), frames, plan, sequence)

    def _paced(self, driver: Driver) -> Driver:
        return RealTimeDriver(driver, self.fps)


class LatencyAware(RealTime):
    """A protocol scored by the answers that are ready when frames come, at `fps`."""

    label = "latency"

    def _paced(self, driver: Driver) -> Driver:
        return LatencyAwareDriver(driver, self.fps)


def unpaced(protocol: EvaluationProtocol) -> EvaluationProtocol:
    """Return the protocol without the rule about time."""
    return protocol.inner if isinstance(protocol, RealTime) else protocol
