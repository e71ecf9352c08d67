# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Protocols: the runs that each one plans, and how a run is driven. OTB's three and GOT-10k's."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterable
from typing import Protocol

import numpy as np

from tracker_ros.data.sequence import Frame, Sequence, frame_size
from tracker_ros.evaluation.drivers import XYWH, Driver
from tracker_ros.evaluation.metrics import Array, is_box
from tracker_ros.evaluation.results import Trajectory

# The score that a driver returns for a frame that it let pass.
SKIPPED = float("nan")


@dataclasses.dataclass(frozen=True)
class Plan:
    """One run over (a part of) a sequence.

    Attributes:
        name: of the result file, below the tracker's folder and without its suffix.
        order: indices of the frames in the order in which the tracker sees them.
        box: x, y, w, h given to the tracker in the first of them.
        repetition: from 1, where the same run is made several times; once the first three agree, the
            tracker counts as deterministic and the rest is left out.
    """

    name: str
    order: range
    box: XYWH
    repetition: int = 1


class EvaluationProtocol(Protocol):
    """Runs over a sequence. A protocol is small and immutable: it is sent to worker processes."""

    @property
    def name(self) -> str:
        """The name of the folder that holds its results."""

    def plans(self, sequence: Sequence) -> list[Plan]:
        """Return the runs that make up the evaluation of one sequence."""

    def drive(self, driver: Driver, frames: Iterable[Frame], plan: Plan, sequence: Sequence) -> Trajectory:
        """Execute one run; `frames` are those of ``plan.order``."""


class _Follow:
    """Protocols that start once and track to the end, whatever happens."""

    def drive(self, driver: Driver, frames: Iterable[Frame], plan: Plan, sequence: Sequence) -> Trajectory:
        return follow(driver, frames, plan.box)


@dataclasses.dataclass(frozen=True)
class OnePass(_Follow):
    """OPE (OTB): given the first true box, track to the end."""

    name: str = "ope"

    def plans(self, sequence: Sequence) -> list[Plan]:
        """Plan one run from the first frame to the last."""
        return [Plan(sequence.name, range(len(sequence)), as_xywh(sequence.truth[0]))]


@dataclasses.dataclass(frozen=True)
class TemporalRobustness(_Follow):
    """TRE (OTB): one pass from each of up to 20 frames spread over the sequence.

    The toolkit's choice: among the frames with a true box, except those it lists as unfit, and with at
    least 20 frames left, 19 at equal steps from the first on, and the last.
    """

    name: str = "tre"
    segments: int = 20
    shortest: int = 20

    def plans(self, sequence: Sequence) -> list[Plan]:
        """Plan runs from starts spread over the sequence to its end."""
        truth, name = sequence.truth, sequence.name
        return [
            Plan(f"{name}/from_{start:06d}", range(start, len(sequence)), as_xywh(truth[start]))
            for start in self._starts(sequence)
        ]

    def _starts(self, sequence: Sequence) -> list[int]:
        fit = is_box(sequence.truth) & (np.nan_to_num(sequence.truth[:, :2]) > 0).all(axis=1)
        omitted = sequence.tags.get("tre_omit")
        if omitted is not None:
            fit &= ~omitted
        usable = [int(i) for i in np.flatnonzero(fit) if len(sequence) - i >= self.shortest]
        if not usable:
            return [0]
        step = len(usable) / (self.segments - 1)
        picks = [math.floor(1 + k * step) for k in range(self.segments) if 1 + k * step <= len(usable)]
        return sorted({usable[pick - 1] for pick in [*picks, len(usable)]})


@dataclasses.dataclass(frozen=True)
class SpatialRobustness(_Follow):
    """SRE (OTB): one pass from each of 12 wrong first boxes, 4 shifted, 4 stretched and 4 scaled."""

    name: str = "sre"

    def plans(self, sequence: Sequence) -> list[Plan]:
        """Plan runs from disturbed boxes of the first frame."""
        size, order = frame_size(sequence.frames), range(len(sequence))
        return [
            Plan(f"{sequence.name}/{kind}", order, shifted_box(as_xywh(sequence.truth[0]), kind, size))
            for kind in SHIFTS
        ]


