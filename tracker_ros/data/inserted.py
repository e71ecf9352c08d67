# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""An absence inserted into any annotated sequence: time goes on, and the target is out of sight.

The sequence stops at a third of its length. Meanwhile its last frames swing back and forth, so that the
scene stays alive and goes on where it stopped.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import deque
from collections.abc import Iterator

import cv2
import numpy as np

from tracker_ros.data.sequence import Boxes, DataError, Frame, Frames, Sequence

KINDS = ("removed", "occluded", "away", "black", "scene")
"""The target painted over, covered, out of the turning camera's sight; black frames; another scene."""
SWING = 30
"""Frames that swing, at most."""
TURN = 20
"""Frames in which the camera turns away, or back."""
SHIFT = 0.15
"""By how much of the image's width the target comes back elsewhere."""
SEEN = 0.5
"""Share of the target's width that the turning camera must show for it to count as there."""
LARGEST_HOLE = 48
"""Pixels of the longer side of what is painted over; larger ones are made smaller first."""


@dataclasses.dataclass(frozen=True)
class InsertedFrames:
    """The frames of a sequence with an absence of `count` frames before frame `at`."""

    frames: Frames
    truth: Boxes
    kind: str
    at: int
    count: int
    other: Frames

    def __len__(self) -> int:
        return len(self.frames) + self.count

    def order(self) -> list[int]:
        """Return the sequence's own frame behind each of these frames."""
        reach = min(SWING, self.at)
        turns = math.ceil(self.count / (2 * SWING))
        swing = [
            self.at - round(reach * (1 - math.cos(2 * math.pi * turns * k / self.count)) / 2)
            for k in range(self.count)
        ]
        return [*range(self.at), *swing, *range(self.at, len(self.frames))]

    def gone(self) -> range:
        """Return the frames in which the target is not to be seen."""
        if self.kind == "away":  # it leaves and enters in the course of the turn
            return range(self.at + TURN // 2, self.at + self.count - TURN // 2)
        return range(self.at, self.at + self.count)

    def shifts(self) -> list[int]:
        """Return the pixels by which each frame is moved to the right."""
        width = next(iter(self.frames)).shape[1]
        if self.kind != "away":
            return [0] * len(self)
        # Towards the middle of the image, so that the target stays in it.
        middle = float(np.nanmean(self.truth[self.at :, 0] + self.truth[self.at :, 2] / 2))
        sign = 1 if middle < width / 2 else -1
        turn = [_ease(k / TURN) for k in range(TURN)]
        away = self.count - 2 * TURN
        back = [1 - (1 - SHIFT) * share for share in turn]
        shares = [0.0] * self.at + turn + [1.0] * away + back + [SHIFT] * (len(self.frames) - self.at)
        return [sign * round(share * width) for share in shares]

    def __iter__(self) -> Iterator[Frame]:
        decoded, kept = iter(self.frames), deque[Frame](maxlen=SWING + 1)
        newest, others, gone = -1, _cycled(self.other), self.gone()
        for index, (source, shift) in enumerate(zip(self.order(), self.shifts(), strict=True)):
            while newest < source:
                kept.append(next(decoded))
                newest += 1
            frame = kept[source - newest - 1]
            yield self._shown(frame, self.truth[source], others, shift, index in gone)

    def _shown(self, frame: Frame, box: Boxes, others: Iterator[Frame], shift: int, is_gone: bool) -> Frame:
        """Change a frame whose target is at `box` as this insertion does."""
        if shift:
            return beside(frame, _resized(next(others), frame), shift)
        if not is_gone:
            return frame
        if self.kind == "black":
            return np.zeros_like(frame)
        if self.kind == "scene":
            return _resized(next(others), frame)
        if not np.isfinite(box).all():
            return frame
        return painted_over(frame, box) if self.kind == "removed" else covered(frame, box)


def inserted(sequence: Sequence, kind: str, seconds: int, count: int, other: Frames) -> Sequence:
    """Hide the target of `sequence` for `count` frames, a third of its length after its start.

    Args:
        sequence: with a box in every frame that shows the target.
        kind: one of `KINDS`.
        seconds: for the name.
        count: frames; at least two turns of the camera where it turns away.
        other: the scene that is shown instead, or beside it.

    Raises:
        DataError: where the truth is not known.
    """
    if len(sequence.truth) != len(sequence):
        raise DataError(f"sequence {sequence.name} has a box in its first frame only")
    at = max(len(sequence) // 3, 1)
    least = 2 * TURN if kind == "away" else 1
    frames = InsertedFrames(sequence.frames, sequence.truth, kind, at, max(count, least), other)
    truth = sequence.truth[frames.order()].copy()
    truth[list(frames.gone())] = np.nan
    shifts = np.array(frames.shifts())
    truth[:, 0] += shifts
    width = next(iter(sequence.frames)).shape[1]
    left, right = np.clip(truth[:, 0], 0, width), np.clip(truth[:, 0] + truth[:, 2], 0, width)
    truth[(shifts != 0) & ~(right - left > SEEN * truth[:, 2])] = np.nan
    return Sequence(f"{sequence.name}_{kind}_{seconds}s", frames, truth, attributes=frozenset({kind}))


def painted_over(frame: Frame, box: Boxes) -> Frame:
    """Fill the box (x, y, w, h) of `frame` with its surroundings grown inwards (Telea, 2004)."""
    left, top, right, bottom = _corners(box, 1.2, frame)
    wide = _corners(box, 1.8, frame)
    scale = min(LARGEST_HOLE / max(right - left, bottom - top, 1), 1.0)
    around = frame[wide[1] : wide[3], wide[0] : wide[2]]
    size = [max(round(side * scale), 4) for side in (around.shape[1], around.shape[0])]
    small = cv2.resize(around, size, interpolation=cv2.INTER_AREA)
    hole = np.zeros(around.shape[:2], np.uint8)
    hole[top - wide[1] : bottom - wide[1], left - wide[0] : right - wide[0]] = 255
    filled = cv2.inpaint(small, cv2.resize(hole, size, interpolation=cv2.INTER_NEAREST), 3, cv2.INPAINT_TELEA)
    grown = cv2.resize(filled, around.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    result = frame.copy()
    np.copyto(result[wide[1] : wide[3], wide[0] : wide[2]], grown, where=hole[..., None] > 0)
    return result


def covered(frame: Frame, box: Boxes) -> Frame:
    """Put the box (x, y, w, h) of `frame` and its surroundings behind what is seen in another part of it."""
    left, top, right, bottom = _corners(box, 1.5, frame)
    height, width = bottom - top, right - left
    # From the corner that is farthest away.
    x = 0 if left + right > frame.shape[1] else frame.shape[1] - width
    y = 0 if top + bottom > frame.shape[0] else frame.shape[0] - height
    result = frame.copy()
    result[top:bottom, left:right] = frame[y : y + height, x : x + width]
    return result


def beside(frame: Frame, other: Frame, shift: int) -> Frame:
    """Turn the camera by `shift` pixels: move `frame`, and show `other` on the side that comes into view."""
    shift = min(max(shift, -frame.shape[1]), frame.shape[1])
    if shift >= 0:
        return np.hstack((other[:, other.shape[1] - shift :], frame[:, : frame.shape[1] - shift]))
    return np.hstack((frame[:, -shift:], other[:, :-shift]))


def _corners(box: Boxes, enlarged: float, frame: Frame) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of an enlarged box, whole pixels inside the frame."""
    low, high = box[:2] - box[2:] * (enlarged - 1) / 2, box[:2] + box[2:] * (enlarged + 1) / 2
    limit = np.array(frame.shape[1::-1])
    left, top = np.clip(np.floor(low), 0, limit - 1).astype(int).tolist()
    right, bottom = np.clip(np.ceil(high), 1, limit).astype(int).tolist()
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _resized(other: Frame, frame: Frame) -> Frame:
    return np.asarray(cv2.resize(other, frame.shape[1::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _cycled(frames: Frames) -> Iterator[Frame]:
    """Yield the frames over and over: decoded again each time, for they may be too many to keep."""
    return itertools.chain.from_iterable(itertools.repeat(frames))


def _ease(share: float) -> float:
    """Ease from 0 to 1, smoothly."""
    return share * share * (3 - 2 * share)
