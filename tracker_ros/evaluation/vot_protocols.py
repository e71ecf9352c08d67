# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""VOT's two ways to run a tracker, and the two ways in which time can count.

The reset-based protocol (2013 to 2019) starts a tracker anew after every failure; the anchor-based one
(2020 and later) starts it in several frames and never again.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable

import numpy as np

from tracker_ros.data.sequence import Frame, Sequence
from tracker_ros.evaluation import vot
from tracker_ros.evaluation.drivers import XYWH, Driver
from tracker_ros.evaluation.metrics import is_box
from tracker_ros.evaluation.protocols import SKIPPED, Plan, as_xywh, follow, timed
from tracker_ros.evaluation.results import Trajectory

NOWHERE: XYWH = (float("nan"),) * 4


@dataclasses.dataclass(frozen=True)
class ResetBased:
    """VOT2015 to VOT2019: a failure is an overlap of 0; the next start is 5 frames later.

    VOT's own sequences have a true box in every frame. Elsewhere a frame without one cannot fail, does
    not count, and no run starts in it.
    """

    year: int = 2018
    # No part of what a run is: results are kept when only their number changes.
    repetitions: int = dataclasses.field(default=15, repr=False)
    skip: int = 5

    @property
    def name(self) -> str:
        """``vot`` and the year."""
        return f"vot{self.year}"

    def plans(self, sequence: Sequence) -> list[Plan]:
        """Plan the repetitions of the run."""
        order, box = range(len(sequence)), as_xywh(sequence.truth[0])
        return [
            Plan(f"baseline/{sequence.name}/{sequence.name}_{repetition:03d}", order, box, repetition)
            for repetition in range(1, self.repetitions + 1)
        ]

    def drive(self, driver: Driver, frames: Iterable[Frame], plan: Plan, sequence: Sequence) -> Trajectory:
        """Track; after a failure start anew some frames later."""
        truth, given = sequence.truth, is_box(sequence.truth)
        rows: list[tuple[XYWH, float, float, int]] = []
        restart, running = 0, False
        for index, frame in enumerate(frames):
            box, score, code, begin = NOWHERE, SKIPPED, vot.UNKNOWN, time.perf_counter()
            if running:
                box, score = driver.track(frame)
            elif index >= restart and given[index]:
                box, code, running = as_xywh(truth[index]), vot.STARTED, True
                driver.start(frame, box)
            spent = time.perf_counter() - begin
            if running and given[index] and code != vot.STARTED:
                running = self._overlap(box, sequence, index, frame) > 0
                code, restart = vot.BOX if running else vot.FAILED, index + self.skip
            rows.append((box, spent, score, code))
        boxes, seconds, scores, codes = zip(*rows, strict=True)
        return Trajectory(np.array(boxes), timed(seconds, scores), np.array(scores), np.array(codes, np.int8))

    def _overlap(self, box: XYWH, sequence: Sequence, index: int, frame: Frame) -> float:
        size = frame.shape[1], frame.shape[0]
        if sequence.corners is None:
            return float(vot.pixel_overlaps([box], sequence.truth[index : index + 1], size)[0])
        return vot.polygon_overlap(np.array(box), sequence.corners[index], size)


@dataclasses.dataclass(frozen=True)
class AnchorBased:
    """VOT2020 and later: forward from the anchors of the first half, backward from the others.

    Anchors are the data set's (VOT's ``anchor.value``). Where it has none they are every 50th frame and
    the last, or the nearest frame with a true box, and a run goes the longer way to an end.
    """

    year: int = 2022
    spacing: int = 50

    @property
    def name(self) -> str:
        """``vot`` and the year."""
        return f"vot{self.year}"

    def plans(self, sequence: Sequence) -> list[Plan]:
        """Plan a run from each anchor, forwards or backwards."""
        plans = []
        for anchor, forward in self._anchors(sequence):
            order = range(anchor, len(sequence)) if forward else range(anchor, -1, -1)
            name = f"baseline/{sequence.name}/{sequence.name}_{anchor:08d}"
            plans.append(Plan(name, order, as_xywh(sequence.truth[anchor])))
        return plans

    def _anchors(self, sequence: Sequence) -> list[tuple[int, bool]]:
        if sequence.anchors:
            return list(sequence.anchors)
        given = np.flatnonzero(is_box(sequence.truth))
        wanted = [*range(0, len(sequence) - 1, self.spacing), len(sequence) - 1]
        near = sorted({int(given[np.abs(given - frame).argmin()]) for frame in wanted})
        return [(anchor, anchor < len(sequence) / 2) for anchor in near]

    def drive(self, driver: Driver, frames: Iterable[Frame], plan: Plan, sequence: Sequence) -> Trajectory:
        """Track from the anchor to the end of its longer side."""
        run = follow(driver, frames, plan.box)
        codes = np.full(len(run.boxes), vot.BOX, np.int8)
        codes[0] = vot.STARTED
        return dataclasses.replace(run, codes=codes)
