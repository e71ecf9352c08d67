# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Training clips from unlabelled video: tracks that lead back to where they began.

A box is followed by the median of its optical flow (Kalal et al., MedianFlow, 2010), forwards and then
backwards over the same frames. Only tracks whose way back ends on the first box are kept, so what is
learned from them is right although nobody drew a box.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tracker_ros.training.clips import Boxes, Clip, Decoded, Image

_FLOW = {
    "winSize": (13, 13),
    "maxLevel": 3,
    "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.03),
}
#: Fewer flow vectors than this do not make a median.
_LEAST_POINTS = 16


def follow(before: Image, after: Image, box: Boxes) -> Boxes | None:
    """Return the box (cx, cy, w, h) in the next grey frame; None where the flow disagrees with itself.

    Vectors count that lead back to their origin better than the median one does; their median is the
    motion, the median ratio of their distances the scale.
    """
    corner, size = box[:2] - box[2:] / 2, box[2:]
    cells = np.linspace(0.08, 0.92, 8)
    points = (corner + np.stack(np.meshgrid(cells, cells), -1).reshape(-1, 2) * size).astype(np.float32)
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, after, points[:, None], None, **_FLOW)
    back, again, _ = cv2.calcOpticalFlowPyrLK(after, before, there, None, **_FLOW)
    good = (found[:, 0] == 1) & (again[:, 0] == 1)
    error = np.linalg.norm(points - back[:, 0], axis=1)
    if good.sum() < _LEAST_POINTS or np.median(error[good]) > 1.0:
        return None
    good &= error <= max(float(np.median(error[good])), 0.3)
    if good.sum() < _LEAST_POINTS:
        return None
    old, new = points[good], there[good, 0]
    motion = np.median(new - old, axis=0)
    if np.median(np.abs(new - old - motion)) > 6:
        return None
    first, second = np.triu_indices(len(old), 1)
    apart = np.linalg.norm(old[first] - old[second], axis=1)
    ratios = np.linalg.norm(new[first] - new[second], axis=1)[apart > 2] / apart[apart > 2]
    scale = float(np.median(ratios)) if len(ratios) else 1.0
    return np.concatenate([box[:2] + motion, size * scale])


def consistent_track(grey: Sequence[Image], box: Boxes, overlap: float = 0.75) -> Boxes | None:
    """Return [N, 4] boxes in the first N of the grey frames, or None.

    Args:
        grey: frames, the box lies in the first of them.
        overlap: least IoU between the box and the end of the way back.
    """
    path = [np.asarray(box, np.float64)]
    height, width = grey[0].shape
    for before, after in zip(grey, grey[1:], strict=False):
        step = follow(before, after, path[-1])
        if step is None or not (np.abs(step[:2] / [width, height] - 0.5) < 0.5).all():
            break
        path.append(step)
    back = path[-1]
    for index in range(len(path) - 1, 0, -1):
        step = follow(grey[index], grey[index - 1], back)
        if step is None:
            return None
        back = step
    return np.stack(path) if len(path) > 1 and _iou(path[0], back) >= overlap else None


def moving_boxes(first: Image, later: Image, threshold: int = 12, smallest: int = 16) -> list[Boxes]:
    """Return the boxes around what changed between two grey frames of a camera that stands still."""
    changed = (cv2.blur(cv2.absdiff(first, later), (9, 9)) > threshold).astype(np.uint8)
    changed = cv2.dilate(changed, np.ones((5, 5), np.uint8))
    height, width = first.shape
    boxes = []
    for x, y, w, h, area in cv2.connectedComponentsWithStats(changed)[2][1:]:
        if smallest < w < width / 2 and smallest < h < 0.6 * height and area > 0.35 * w * h:
            boxes.append(np.array([x + w / 2, y + h / 2, w, h], dtype=np.float64))
    return boxes


def textured_boxes(rng: np.random.Generator, grey: Image, count: int, contrast: float = 22.0) -> list[Boxes]:
    """Return random boxes whose pixels differ enough (standard deviation) for flow to hold on to."""
    height, width = grey.shape
    boxes = []
    for _ in range(count):
        size = np.minimum(rng.uniform(24, 140) * np.exp(rng.uniform(-0.5, 0.5, 2)), [width / 2, height / 2])
        x, y = rng.uniform(0, [width, height] - size)
        if grey[int(y) : int(y + size[1]), int(x) : int(x + size[0])].std() > contrast:
            boxes.append(np.array([x + size[0] / 2, y + size[1] / 2, *size]))
    return boxes


def mine(frames: Sequence[Image], name: str, seed: int = 0, length: int = 40, starts: int = 40) -> list[Clip]:
    """Return clips of consistent tracks in decoded RGB frames of one video.

    Args:
        length: most frames of a track; shorter ones than a fifth of it are dropped.
        starts: frames of the video, evenly spread, in which tracks begin.
    """
    rng = np.random.default_rng(seed)
    grey = [np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8) for frame in frames]
    clips: list[Clip] = []
    for start in range(0, len(frames) - 1, max(1, len(frames) // starts)):
        stop = min(start + length, len(frames))
        boxes = moving_boxes(grey[start], grey[min(start + 6, stop - 1)])
        boxes += textured_boxes(rng, grey[start], 3)
        for box in boxes[:8]:
            path = consistent_track(grey[start:stop], box)
            if path is not None and len(path) >= length // 5:
                pictures = Decoded(tuple(frames[start : start + len(path)]))
                clips.append(Clip(f"{name}:{start}:{len(clips)}", pictures, path))
    return clips


def _iou(a: Boxes, b: Boxes) -> float:
    low = np.maximum(a[:2] - a[2:] / 2, b[:2] - b[2:] / 2)
    high = np.minimum(a[:2] + a[2:] / 2, b[:2] + b[2:] / 2)
    inter = float(np.prod(np.clip(high - low, 0, None)))
    return inter / (float(a[2] * a[3] + b[2] * b[3]) - inter)
