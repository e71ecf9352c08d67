# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Scores for absences: claims while the target is away, and the time until it is found again.

An absence is a row of frames without a true box between frames with one, or at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tracker_ros.data.sequence import Sequence
from tracker_ros.evaluation.metrics import HIT, is_box, overlaps
from tracker_ros.evaluation.scores import TrackerScores
from tracker_ros.evaluation.tables import Row


class Absences(NamedTuple):
    """Counts over the absences of one or more runs.

    Attributes:
        absent: frames without the target.
        boxed: of these, frames in which a box was published.
        claimed: of these, frames in which the box was said to be seen, not predicted.
        visible: frames with the target, but for the first.
        silent: of these, frames without a box.
        returns: for each absence that ended, frames until the target was found again; None for never.
    """

    absent: int
    boxed: int
    claimed: int
    visible: int
    silent: int
    returns: tuple[int | None, ...]


def absences(boxes: npt.ArrayLike, scores: npt.ArrayLike, truth: npt.ArrayLike) -> Absences:
    """Count over one run: boxes [N, 4], scores [N] (0: the box is a prediction), truth [N, 4].

    A run's last frame ends the wait for a target that was away before it; 0 frames are the first frame
    in which it is back.
    """
    given, boxed = is_box(truth), is_box(boxes)
    claimed = boxed & ~(np.asarray(scores, dtype=np.float64) <= 0)
    hit = overlaps(boxes, truth) >= HIT
    starts = [k for k in range(1, len(given)) if given[k] and not given[k - 1]]
    return Absences(
        absent=int((~given).sum()),
        boxed=int((boxed & ~given).sum()),
        claimed=int((claimed & ~given).sum()),
        visible=int(given[1:].sum()),
        silent=int((given & ~boxed)[1:].sum()),
        returns=tuple(_wait(hit, given, start) for start in starts),
    )


def _wait(hit: npt.NDArray[np.bool_], given: npt.NDArray[np.bool_], start: int) -> int | None:
    """Count the frames from `start` to the first hit before the target goes away again."""
    gone = np.flatnonzero(~given[start:])
    found = np.flatnonzero(hit[start : start + int(gone[0]) if len(gone) else len(hit)])
    return int(found[0]) if len(found) else None


def together(parts: Iterable[Absences]) -> Absences:
    """Return the counts of several runs as one."""
    every = list(parts)
    return Absences(
        absent=sum(part.absent for part in every),
        boxed=sum(part.boxed for part in every),
        claimed=sum(part.claimed for part in every),
        visible=sum(part.visible for part in every),
        silent=sum(part.silent for part in every),
        returns=tuple(wait for part in every for wait in part.returns),
    )


def absence_rows(scores: Iterable[TrackerScores], sequences: list[Sequence]) -> list[Row]:
    """Return a row for each tracker over the sequences whose target is away in some frame.

    None without any.
    """
    away = {s.name: s for s in sequences if len(s.truth) == len(s) and not is_box(s.truth).all()}
    rows: list[Row] = []
    for tracker in scores:
        parts = [
            absences(run.boxes, run.scores, away[name].truth[plan.order])
            for name, runs in tracker.runs.items()
            if name in away
            for plan, run in runs
        ]
        if parts:
            rows.append(_row(tracker.tracker, together(parts)))
    return rows


def _row(name: str, counted: Absences) -> Row:
    back = [wait for wait in counted.returns if wait is not None]
    return {
        "group": "all",
        "tracker": name,
        "absent": str(counted.absent),
        "boxed": _share(counted.boxed, counted.absent),
        "claimed": _share(counted.claimed, counted.absent),
        "unboxed": _share(counted.silent, counted.visible),
        "back": f"{len(back)} of {len(counted.returns)}",
        "late": f"{np.median(back):g} / {np.mean(back):.1f}" if back else "-",
    }


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"
