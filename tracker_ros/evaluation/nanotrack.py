# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""NanoTrack by its published ONNX files, as a peer: v2 in OpenCV's TrackerNano, v3 here.

OpenCV's tracker expects the 16 x 16 responses of v2; those of v3 have 15 x 15 cells. Both run in OpenCV's dnn
module. What becomes of answers of v3 is SiamRPN's (Li et al., CVPR 2018, sec. 4.3), with published numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.data.sequence import Frame
from tracker_ros.evaluation.drivers import XYWH
from tracker_ros.trackers.base import SettingsError

Array = npt.NDArray[np.float64]

#: Name of the tracker, and the files that its folder holds: backbone and head.
NANOTRACK_FILES = {
    "nanotrack": ("nanotrack_backbone_sim.onnx", "nanotrack_head_sim.onnx"),
    "nanotrack_v3": ("nanotrack_backbone.onnx", "nanotrack_head.onnx"),
}
EXEMPLAR, SEARCH, STRIDE, CELLS = 127, 255, 16, 15
WINDOW, PENALTY, RATE = 0.455, 0.138, 0.348


def has_files(name: str, folders: str | None) -> bool:
    """Return whether one of the folders, separated by commas, has the files of `name`."""
    return _find(name, folders) is not None


def find_files(name: str, folders: str | None) -> tuple[Path, Path]:
    """Find backbone and head of `name` in the first of the folders, separated by commas, that has both.

    Raises:
        SettingsError: when no folder is named.
        FileNotFoundError: when none has the files, which are named.
    """
    files = " and ".join(NANOTRACK_FILES[name])
    if not folders:
        raise SettingsError(f"{name} needs --nano FOLDER with {files}")
    found = _find(name, folders)
    if found is None:
        raise FileNotFoundError(f"{name} needs {files}, which are not in {folders}")
    return found


def _find(name: str, folders: str | None) -> tuple[Path, Path] | None:
    for folder in map(Path, filter(None, (folders or "").split(","))):
        backbone, head = (folder / file for file in NANOTRACK_FILES[name])
        if backbone.is_file() and head.is_file():
            return backbone, head
    return None


def opencv_factory(backbone: Path, head: Path) -> Callable[[], cv2.Tracker]:
    """Make OpenCV's TrackerNano (v2) from its two ONNX files."""
    parameters = cv2.TrackerNano_Params()
    parameters.backbone, parameters.neckhead = str(backbone), str(head)

    def create() -> cv2.Tracker:
        # OpenCV 5 warns at every creation that it has no choice of targets; nobody asked for one.
        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            return cv2.TrackerNano_create(parameters)
        finally:
            cv2.utils.logging.setLogLevel(level)

    return create


class NanoTrackV3Driver:
    """NanoTrack v3 on one thread."""

    def __init__(self, backbone: Path, head: Path) -> None:
        cv2.setNumThreads(1)
        self._backbone, self._head = (cv2.dnn.readNetFromONNX(str(path)) for path in (backbone, head))
        hann = np.hanning(CELLS)
        self._window = np.outer(hann, hann)
        at = (np.arange(CELLS) - CELLS // 2) * float(STRIDE)
        self._cells = np.stack(np.meshgrid(at, at))
        self._center = self._size = np.zeros(2)
        self._exemplar: npt.NDArray[np.float32] | None = None

    def start(self, frame: Frame, box: XYWH) -> None:
        """Extract the exemplar's features at `box`; areas outside the frame have its mean colour."""
        x, y, w, h = box
        self._center, self._size = np.array([x + w / 2, y + h / 2]), np.array([w, h], float)
        self._mean = frame.mean(axis=(0, 1))
        self._exemplar = self._features(frame, self._side(), EXEMPLAR)

    def track(self, frame: Frame) -> tuple[XYWH, float]:
        """Return the box whose score is best after penalty and window, and the score."""
        side = self._side()
        zoom = EXEMPLAR / side
        found = self._features(frame, side * SEARCH / EXEMPLAR, SEARCH)
        self._head.setInput(self._exemplar, "input1")
        self._head.setInput(found, "input2")
        logits, sides = self._head.forward(("output1", "output2"))
        scores = 1 / (1 + np.exp(logits[0, 0] - logits[0, 1]))
        low, high = self._cells - sides[0, :2], self._cells + sides[0, 2:]
        centers, sizes = (low + high) / 2, high - low
        penalty = self._penalty(sizes, self._size * zoom)
        ranked = penalty * scores * (1 - WINDOW) + self._window * WINDOW
        best = np.unravel_index(ranked.argmax(), ranked.shape)
        rate = penalty[best] * scores[best] * RATE
        height, width = frame.shape[:2]
        at = self._center + centers[(slice(None), *best)] / zoom
        size = (1 - rate) * self._size + rate * sizes[(slice(None), *best)] / zoom
        self._center = at.clip(0, (width, height))
        self._size = size.clip(10, (width, height))
        x, y = self._center - self._size / 2
        return (float(x), float(y), float(self._size[0]), float(self._size[1])), float(scores[best])

    def _side(self) -> float:
        """Side (pixels) of the square that the exemplar shows: the box with half its sides' sum around it."""
        return float(np.sqrt(np.prod(self._size + self._size.sum() / 2)))

    def _features(self, frame: Frame, side: float, pixels: int) -> npt.NDArray[np.float32]:
        """Return the backbone's features of the square of `side` pixels about the centre."""
        zoom = pixels / side
        shift = (pixels - 1) / 2 - zoom * self._center
        matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
        crop = cv2.warpAffine(frame, matrix, (pixels, pixels), borderValue=self._mean.tolist())
        # Trained on OpenCV's channel order.
        self._backbone.setInput(cv2.dnn.blobFromImage(crop, swapRB=True))
        return self._backbone.forward().copy()

    @staticmethod
    def _penalty(sizes: Array, target: Array) -> Array:
        """Return [cells, cells] in (0, 1]: less where size and aspect [2, ...] differ from those of [2]."""

        def padded(size: Array) -> Array:
            return np.sqrt(np.prod(size + size.sum(axis=0) / 2, axis=0))

        sizes = np.maximum(sizes, 1e-3)
        size = padded(sizes) / padded(target)
        aspect = (sizes[0] / sizes[1]) / (target[0] / target[1])
        change = np.maximum(size, 1 / size) * np.maximum(aspect, 1 / aspect)
        return np.exp((1 - change) * PENALTY)
