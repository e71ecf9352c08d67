# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Timing one tracker over a clip, meant for a fresh process.

Frames are decoded beforehand; a long run shows them forwards and backwards. Timing starts after a warm-up on
the same frames, because TorchScript specialises itself during the first calls.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from tracker_ros.data.footage import Shot, film, open_recording, play
from tracker_ros.data.sequence import DataError, Frame
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.evaluation.drivers import XYWH, Driver
from tracker_ros.evaluation.metrics import overlaps
from tracker_ros.evaluation.specs import OPENCV_NAMES, TrackerSpec
from tracker_ros.geometry import Box
from tracker_ros.ops.frames import to_tensor
from tracker_ros.trackers import Tracker, load

WARM_UP = 12
MOST_FRAMES = 300
"""Decoded frames that are kept: 260 MiB at 640x480."""
TURNS, TURN = 5, 25
"""Stages are timed in so many turns of so many frames, between turns of the whole tracker."""


@dataclass(frozen=True)
class Clip:
    """The frames to run on: a recording, or `count` frames of the synthetic scene."""

    count: int
    source: Path | None = None
    truth: Path | None = None
    box: XYWH | None = None

    def load(self) -> tuple[list[Frame], XYWH, np.ndarray | None]:
        """Return frames, the first box, and the true boxes [N, 4] (x, y, w, h; nan where absent) if known.

        Raises:
            DataError: for too few frames, or a target whose place in the first is not known.
        """
        shots = list(itertools.islice(self._shots(), min(self.count, MOST_FRAMES)))
        if len(shots) <= WARM_UP:
            raise DataError(f"bench needs more than {WARM_UP} frames, got {len(shots)}")
        boxes = [shot.box.to_xywh() if shot.box else (np.nan,) * 4 for shot in shots]
        known = any(shot.box for shot in shots)
        box = self.box or boxes[0]
        if not np.isfinite(box).all():
            raise DataError("the first frame has no known box: give --box X,Y,W,H")
        return [shot.image for shot in shots], box, np.array(boxes) if known else None

    def _shots(self) -> Iterator[Shot]:
        if self.source is None:
            return film(AerialScene(), 30.0)
        return play(*open_recording(self.source, self.truth))


@dataclass(frozen=True)
class Result:
    """The measurements of one tracker. Times are milliseconds a tracked frame.

    `first` is the initialisation of a target after warm-up; `memory_mib` the process's peak without the
    decoded frames, and `growth_mib` what was added to its resident memory after the warm-up. `network` is
    the time inside the tracker's own sub-modules (features, heads), uncompiled: the limit of what a
    better pipeline around them could reach; `share` is its percentage of the mean frame, both timed by turns.
    `iou` is the mean overlap with the truth.
    """

    tracker: str
    form: str
    fps: float
    p50: float
    p99: float
    first: float
    memory_mib: float
    growth_mib: float
    iou: float | None = None
    localize: float | None = None
    update: float | None = None
    network: float | None = None
    share: float | None = None


def measure(spec: TrackerSpec, clip: Clip, threads: int) -> Result:
    """Run one tracker over a clip; meant for a process of its own."""
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    frames, box, truth = clip.load()
    driver = spec.driver()
    for _ in range(2):
        # The first start pays for compilation; the second is what a node sees after its warm-up.
        began = time.perf_counter()
        driver.start(frames[0], box)
        first = time.perf_counter() - began
        for frame in frames[1:WARM_UP]:
            driver.track(frame)
    driver.start(frames[0], box)
    order = list(itertools.islice(back_and_forth(len(frames)), clip.count))
    before = resident("VmRSS")
    seconds, found = [], [box]
    for index in order[1:]:
        began = time.perf_counter()
        found.append(driver.track(frames[index])[0])
        seconds.append(time.perf_counter() - began)
    growth = resident("VmRSS") - before
    p50, p99 = np.percentile(seconds, [50, 99]) * 1e3
    iou = None if truth is None else float(np.nanmean(overlaps(np.array(found), truth[order[: len(found)]])))
    form = "OpenCV" if spec.name in OPENCV_NAMES else "scripted" if spec.scripted else "eager"
    peak = resident("VmHWM") - sum(frame.nbytes for frame in frames) / 2**20
    result = Result(spec.label, form, len(seconds) / sum(seconds), p50, p99, first * 1e3, peak, growth, iou)
    return result if form == "OpenCV" else replace(result, **stages(spec, driver, frames[:TURN], box))


def back_and_forth(count: int) -> Iterator[int]:
    """Yield 0 .. count-1 .. 0 .. without end, no index twice in a row."""
    return itertools.cycle([*range(count), *range(count - 2, 0, -1)])


def resident(field: str) -> float:
    """Return the resident size of this process now (VmRSS) or its greatest so far (VmHWM), MiB."""
    # Not getrusage: its figure is inherited from the process that started this one.
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if field in line)
    return int(line.split()[1]) / 1024


def stages(spec: TrackerSpec, driver: Driver, frames: list[Frame], box: XYWH) -> dict[str, Any]:
    """Return the mean milliseconds a frame, uncompiled, in `localize`, `update` and, of both, in sub-modules.

    Means, because some trackers learn in some frames only. The share of the sub-modules is the median of
    turns with the driver's whole frames, because a machine is not equally fast all the time. A tracker that
    calls parts of its sub-modules only has no figures for them.
    """
    tracker = load(spec.name, dict(spec.overrides), spec.weights, spec.device)
    images = [to_tensor(frame, device=spec.device) for frame in frames]
    turns, shares = [], []
    for _ in range(TURNS):
        driver.start(frames[0], box)
        began = time.perf_counter()
        for frame in frames[1:]:
            driver.track(frame)
        whole = (time.perf_counter() - began) / (len(frames) - 1)
        turns.append(staged(tracker, images, Box.from_xywh(*box).to_tensor(spec.device)))
        shares.append(100 * turns[-1][2] / whole)
    localize, update, inside = np.mean(turns, axis=0) * 1e3
    return {
        "localize": localize,
        "update": update,
        "network": inside or None,
        "share": float(np.median(shares)) if inside else None,
    }


def staged(tracker: Tracker, images: list[Tensor], box: Tensor) -> np.ndarray:
    """Return the mean seconds a frame [3] in `localize`, in `update` and, of both, in sub-modules."""
    network = [0.0]
    rows = []
    with torch.inference_mode(), timed_children(tracker, network):
        state = tracker.initialize(images[0], box)
        for image in images[1:]:
            network[0] = 0.0
            began = time.perf_counter()
            estimate = tracker.localize(image, state)
            # Reading a number waits for the device, so that each stage pays for its own work.
            estimate.score.item()
            between = time.perf_counter()
            state = tracker.update(image, state, estimate)
            state["box"].tolist()
            rows.append((between - began, time.perf_counter() - between, network[0]))
    return np.mean(rows, axis=0)


@contextmanager
def timed_children(tracker: Tracker, seconds: list[float]) -> Iterator[None]:
    """Add the time of the tracker's direct sub-modules to ``seconds[0]`` while open."""
    began = [0.0]

    def start(*_: Any) -> None:
        began[0] = time.perf_counter()

    def stop(*_: Any) -> None:
        seconds[0] += time.perf_counter() - began[0]

    with ExitStack() as hooks:
        for module in tracker.children():
            for hook in (module.register_forward_pre_hook(start), module.register_forward_hook(stop)):
                hooks.callback(hook.remove)
        yield
