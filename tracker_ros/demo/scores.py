# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Scores of a flight: the tracker's answers against the truth, their latency, and dropped frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tracker_ros.evaluation.metrics import ope_curves, overlaps
from tracker_ros.geometry import Box

HIDDEN = 0.2
"""Frames that show less than this share of the target are not scored."""


class Moment(NamedTuple):
    """One image of the flight.

    Attributes:
        stamp: of the image, ns.
        truth: the target's true box; None where it is absent or not known.
        visible: the share of the target that can be seen, [0, 1].
        state: name of the tracker's state after this image; '' if it never saw the image.
        box: the tracker's; None where it gave none.
        score: the tracker's confidence.
        latency: seconds from the image's stamp to the arrival of the tracker's answer; nan without one.
        off_axis: radians from the optical axis to the target's true middle; nan without a gimbal.
    """

    stamp: int
    truth: Box | None
    visible: float
    state: str = ""
    box: Box | None = None
    score: float = 0.0
    latency: float = float("nan")
    off_axis: float = float("nan")

    @property
    def is_scored(self) -> bool:
        """True if the tracker saw the image and the target's place in it is known."""
        return bool(self.state) and self.truth is not None and self.visible >= HIDDEN

    @property
    def overlap(self) -> float:
        """IoU of the tracker's box and the truth; nan where it is not scored, 0 without a box."""
        if not self.is_scored:
            return float("nan")
        return float(overlaps(_rows([self.box]), _rows([self.truth]))[0])


class Change(NamedTuple):
    """The tracker entered a state, so many seconds after the start."""

    at: float
    state: str


class Summary(NamedTuple):
    """The table of one flight; nan where nothing can be said.

    Attributes:
        mean_iou, auc, precision: over `scored` frames; precision is the share with a centre error of at
            most 20 px, the AUC that of OTB's success plot. The frame of the selection counts as OTB
            counts the first one.
        latency_p50, latency_p99: seconds from an image's stamp to the arrival of its result.
        shown, tracked: images published, and those with a result.
        changes: states after the first one.
    """

    mean_iou: float
    auc: float
    precision: float
    scored: int
    latency_p50: float
    latency_p99: float
    shown: int
    tracked: int
    changes: tuple[Change, ...]

    @property
    def dropped(self) -> int:
        """Images without a result."""
        return self.shown - self.tracked


def summarize(moments: Sequence[Moment]) -> Summary:
    """Return the summary of a flight; `moments` are in order and begin with the selection.

    Raises:
        ValueError: when the tracker saw none of them.
    """
    seen = [moment for moment in moments if moment.state]
    if not seen:
        raise ValueError("the tracker gave no result on any image")
    scored = [moment for moment in seen if moment.is_scored]
    iou = auc = precision = float("nan")
    if len(scored) > 1:
        boxes, truths = _rows([m.box for m in scored]), _rows([m.truth for m in scored])
        curves = ope_curves(boxes, truths)
        auc, precision, iou = curves.auc, curves.dpr, float(overlaps(boxes, truths)[1:].mean())
    p50, p99 = np.percentile([moment.latency for moment in seen], [50, 99])
    return Summary(
        iou,
        auc,
        precision,
        len(scored),
        float(p50),
        float(p99),
        len(moments),
        len(seen),
        tuple(_changes(seen)),
    )


def _changes(seen: Sequence[Moment]) -> list[Change]:
    start = seen[0].stamp
    return [
        Change((now.stamp - start) / 1e9, now.state)
        for before, now in zip(seen, seen[1:], strict=False)
        if now.state != before.state
    ]


def _rows(boxes: Sequence[Box | None]) -> npt.NDArray[np.float64]:
    """Return [N, 4] x, y, w, h; nan where there is no box."""
    nothing = (float("nan"),) * 4
    return np.array([nothing if box is None else box.to_xywh() for box in boxes], dtype=np.float64)
