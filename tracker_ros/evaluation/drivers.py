# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""One face for everything that can be evaluated: give it a frame and a box, then frames.

A driver holds the state of one run. Frames are RGB uint8 [H, W, 3]; boxes are x, y, w, h in pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import cv2
import torch
from torch import Tensor

from tracker_ros.data.sequence import Frame
from tracker_ros.export import optimized
from tracker_ros.geometry import Box
from tracker_ros.ops.frames import to_tensor
from tracker_ros.trackers.base import Tracker

XYWH = tuple[float, float, float, float]


class Driver(Protocol):
    """A tracker as the runner sees it."""

    def start(self, frame: Frame, box: XYWH) -> None:
        """Begin a new target; whatever was tracked before is forgotten."""

    def track(self, frame: Frame) -> tuple[XYWH, float]:
        """Return the target's box in the next frame and a score, higher where more certain."""


class TorchDriver:
    """A `Tracker` of this package, run as it is or compiled to TorchScript first."""

    def __init__(self, tracker: Tracker, device: str = "cpu", scripted: bool = False) -> None:
        self._tracker = tracker.to(device).eval()
        self._device = torch.device(device)
        if scripted:
            self._tracker = optimized(self._tracker)
        self._state: dict[str, Tensor] = {}

    def _tensor(self, frame: Frame) -> Tensor:
        return to_tensor(frame, device=self._device)

    def start(self, frame: Frame, box: XYWH) -> None:
        """Initialize the tracker at `box` (x, y, w, h)."""
        with torch.inference_mode():
            target = Box.from_xywh(*box).to_tensor(self._device)
            self._state = self._tracker.initialize(self._tensor(frame), target)

    def track(self, frame: Frame) -> tuple[XYWH, float]:
        """Localize the target, update the model; return the box and the score."""
        with torch.inference_mode():
            image = self._tensor(frame)
            estimate = self._tracker.localize(image, self._state)
            self._state = self._tracker.update(image, self._state, estimate)
            # Reading the numbers waits for the device, so the time of a step is the whole step's.
            return Box(*estimate.box.tolist()).to_xywh(), float(estimate.score)


class OpenCVDriver:
    """A tracker of OpenCV, on one thread; after a loss it reports its last box with score 0."""

    def __init__(self, create: Callable[[], cv2.Tracker]) -> None:
        cv2.setNumThreads(1)
        self._create = create
        self._tracker = create()
        self._box: XYWH = (0.0, 0.0, 0.0, 0.0)

    def start(self, frame: Frame, box: XYWH) -> None:
        """Make a new tracker of OpenCV at `box`, in whole pixels."""
        # A target thinner than a pixel would be refused.
        x, y, w, h = (round(value) for value in box)
        self._box = box
        self._tracker = self._create()
        self._tracker.init(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), (x, y, max(w, 1), max(h, 1)))

    def track(self, frame: Frame) -> tuple[XYWH, float]:
        """Return OpenCV's box; where it found none, the last one with score 0."""
        found, box = self._tracker.update(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        if not found:
            return self._box, 0.0
        self._box = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
        scored = getattr(self._tracker, "getTrackingScore", None)
        return self._box, float(scored()) if scored else 1.0
