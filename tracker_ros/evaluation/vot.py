# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""VOT's scores as pure functions: reset-based (2015 to 2019) and anchor-based (2020 and later).

Both take overlaps as VOT measures them, by counting pixels: the corner and the size of a box are
rounded, the box covers ``w`` x ``h`` whole pixels from there, and what lies outside the image does
not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tracker_ros.data.sequence import Sequence, frame_size
from tracker_ros.evaluation.metrics import Array

Codes = npt.NDArray[np.int8]

# What VOT's result files say of a frame in place of a box, and our mark for a box.
UNKNOWN, STARTED, FAILED, BOX = 0, 1, 2, -1

# The frames [low, high] over which a year's challenge averages the expected overlap. They are the
# typical lengths in that year's data set, and the toolkit fixes them.
EAO_INTERVALS: Mapping[int, tuple[int, int]] = {
    2015: (108, 371),
    2016: (108, 371),
    2017: (100, 356),
    2018: (100, 356),
    2019: (46, 291),
    2020: (115, 755),
    2021: (115, 755),
    2022: (115, 755),
}
ANCHOR_FAILURE_OVERLAP = 0.1
ANCHOR_FAILURE_FRAMES = 10


def pixel_overlaps(a: npt.ArrayLike, b: npt.ArrayLike, size: tuple[int, int]) -> Array:
    """Return [N] overlap of boxes [N, 4] x, y, w, h in an image of (width, height), counted in pixels.

    0 where either is no box. Boxes that meet in less than two columns or rows of the image have 0, or
    1 if they are both less than two columns wide or rows high there, as in vot-toolkit 0.9.0.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    usable = np.isfinite(a).all(axis=-1) & np.isfinite(b).all(axis=-1)
    low_a, high_a = _corners(a)
    low_b, high_b = _corners(b)
    limit = np.asarray(size, dtype=np.float64) - 1
    inter = _count(np.maximum(low_a, low_b), np.minimum(high_a, high_b), limit)
    union = _count(low_a, high_a, limit) + _count(low_b, high_b, limit) - inter
    ratio = np.where(union > 0, inter / np.maximum(union, 1.0), 0.0)
    low, high = np.minimum(low_a, low_b), np.maximum(high_a, high_b)
    outside = (np.maximum(low, 0) >= np.minimum(high, limit)).any(axis=-1)
    same = (low >= high).any(axis=-1)
    return np.where(usable, np.where(same, 1.0, np.where(outside, 0.0, ratio)), 0.0)


def truth_overlaps(boxes: npt.ArrayLike, sequence: Sequence, order: range) -> Array:
    """Return the overlaps [N] of boxes [N, 4] with the truth of the frames `order`, polygons where known."""
    size = frame_size(sequence.frames)
    if sequence.corners is None:
        return pixel_overlaps(boxes, sequence.truth[order], size)
    rows = zip(np.asarray(boxes, dtype=np.float64), sequence.corners[order], strict=True)
    return np.array([polygon_overlap(box, corners, size) for box, corners in rows])


def polygon_overlap(box: Array, corners: Array, size: tuple[int, int]) -> float:
    """Return the overlap of one box [4] with a convex polygon of corners [K, 2], in whole pixels."""
    if not np.isfinite(box).all() or not np.isfinite(corners).all():
        return 0.0
    points, limit = np.round(corners), np.asarray(size) - 1
    box_low, box_high = _corners(box)
    low, high = np.minimum(box_low, points.min(axis=0)), np.maximum(box_high, points.max(axis=0))
    if (low >= high).any():
        return 1.0
    low, high = np.maximum(low, 0), np.minimum(high, limit)
    if (low >= high).any():
        return 0.0
    rows = np.arange(low[1], high[1] + 1)
    left, right = _spans(points - low, rows - low[1])
    left, right = np.maximum(left, 0), np.minimum(right, high[0] - low[0])
    in_box = (rows >= box_low[1]) & (rows <= box_high[1])
    first, last = np.maximum(box_low[0] - low[0], 0), np.minimum(box_high[0], high[0]) - low[0]
    box_area = in_box.sum() * max(last - first + 1, 0)
    inter = (np.clip(np.minimum(right, last) - np.maximum(left, first) + 1, 0, None) * in_box).sum()
    union = np.clip(right - left + 1, 0, None).sum() + box_area - inter
    return float(inter / union) if union > 0 else 0.0


def _spans(points: Array, rows: Array) -> tuple[Array, Array]:
    """Return the first and last pixel of a convex polygon [K, 2] in each row.

    The last is smaller where it has none.
    """
    # Each edge from its second end to its first: on exact pixel borders the rounding decides, and the
    # toolkit goes this way.
    start, step = points, np.roll(points, 1, axis=0) - points
    level = step[:, 1] == 0
    along = (rows[:, None] - start[:, 1]) / np.where(level, 1.0, step[:, 1])
    crossed = np.where(level, rows[:, None] == start[:, 1], (along >= 0) & (along <= 1))
    x = np.trunc(start[:, 0] + along * np.where(level, 0.0, step[:, 0]))
    first, last = np.where(crossed, x, np.inf).min(axis=1), np.where(crossed, x, -np.inf).max(axis=1)
    return np.asarray(first, dtype=np.float64), np.asarray(last, dtype=np.float64)


def _corners(boxes: Array) -> tuple[Array, Array]:
    """Return the first and last covered pixel, [N, 2] each."""
    whole = np.asarray(np.round(np.nan_to_num(boxes)), dtype=np.float64)
    return whole[..., :2], whole[..., :2] + whole[..., 2:] - 1


def _count(low: Array, high: Array, limit: Array) -> Array:
    return np.clip(np.minimum(high, limit) - np.maximum(low, 0) + 1, 0, None).prod(axis=-1)


class ResetRun(NamedTuple):
    """One supervised run over one sequence: codes [N] and overlaps [N]."""

    codes: Codes
    overlaps: Array


class VotScores(NamedTuple):
    """Scores of one tracker on several sequences.

    Attributes:
        accuracy: mean overlap.
        robustness: reset-based exp(-30 F/N) (reliability), anchor-based share of the frames tracked.
        failures: reset-based: mean number a sequence, weighted by length; anchor-based: nan.
        eao: expected average overlap on the year's interval; nan if no run is that long.
        curve: [L] expected average overlap by length.
    """

    accuracy: float
    robustness: float
    failures: float
    eao: float
    curve: Array


def reset_accuracy(run: ResetRun, burn_in: int = 10) -> float:
    """Return the mean overlap without the `burn_in` frames from each start, failures and unknown frames."""
    counted = run.codes == BOX
    for start in np.flatnonzero(run.codes == STARTED):
        counted[start : start + burn_in] = False
    return float(run.overlaps[counted].mean()) if counted.any() else 0.0


def reset_fragments(run: ResetRun) -> list[tuple[Array, bool]]:
    """Return the overlaps from each start to its failure or the end, and whether it ended without failure."""
    starts, failures = np.flatnonzero(run.codes == STARTED), np.flatnonzero(run.codes == FAILED)
    ends = [*failures.tolist(), len(run.codes)]
    return [
        (run.overlaps[start:end], index >= len(failures))
        for index, (start, end) in enumerate(zip(starts.tolist(), ends, strict=False))
    ]


def reset_curve(runs: Iterable[ResetRun]) -> Array:
    """Return the expected average overlap by length, reset-based (VOT2015 report, section 3.1).

    A fragment that failed counts with zeros up to the longest length; one that reached the end of its
    sequence counts up to its own length only. Fragments weigh the same.
    """
    fragments = [fragment for run in runs for fragment in reset_fragments(run)]
    longest = max(len(overlaps) for overlaps, _ in fragments)
    total, active = np.zeros(longest), np.zeros(longest)
    for overlaps, reached_end in fragments:
        length = len(overlaps) if reached_end else longest
        padded = np.zeros(length)
        padded[: len(overlaps)] = overlaps
        total[:length] += running_mean(padded)
        active[:length] += 1
    return total / np.maximum(active, 1)


def running_mean(overlaps: Array) -> Array:
    """Return mean over frames 1..j for every j; the first frame, in which the box was given, counts as 0."""
    means = np.zeros(len(overlaps))
    means[1:] = np.cumsum(overlaps[1:]) / np.arange(1, len(overlaps))
    return means


def reset_scores(runs: Mapping[str, list[ResetRun]], year: int) -> VotScores:
    """Return accuracy, robustness and EAO of the supervised runs (one or more a sequence, by its name)."""
    lengths = np.array([len(group[0].codes) for group in runs.values()], dtype=np.float64)
    accuracy = np.array([np.mean([reset_accuracy(run) for run in group]) for group in runs.values()])
    failures = np.array([np.mean([(run.codes == FAILED).sum() for run in group]) for group in runs.values()])
    mean_failures = float(np.average(failures, weights=lengths))
    curve = reset_curve(run for group in runs.values() for run in group)
    return VotScores(
        accuracy=float(np.average(accuracy, weights=lengths)),
        robustness=float(np.exp(-30.0 * mean_failures / lengths.mean())),
        failures=mean_failures,
        eao=interval_mean(curve, year),
        curve=curve,
    )


def interval_mean(curve: Array, year: int) -> float:
    """Return mean of an EAO curve over the year's interval, both ends included; nan if it begins later."""
    low, high = EAO_INTERVALS[year]
    part = curve[low : high + 1]
    return float(part.mean()) if len(part) else float("nan")


