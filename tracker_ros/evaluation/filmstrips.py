# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Strips of frames that show where trackers lose their target."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.data.sequence import Frame, Sequence
from tracker_ros.drawing.shapes import draw_box
from tracker_ros.evaluation.metrics import Array, is_box, overlaps
from tracker_ros.geometry import Box

FRAMES = 6
WIDTH, HEIGHT = 190, 150
CONTEXT = 6
TRUTH_COLOR = (255, 255, 255)


class Failure(NamedTuple):
    """The frame in which one tracker lost the target of one sequence, and the share of frames after it."""

    sequence: str
    tracker: str
    frame: int
    rest: float


def first_loss(prediction: Array, truth: Array, frames: int = 5) -> int | None:
    """Return the first of `frames` annotated frames in a row in which the tracker overlaps nothing."""
    given = np.flatnonzero(is_box(truth))
    missed = overlaps(prediction, truth)[given] <= 0
    for index in range(len(given) - frames + 1):
        if missed[index : index + frames].all():
            return int(given[index])
    return None


def worst_failures(
    runs: Mapping[str, Mapping[str, Array]], sequences: list[Sequence], count: int
) -> list[Failure]:
    """Return the longest losses: each tracker's longest first, then its second, at most one per sequence.

    Args:
        runs: boxes [N, 4] by tracker and sequence; trackers in the order in which they interest most.
        sequences: with truth in every frame.
        count: how many to return at most.
    """
    losses = {tracker: _losses(tracker, boxes, sequences) for tracker, boxes in runs.items()}
    chosen: dict[str, Failure] = {}
    while len(chosen) < count and any(losses.values()):
        for failures in losses.values():
            fresh = [f for f in failures if f.sequence not in chosen]
            failures[:] = fresh[1:]
            if fresh and len(chosen) < count:
                chosen[fresh[0].sequence] = fresh[0]
    return list(chosen.values())


def _losses(tracker: str, boxes: Mapping[str, Array], sequences: list[Sequence]) -> list[Failure]:
    """Return one tracker's losses, the longest share of a sequence first."""
    found = []
    for sequence in sequences:
        frame = first_loss(boxes[sequence.name], sequence.truth) if sequence.name in boxes else None
        if frame is not None:
            found.append(Failure(sequence.name, tracker, frame, 1 - frame / len(sequence)))
    return sorted(found, key=lambda failure: -failure.rest)


def strip_frames(frame: int, length: int) -> list[int]:
    """Return the frames that a strip shows: some before the loss, the loss, and some after it."""
    step = max(2, min(length // 20, 10))
    first = max(0, frame - 2 * step)
    return sorted({min(first + k * step, length - 1) for k in range(FRAMES)})


def draw_strip(
    sequence: Sequence,
    frames: list[int],
    boxes: Mapping[str, Array],
    colors: Mapping[str, str],
    focus: Array | None = None,
) -> Frame:
    """Draw frames side by side with the truth (white) and trackers' boxes, around where the target is.

    Args:
        sequence: whose frames to draw.
        frames: their indices.
        boxes: [N, 4] x, y, w, h by tracker.
        colors: ``#rrggbb`` by tracker.
        focus: [N, 4] boxes to look at where they are known, in place of the truth.

    Returns:
        uint8 [HEIGHT, W, 3] RGB.
    """
    wanted, tiles = set(frames), []
    known = np.flatnonzero(is_box(sequence.truth))
    for index, image in enumerate(sequence.frames):
        if index in wanted:
            target = sequence.truth[known[np.abs(known - index).argmin()]]
            if focus is not None and is_box(focus[index]):
                target = focus[index]
            drawn = [(boxes[name][index], _rgb(colors[name])) for name in boxes]
            drawn.append((sequence.truth[index], TRUTH_COLOR))
            tiles.append(_tile(image, target, drawn, str(index)))
        if index >= frames[-1]:
            break
    gap = np.full((HEIGHT, 4, 3), 255, np.uint8)
    return np.hstack([part for tile in tiles for part in (tile, gap)][:-1])


def _tile(image: Frame, target: Array, drawn: list[tuple[Array, tuple[int, int, int]]], text: str) -> Frame:
    """Return a part of the image around the target, with boxes, scaled to `WIDTH` x `HEIGHT`."""
    # Wide enough to see where a tracker went, narrow enough to see a target of few pixels.
    width = max(CONTEXT * float(np.sqrt(target[2] * target[3])), image.shape[1] / 4)
    scale = WIDTH / width
    centre = target[:2] + target[2:] / 2
    # Both sides count from pixel corners and OpenCV from pixel centres, hence the halves.
    shift = np.array([WIDTH, HEIGHT]) / 2 - scale * centre
    matrix = np.array([[scale, 0, shift[0] + (scale - 1) / 2], [0, scale, shift[1] + (scale - 1) / 2]])
    tile = np.asarray(cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA), dtype=np.uint8)
    for box, color in drawn:
        if np.isfinite(box).all():
            place = Box.from_xywh(*(box[:2] * scale + shift), *(box[2:] * scale))
            draw_box(tile, place, (0, 0, 0), 4)
            draw_box(tile, place, color)
    for color, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(tile, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, thickness, cv2.LINE_AA)
    return tile


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def html_strip(strip: Frame, text: str, keys: str) -> str:
    """Return a filmstrip as an element of the page; `keys` is HTML that names the colours."""
    data = base64.b64encode(to_jpeg(strip)).decode()
    return (
        f'<figure><img alt="{html.escape(text)}" src="data:image/jpeg;base64,{data}">'
        f"<figcaption>{html.escape(text)}{keys}</figcaption></figure>"
    )


def to_jpeg(image: npt.NDArray[np.uint8]) -> bytes:
    """Return an RGB image as the bytes of a JPEG file."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 82])
    return data.tobytes()
