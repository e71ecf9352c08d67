# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Calibration of scores: the probability that the box overlaps the target by half."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from tracker_ros.data.sequence import Sequence
from tracker_ros.evaluation.metrics import HIT, Array, overlaps
from tracker_ros.evaluation.scores import TrackerScores
from tracker_ros.evaluation.tables import Row

Bools = npt.NDArray[np.bool_]
RIDGE = 1e-2
BINS = 10
SHOWN = (0.0, 0.3, 0.6, 0.9, 1.0)
"""Borders of the scores for which the table tells how many boxes were right."""
SURE = 1e-4
"""Scores are held so far from 0 and 1 before their odds are taken."""


def fit(evidence: Array, right: Array, weights: Array | None = None) -> Array:
    """Fit a logistic regression with a small ridge by Newton's method: weights [1 + D], the bias first."""
    weights = np.ones(len(right)) if weights is None else weights
    x = np.column_stack((np.ones(len(evidence)), evidence))
    ridge = RIDGE * np.diag([0.0, *np.ones(evidence.shape[1])])
    found = np.zeros(x.shape[1])
    for _ in range(50):
        p = probability(found, evidence)
        slope = x.T @ (weights * (right - p)) - ridge @ found
        bend = (x * (weights * p * (1 - p))[:, None]).T @ x + ridge + 1e-9 * np.eye(x.shape[1])
        step = np.linalg.solve(bend, slope)
        found = found + step
        if np.abs(step).max() < 1e-8:
            break
    return found


def probability(weights: Array, evidence: Array) -> Array:
    """Return [N] what the regression says of evidence [N, D]."""
    return np.asarray(1 / (1 + np.exp(-np.clip(weights[0] + evidence @ weights[1:], -30, 30))))


def log_odds(scores: Array) -> Array:
    """Return [N, 1] the logit of scores [N]."""
    held = np.clip(scores, SURE, 1 - SURE)
    return np.log(held / (1 - held))[:, None]


def calibration_error(said: Array, right: Bools, bins: int = BINS) -> float:
    """Return expected calibration error: |mean of what was said - share that was right|, over bins by frames.

    Bins are of equal width (Guo et al., On Calibration of Modern Neural Networks, ICML 2017, eq. 3).
    """
    place = np.minimum((said * bins).astype(int), bins - 1)
    gaps = [abs(said[place == b].sum() - right[place == b].sum()) for b in range(bins)]
    return float(sum(gaps) / len(said))


def left_out_error(parts: Mapping[str, tuple[Array, Bools]]) -> float:
    """Return the error of scores that are calibrated on all sequences but the one that they are of.

    Args:
        parts: scores [N] and whether the boxes were right [N], by sequence; sequences weigh by the root of
            their frames. One alone has nothing to be calibrated on: nan.
    """
    if len(parts) < 2:
        return float("nan")
    said = []
    for name, (scores, _) in parts.items():
        others = [pair for other, pair in parts.items() if other != name]
        weights = np.concatenate([np.full(len(s), len(s) ** -0.5) for s, _ in others])
        evidence = log_odds(np.concatenate([s for s, _ in others]))
        right = np.concatenate([r for _, r in others]).astype(np.float64)
        fitted = fit(evidence, right, weights * len(weights) / weights.sum())
        said.append(probability(fitted, log_odds(scores)))
    return calibration_error(np.concatenate(said), np.concatenate([right for _, right in parts.values()]))


def reliability_rows(scores: Iterable[TrackerScores], sequences: list[Sequence]) -> list[Row]:
    """Return a row for each tracker: how well its scores tell how many boxes are right.

    Only frames with a score above 0 count, in which the target is said to be seen, and trackers that tell
    one frame from another.
    """
    truths = {s.name: s.truth for s in sequences if len(s.truth) == len(s)}
    rows: list[Row] = []
    for tracker in scores:
        parts = {
            name: _claims([(run.boxes, run.scores, truths[name][plan.order]) for plan, run in runs])
            for name, runs in tracker.runs.items()
            if name in truths
        }
        parts = {name: part for name, part in parts.items() if len(part[0])}
        said = np.concatenate([part[0] for part in parts.values()]) if parts else np.empty(0)
        if len(np.unique(said)) > 1:
            rows.append(_row(tracker.tracker, said, parts))
    return rows


def _claims(runs: list[tuple[Array, Array, Array]]) -> tuple[Array, Bools]:
    """Return scores above 0 after the first frames, and whether the boxes were right."""
    said = np.concatenate([np.asarray(scores, np.float64)[1:] for _, scores, _ in runs])
    right = np.concatenate([(overlaps(boxes, truth) >= HIT)[1:] for boxes, _, truth in runs])
    seen = np.nan_to_num(said) > 0
    return np.clip(said[seen], 0.0, 1.0), right[seen]


def _row(name: str, said: Array, parts: Mapping[str, tuple[Array, Bools]]) -> Row:
    right = np.concatenate([part[1] for part in parts.values()])
    row: Row = {"tracker": name, "group": "all", "frames": str(len(said))}
    row["ECE"], row["left out"] = calibration_error(said, right), left_out_error(parts)
    for low, high in zip(SHOWN[:-1], SHOWN[1:], strict=True):
        inside = (said >= low) & ((said < high) | (high == 1.0))
        told = f"{said[inside].mean():.2f} / {right[inside].mean():.2f}" if inside.any() else "-"
        row[f"{low:.1f}-{high:.1f}".replace("0.", ".").replace("1.0", "1")] = told
    return row