class AnchorRun(NamedTuple):
    """One run from an anchor: overlaps [N] in the order of tracking and the frames until it failed."""

    overlaps: Array
    progress: int


def anchor_run(measured: Array, given: npt.NDArray[np.bool_]) -> AnchorRun:
    """Return one run from an anchor, from its overlaps [N] and where there is a true box, [N].

    It failed at the first of 10 frames in a row with an overlap of at most 0.1.
    Frames without a true box cannot fail; they interrupt the row, as in vot-toolkit. The first frame,
    in which the box was given, has overlap 0 there, and so it has here.
    """
    measured = np.concatenate([[0.0], measured[1:]])
    low = (measured <= ANCHOR_FAILURE_OVERLAP) & given
    row = 0
    for index, is_low in enumerate(low):
        row = row + 1 if is_low else 0
        if row == ANCHOR_FAILURE_FRAMES:
            return AnchorRun(measured, index + 1 - ANCHOR_FAILURE_FRAMES)
    return AnchorRun(measured, len(measured))


def anchor_curve(runs: Iterable[AnchorRun], length: int) -> Array:
    """Return [length] expected average overlap by length, anchor-based (VOT2020 report, section 3).

    A failed run counts with zeros after its failure, without end; another up to its own length only.
    Runs weigh the same.
    """
    total, active = np.zeros(length), np.zeros(length)
    for run in runs:
        failed = run.progress < len(run.overlaps)
        kept = np.where(np.arange(len(run.overlaps)) < run.progress, run.overlaps, 0.0)
        means = running_mean(kept)[:length]
        total[1 : len(means)] += means[1:]
        active[1 : len(means)] += 1
        if failed and length > len(kept):
            beyond = np.arange(len(kept), length)
            # Divided by one less than within the run: the toolkit's published scores are made so.
            total[len(kept) :] += kept[1:].sum() / np.maximum(beyond - 1, 1)
            active[len(kept) :] += 1
    return np.where(active > 0, total / np.maximum(active, 1), 0.0)


def anchor_scores(runs: Mapping[str, list[AnchorRun]], lengths: Mapping[str, int], year: int) -> VotScores:
    """Return the accuracy, robustness and EAO of the runs from all anchors.

    `lengths` counts sequences' frames.
    """
    every = [run for group in runs.values() for run in group]
    progress = sum(run.progress for run in every)
    share = [sum(r.progress for r in group) / sum(len(r.overlaps) for r in group) for group in runs.values()]
    curve = anchor_curve(every, EAO_INTERVALS[year][1])
    return VotScores(
        accuracy=sum(float(r.overlaps[: r.progress].sum()) for r in every) / progress if progress else 0.0,
        robustness=float(np.average(share, weights=[lengths[name] for name in runs])),
        failures=float("nan"),
        eao=interval_mean(curve, year),
        curve=curve,
    )
