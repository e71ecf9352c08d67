# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Measures of trust: a tracker's claims about its target, compared with the truth.

Counts over one run are a `Trust`; `together` adds runs up, and `columns` makes scores of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tracker_ros.evaluation.metrics import HIT, Array, is_box, overlaps
from tracker_ros.session import State

LOCK_FRAMES = 5
"""A claim about something else that lasts so many frames is a wrong lock."""
SOON = 1.0
"""Seconds in which a target that is back should be found."""
FAILED_SECONDS = 1.0
"""A visible target without any overlap for so long: the tracker needs help from outside."""

Bools = npt.NDArray[np.bool_]


class Lock(NamedTuple):
    """Frames, from `first` to before `end`, in which something else is claimed to be the target."""

    first: int
    end: int
    same_id: bool


class Trust(NamedTuple):
    """Counts over one or more runs.

    Attributes:
        runs: how many; `wrong_same` and `wrong_new` of them had a wrong lock under the first id and under
            a later one, and `wrong` under any.
        returns: seconds from each return of the target until it was TRACKING with an overlap of half;
            inf for never.
        absent: frames without the target, `boxed` with a box nevertheless, `claimed` TRACKING.
        visible: frames with the target but the first; `false` TRACKING without any overlap.
        good: frames with an overlap of half; `missed` of them not TRACKING.
        risk: [N] 1 for each frame whose box does not overlap the target by half, or 0; `score` its score.
        failure: seconds to the first failure, or of the whole run, and `share` of the run's length; sums
            over runs.
    """

    runs: int
    wrong_same: int
    wrong_new: int
    wrong: int
    returns: tuple[float, ...]
    absent: int
    boxed: int
    claimed: int
    visible: int
    false: int
    good: int
    missed: int
    risk: Array
    score: Array
    failure: float
    share: float


def wrong_locks(
    boxes: npt.ArrayLike, says: npt.NDArray[np.int64], truth: npt.ArrayLike, least: int = LOCK_FRAMES
) -> list[Lock]:
    """Return the runs of at least `least` frames TRACKING a box that overlaps nothing of the target, or none.

    Args:
        boxes: [N, 4] x, y, w, h.
        says: [N, 2] state and number of ids.
        truth: [N, 4], nan where the target is absent.
    """
    wrong = _claims(says) & (overlaps(boxes, truth) <= 0)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], wrong.astype(np.int8), [0]))))
    return [
        Lock(int(first), int(end), bool(says[first, 1] == 1))
        for first, end in zip(edges[::2], edges[1::2], strict=True)
        if end - first >= least
    ]


def judge(
    boxes: npt.ArrayLike,
    scores: npt.ArrayLike,
    says: npt.NDArray[np.int64],
    truth: npt.ArrayLike,
    rate: float,
) -> Trust:
    """Hold one run against the truth; `scores` are 0 where the box is a prediction or missing."""
    iou, given, boxed = overlaps(boxes, truth), is_box(truth), is_box(boxes)
    claims, hit = _claims(says), iou >= HIT
    locks = wrong_locks(boxes, says, truth)
    back = [k for k in range(1, len(given)) if given[k] and not given[k - 1]]
    later = np.arange(len(given)) > 0
    fell = _failure(iou, given, round(FAILED_SECONDS * rate))
    return Trust(
        runs=1,
        wrong_same=any(lock.same_id for lock in locks),
        wrong_new=any(not lock.same_id for lock in locks),
        wrong=bool(locks),
        returns=tuple(_wait(hit & claims, given, start) / rate for start in back),
        absent=int((~given).sum()),
        boxed=int((boxed & ~given).sum()),
        claimed=int((claims & ~given).sum()),
        visible=int((given & later).sum()),
        false=int((claims & given & (iou <= 0) & later).sum()),
        good=int((hit & later).sum()),
        missed=int((hit & ~claims & later).sum()),
        risk=(~hit)[1:].astype(np.float64),
        score=np.nan_to_num(np.asarray(scores, np.float64))[1:],
        failure=fell / rate,
        share=fell / len(given),
    )


def together(parts: Iterable[Trust]) -> Trust:
    """Return the counts of several runs as one."""
    every = list(parts)

    def added(name: str) -> Any:
        values = [getattr(part, name) for part in every]
        if name in ("risk", "score"):
            return np.concatenate(values)
        return sum(values, ()) if name == "returns" else sum(values)

    return Trust(*map(added, Trust._fields))


def columns(trust: Trust) -> dict[str, float]:
    """Return the scores by name.

    Shares of runs, returns or frames; seconds; the area under the risk-coverage curve.
    """
    soon = [wait <= SOON for wait in trust.returns]
    found = [wait for wait in trust.returns if np.isfinite(wait)]
    return {
        "found": _share(len(found), len(soon)),
        "found<1s": _share(sum(soon), len(soon)),
        "late": float(np.median(found)) if found else float("nan"),
        "wrong": _share(trust.wrong, trust.runs),
        "wrong id": _share(trust.wrong_same, trust.runs),
        "boxed": _share(trust.boxed, trust.absent),
        "claimed": _share(trust.claimed, trust.absent),
        "false": _share(trust.false, trust.visible),
        "missed": _share(trust.missed, trust.good),
        "AURC": float(risk_coverage(trust.risk, trust.score)[1].mean()),
        "T2F": trust.failure / trust.runs,
        "NT2F": trust.share / trust.runs,
    }


def risk_coverage(risk: Array, score: Array) -> tuple[Array, Array]:
    """Return the coverage and risk of what is covered, [N] each, for every score limit from high to low.

    Frames of equal score are covered together. The mean risk is the area under the curve (AURC; Geifman,
    Uziel and El-Yaniv, Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers, ICLR 2019).
    """
    order = np.argsort(-score, kind="stable")
    mean = np.cumsum(risk[order]) / np.arange(1, len(risk) + 1)
    ranked = score[order]
    last = np.searchsorted(-ranked, -ranked, side="right") - 1
    return np.arange(1, len(risk) + 1) / len(risk), mean[last]


def _claims(says: npt.NDArray[np.int64]) -> Bools:
    return np.asarray(says[:, 0] == int(State.TRACKING))


def _wait(found: Bools, given: Bools, start: int) -> float:
    """Count the frames from `start` to the first found before the target goes away again; inf for never."""
    gone = np.flatnonzero(~given[start:])
    hits = np.flatnonzero(found[start : start + int(gone[0]) if len(gone) else len(found)])
    return float(hits[0]) if len(hits) else float("inf")


def _failure(iou: Array, given: Bools, least: int) -> int:
    """Return the frame from which a visible target is missed in `least` frames in a row; else the length.

    Time to failure asks how long a tracker goes on without help from outside, and is normalised by the
    sequence's length (NT2F; Borne et al., Architecture and evaluation protocol for transformer-based visual
    object tracking in UAV applications, arXiv:2603.03904, 2026). What counts as a failure is defined here.
    """
    visible = np.flatnonzero(given)
    missed = iou[visible] <= 0
    for index in range(len(visible) - least + 1):
        if missed[index : index + least].all():
            return int(visible[index])
    return len(given)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
