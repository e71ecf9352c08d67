# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The published tracking scores as pure functions of boxes.

Boxes are [N, 4] x, y, w, h in pixels; a row with nan, or a size that is not positive, is no box. Every
reference toolkit uses the same overlap and centre distance up to the pixel convention, which cancels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

HIT = 0.5
"""Overlap with the true box from which on a target counts as found."""

SUCCESS_THRESHOLDS = np.linspace(0, 1, 21)
PRECISION_THRESHOLDS = np.arange(51, dtype=np.float64)
NORMALISED_THRESHOLDS = np.arange(51) / 100

NAN_MODES: Mapping[str, str] = {
    "got10k": "frames without a true box are left out",
    "pysot": "they stay in the denominator: a miss for success, a hit for both precisions",
    "pytracking": "as pysot; true boxes without a size miss the precision, and a prediction without a size"
    " is replaced by the one before it",
    "lasot": "they stay in the denominator: a miss for success, a hit for both precisions, and so do frames"
    " marked absent, as misses; a prediction without a size is replaced by the one before it",
}


class Curves(NamedTuple):
    """Scores of one sequence (or the mean over several) at every threshold.

    Attributes:
        success: [21] share of frames with overlap > 0, 0.05, ..., 1.
        precision: [51] share of frames with a centre error <= 0, 1, ..., 50 px.
        normalised: [51] share of frames with a normalised centre error <= 0, 0.01, ..., 0.5.
    """

    success: Array
    precision: Array
    normalised: Array

    @property
    def auc(self) -> float:
        """Area under the success curve, as the mean of its 21 points. A perfect tracker has 20/21."""
        return float(self.success.mean())

    @property
    def osr(self) -> float:
        """Overlap success rate: the share of frames with an overlap above 0.5."""
        return float(self.success[10])

    @property
    def dpr(self) -> float:
        """Distance precision rate: the share of frames with a centre error of at most 20 px."""
        return float(self.precision[20])

    @property
    def normalised_precision(self) -> float:
        """The share of frames with a normalised centre error of at most 0.2 (LaSOT's definition)."""
        return float(self.normalised[20])

    @property
    def normalised_auc(self) -> float:
        """Mean of the normalised precision over [0, 0.5] (TrackingNet's and got10k's definition)."""
        return float(self.normalised.mean())


