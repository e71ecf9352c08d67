"""Strips of frames that show where trackers lose their target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.data.sequence import Frame, Sequence
from tracker_ros.evaluation.metrics import Array, is_box, overlaps

FRAMES = 6
HEIGHT = 150
TRUTH_COLOR = (255, 255, 255)


class Failure(NamedTuple):
    """Where one tracker lost the target of one sequence: the frame, and the share of frames after it."""

    sequence: str
    tracker: str
    frame: int
    rest: float


def first_loss(prediction: Array, truth: Array, patience: int = 5) -> int | None:
    """The first frame from which the tracker overlaps nothing for `patience` annotated frames in a row."""
    given = np.flatnonzero(is_box(truth))
    missed = overlaps(prediction, truth)[given] <= 0
    for index in range(len(given) - patience + 1):
        if missed[index:index + patience].all():
            return int(given[index])
    return None


def worst_failures(runs: Mapping[str, Mapping[str, Array]], sequences: list[Sequence],
                   count: int) -> list[Failure]:
    """The `count` longest losses, at most one a sequence.

    Args:
        runs: boxes [N, 4] by tracker and sequence.
        sequences: with truth in every frame.
        count: how many to return, the longest first.
    """
    found: dict[str, Failure] = {}
    for tracker, boxes in runs.items():
        for sequence in sequences:
            frame = first_loss(boxes[sequence.name], sequence.truth) if sequence.name in boxes else None
            if frame is None:
                continue
            failure = Failure(sequence.name, tracker, frame, 1 - frame / len(sequence))
            if failure.rest > found.get(sequence.name, failure._replace(rest=-1.0)).rest:
                found[sequence.name] = failure
    return sorted(found.values(), key=lambda failure: -failure.rest)[:count]


def strip_frames(frame: int, length: int) -> list[int]:
    """The frames that a strip shows: some before the loss, the loss, and some after it."""
    step = max(2, min(length // 20, 10))
    first = max(0, frame - 2 * step)
    return sorted({min(first + k * step, length - 1) for k in range(FRAMES)})


def draw_strip(sequence: Sequence, frames: list[int], boxes: Mapping[str, Array],
               colors: Mapping[str, str]) -> Frame:
    """Frames side by side with the truth (white) and trackers' boxes, around where the target was.

    Args:
        sequence: whose frames to draw.
        frames: their indices.
        boxes: [N, 4] x, y, w, h by tracker.
        colors: ``#rrggbb`` by tracker.

    Returns:
        uint8 [HEIGHT, W, 3] RGB.
    """
    wanted, tiles = set(frames), []
    for index, image in enumerate(sequence.frames):
        if index in wanted:
            tile = image.copy()
            for name, predicted in boxes.items():
                _outline(tile, predicted[index], _rgb(colors[name]))
            _outline(tile, sequence.truth[index], TRUTH_COLOR)
            tiles.append(_labelled(tile, str(index)))
        if index >= frames[-1]:
            break
    gap = np.full((HEIGHT, 4, 3), 255, np.uint8)
    return np.hstack([part for tile in tiles for part in (tile, gap)][:-1])


def _outline(image: Frame, box: Array, color: tuple[int, int, int]) -> None:
    if not np.isfinite(box).all():
        return
    x0, y0, x1, y1 = (int(round(v)) for v in (box[0], box[1], box[0] + box[2], box[1] + box[3]))
    # Lines are drawn before the picture is made small: their width is in pixels of the original.
    width = max(1, round(image.shape[0] / HEIGHT * 1.5))
    cv2.rectangle(image, (x0, y0), (x1, y1), (0, 0, 0), width + 2 * max(1, width // 2))
    cv2.rectangle(image, (x0, y0), (x1, y1), color, width)


def _labelled(image: Frame, text: str) -> Frame:
    size = round(image.shape[1] * HEIGHT / image.shape[0]), HEIGHT
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    for color, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(small, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, width, cv2.LINE_AA)
    return np.asarray(small, dtype=np.uint8)


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def to_jpeg(image: npt.NDArray[np.uint8]) -> bytes:
    """An RGB image as the bytes of a JPEG file."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 82])
    return data.tobytes()