# Which way a first box is moved (x, y), which corner is pulled outwards (x, y), or how it is scaled.
_MOVED = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_PULLED = {"topLeft": (-1, -1), "topRight": (1, -1), "bottomLeft": (-1, 1), "bottomRight": (1, 1)}
_SCALED = {"scale_8": 0.8, "scale_9": 0.9, "scale_11": 1.1, "scale_12": 1.2}
SHIFTS = (*_MOVED, *_PULLED, *_SCALED)


def shifted_box(box: XYWH, kind: str, size: tuple[int, int]) -> XYWH:
    """Return the first box of one SRE run, one of `SHIFTS`, by a tenth of the target's size or scaled.

    Rounded and held in the image as OTB's toolkit does it. It counts pixels from 1: a corner left of
    or above 1 is moved there, and sizes are cut at `size` (width, height).
    """
    x, y, w, h = box
    if kind in _MOVED:
        dx, dy = _MOVED[kind]
        x, y = x + dx * math.ceil(w / 10), y + dy * math.ceil(h / 10)
    elif kind in _PULLED:
        dx, dy = _PULLED[kind]
        x, w = _pulled(x, w, dx)
        y, h = _pulled(y, h, dy)
    else:
        scale = _SCALED[kind]
        x, y = _round(x + (1 - scale) * w / 2), _round(y + (1 - scale) * h / 2)
        w, h = _round(scale * w), _round(scale * h)
    x, y = max(x, 1.0), max(y, 1.0)
    return float(x), float(y), float(min(w, size[0] - x + 1)), float(min(h, size[1] - y + 1))


def _pulled(low: float, length: float, way: int) -> tuple[float, float]:
    """Return an interval (first, length) with its lower or its upper end moved outwards by a tenth."""
    if way < 0:
        moved = _round(low - length / 10)
        return moved, low + length - moved
    return low, _round(low + length - 1 + length / 10) - low + 1


def _round(value: float) -> int:
    """Round as MATLAB does what is not negative; Python would send halves to even numbers."""
    return math.floor(value + 0.5)


@dataclasses.dataclass(frozen=True)
class Repeated(_Follow):
    """GOT-10k: one pass, three times unless the tracker proves deterministic."""

    name: str = "got10k"
    # No part of what a run is: results are kept when only their number changes.
    repetitions: int = dataclasses.field(default=3, repr=False)

    def plans(self, sequence: Sequence) -> list[Plan]:
        """Plan the same run several times."""
        order, box = range(len(sequence)), as_xywh(sequence.truth[0])
        return [
            Plan(f"{sequence.name}/{sequence.name}_{repetition:03d}", order, box, repetition)
            for repetition in range(1, self.repetitions + 1)
        ]


def follow(driver: Driver, frames: Iterable[Frame], box: XYWH) -> Trajectory:
    """Start in the first frame at `box` and track through the rest; only the tracker is timed."""
    boxes, seconds, scores = [box], [], [1.0]
    for index, frame in enumerate(frames):
        begin = time.perf_counter()
        if index == 0:
            driver.start(frame, box)
        else:
            found, score = driver.track(frame)
            boxes.append(found)
            scores.append(score)
        seconds.append(time.perf_counter() - begin)
    return Trajectory(np.array(boxes, dtype=np.float64), timed(seconds, scores), np.array(scores))


def timed(seconds: Iterable[float], scores: Iterable[float]) -> Array:
    """Return the seconds of each frame, nan where a score of `SKIPPED` says that the frame was left out."""
    return np.where(np.isnan(list(scores)), np.nan, list(seconds))


def as_xywh(row: Array) -> XYWH:
    """Convert one row of boxes to a tuple of plain floats."""
    x, y, w, h = (float(value) for value in row)
    return x, y, w, h