def is_box(boxes: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return [N] whether a row is a box: four finite numbers and a positive size."""
    a = np.asarray(boxes, dtype=np.float64)
    sized = (np.nan_to_num(a[..., 2:]) > 0).all(axis=-1)
    return np.asarray(np.isfinite(a).all(axis=-1) & sized, dtype=np.bool_)


def clip_boxes(boxes: npt.ArrayLike, width: float, height: float) -> Array:
    """Return the parts of boxes [N, 4] inside an image of this size, as GOT-10k cuts them before the overlap.

    What hangs out to the left or above is moved in, not cut: only the origin is clamped.
    """
    a = np.array(boxes, dtype=np.float64)
    a[..., 0] = np.clip(a[..., 0], 0, width)
    a[..., 1] = np.clip(a[..., 1], 0, height)
    a[..., 2] = np.clip(a[..., 2], 0, width - a[..., 0])
    a[..., 3] = np.clip(a[..., 3], 0, height - a[..., 1])
    return a


def overlaps(a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
    """Return [N] intersection over union of boxes [N, 4] and [N, 4]; 0 where either is no box."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    inter = np.clip(high - low, 0, None).prod(axis=-1)
    union = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - inter
    usable = is_box(a) & is_box(b)
    return np.where(usable, np.clip(inter / np.where(usable, union, 1.0), 0.0, 1.0), 0.0)


def center_errors(prediction: npt.ArrayLike, truth: npt.ArrayLike) -> Array:
    """Return [N] distance in pixels between the centres of boxes [N, 4]; inf where a number is missing.

    A box without a size still has a place.
    """
    return _distances(prediction, truth, np.ones(2))


def normalised_center_errors(prediction: npt.ArrayLike, truth: npt.ArrayLike) -> Array:
    """Return the centre errors [N], x over the true width and y over the true height (TrackingNet, eq. 3)."""
    size = np.asarray(truth, dtype=np.float64)[..., 2:]
    return _distances(prediction, truth, np.maximum(size, np.finfo(np.float64).eps))


def _centres(boxes: Array) -> Array:
    # OTB's centre of a box of whole pixels. The -1 cancels between two boxes but not in the rounding,
    # which decides about errors that lie on a threshold, above all that of the first frame: exactly 0.
    return boxes[..., :2] + (boxes[..., 2:] - 1) / 2


def _distances(prediction: npt.ArrayLike, truth: npt.ArrayLike, unit: Array) -> Array:
    p, t = np.asarray(prediction, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    offset = (_centres(p) - _centres(t)) / unit
    distance = np.hypot(offset[..., 0], offset[..., 1])
    return np.where(np.isfinite(distance), distance, np.inf)


def hold_last_box(prediction: npt.ArrayLike, where: npt.ArrayLike) -> Array:
    """Replace rows without a size in predictions [N, 4] by the row before, where `where` [N] allows it."""
    held = np.array(prediction, dtype=np.float64)
    for index in np.flatnonzero(~is_box(held) & np.asarray(where, dtype=bool)):
        if index > 0:
            held[index] = held[index - 1]
    return held


class _Frames(NamedTuple):
    """The effects of a mode on frames, as masks [N] where not said otherwise."""

    kept: npt.NDArray[np.bool_]
    missed: npt.NDArray[np.bool_]
    hit: npt.NDArray[np.bool_]
    normalised_hit: npt.NDArray[np.bool_]


def _treatment(mode: str, truth: Array, absent: npt.NDArray[np.bool_]) -> _Frames:
    """Find the frames that `mode` drops, counts as misses or (stronger) counts as hits for a precision."""
    given, sized = np.asarray(np.isfinite(truth).all(axis=1), dtype=np.bool_), is_box(truth)
    none, every = np.zeros(len(truth), dtype=bool), np.ones(len(truth), dtype=bool)
    if mode == "got10k":
        return _Frames(given, none, none, none)
    if mode == "pysot":
        # Its test for a true box is a centre right of and below the origin, and nan compares false.
        off = ~np.asarray((_centres(truth) > 0).all(axis=1), dtype=np.bool_)
        return _Frames(every, none, off, off)
    if mode == "pytracking":
        return _Frames(every, ~sized, ~given, ~sized)
    # Its test for a true box is four numbers above 0: one that touches the left or upper border is none.
    off = ~np.asarray((truth > 0).all(axis=1), dtype=np.bool_)
    return _Frames(every, off | absent, off & ~absent, off & ~absent)


def ope_curves(
    prediction: npt.ArrayLike, truth: npt.ArrayLike, mode: str = "got10k", absent: npt.ArrayLike | None = None
) -> Curves:
    """Return the curves of one pass over one sequence; the first prediction is replaced by the truth.

    Args:
        prediction: [N, 4]; nan where the tracker gave nothing.
        truth: [N, 4]; nan where there is no true box.
        mode: what becomes of frames without truth, one of `NAN_MODES`.
        absent: [N] bool, frames in which the target cannot be seen; only the mode ``lasot`` uses it.

    Raises:
        ValueError: when the lengths differ, the mode is unknown or no frame has a true box.
    """
    p, t = np.array(prediction, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if p.shape != t.shape:
        raise ValueError(f"{len(p)} predictions for {len(t)} annotated frames")
    if mode not in NAN_MODES:
        raise ValueError(f"unknown mode '{mode}' for frames without truth; known: {', '.join(NAN_MODES)}")
    if not is_box(t).any():
        raise ValueError("no frame has a true box")
    if mode in ("pytracking", "lasot"):
        p = hold_last_box(p, np.isfinite(t).all(axis=1))
    p[0] = t[0]
    away = np.zeros(len(t), dtype=bool) if absent is None else np.asarray(absent, dtype=bool)
    kept, missed, hit, normalised_hit = _treatment(mode, t, away)
    iou = np.where(missed, 0.0, overlaps(p, t))[kept]
    error = np.where(hit, -1.0, np.where(missed, np.inf, center_errors(p, t)))[kept]
    normalised = np.where(normalised_hit, -1.0, np.where(missed, np.inf, normalised_center_errors(p, t)))[
        kept
    ]
    return Curves(
        (iou[:, None] > SUCCESS_THRESHOLDS).mean(axis=0),
        (error[:, None] <= PRECISION_THRESHOLDS).mean(axis=0),
        (normalised[:, None] <= NORMALISED_THRESHOLDS).mean(axis=0),
    )


def mean_curves(curves: list[Curves]) -> Curves:
    """Return the mean over sequences: every sequence weighs the same, whatever its length (OTB)."""
    return Curves(*(np.mean(np.stack(parts), axis=0) for parts in zip(*curves, strict=True)))


class GotScores(NamedTuple):
    """GOT-10k's scores: average overlap and the share of overlaps above 0.5 and 0.75."""

    ao: float
    sr50: float
    sr75: float


def got10k_overlaps(
    prediction: npt.ArrayLike,
    truth: npt.ArrayLike,
    size: tuple[int, int],
    absent: npt.ArrayLike | None = None,
) -> Array:
    """Return the overlaps that GOT-10k counts: not the first frame's nor those of frames marked absent.

    Args:
        prediction: [N, 4].
        truth: [N, 4].
        size: (width, height) of the image; both boxes are cut at its border before they are compared.
        absent: [N] bool, where no part of the target is visible (``cover`` 0).
    """
    counted = np.array(np.isfinite(np.asarray(truth, dtype=np.float64)).all(axis=1), dtype=np.bool_)
    counted[0] = False
    if absent is not None:
        counted &= ~np.asarray(absent, dtype=bool)
    return overlaps(clip_boxes(prediction, *size), clip_boxes(truth, *size))[counted]


def got10k_scores(counted: list[Array]) -> GotScores:
    """Return the AO and SR over the frames of all sequences together, as the toolkit averages."""
    every = np.concatenate(counted) if counted else np.array([np.nan])
    return GotScores(float(every.mean()), float((every > 0.5).mean()), float((every > 0.75).mean()))
