# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Detections beside a session: which count, which one is clicked, and which confirm that a target is back."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from session_helpers import BOX, frame, tracking

from tracker_ros.geometry import Box
from tracker_ros.ops.boxes import iou
from tracker_ros.session import State
from tracker_ros.session.detections import Detected, Detections, DetectionSettings

CAR = Detected(Box(100, 100, 40, 20), "car", 0.8)
SIZES = st.floats(0.1, 50)
PLACES = st.floats(-20, 60)
BOXES = st.builds(Box, PLACES, PLACES, SIZES, SIZES)


@given(BOXES, BOXES)
def test_the_overlap_of_numbers_is_that_of_tensors(a: Box, b: Box) -> None:
    # In double precision: edges of small boxes far from the origin keep too few digits in single.
    exact = iou(torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64))
    assert a.overlap(b) == pytest.approx(float(exact), abs=1e-9)
    assert a.overlap(a) == pytest.approx(1) and a._replace(w=0.0).overlap(a._replace(w=0.0)) == 0


def test_the_best_of_those_that_count() -> None:
    detections = Detections(DetectionSettings(class_id="car", min_score=0.5))
    others = [
        Detected(CAR.box, "person", 0.99),
        CAR._replace(score=0.6),
        CAR._replace(score=math.nan),
        CAR._replace(score=0.9, box=Box(1, 1, 0, 5)),
        CAR._replace(score=0.9, box=Box(1, 1, math.nan, 5)),
    ]
    assert detections.add(1.0, [*others, CAR]) == CAR
    assert detections.add(1.1, others[:1]) is None and detections.add(1.2, []) is None
    anything = Detections(DetectionSettings(min_score=0.0))
    assert anything.add(1.0, others[:2]) == others[0]


def test_the_clicked_one_is_the_smallest_around_the_point_in_the_nearest_image() -> None:
    detections = Detections(DetectionSettings(class_id="car"))
    van = CAR._replace(box=Box(100, 100, 90, 60))
    detections.add(1.0, [van, CAR])
    detections.add(1.5, [van])
    assert detections.at(1.04, 105, 95) == (1.0, CAR)
    assert detections.at(1.04, 140, 95) == (1.0, van)
    assert detections.at(1.5, 105, 95) == (1.5, van)
    for x, y in ((300, 95), (146, 95), (54, 95), (105, 131), (105, 69)):  # the van is 55..145 by 70..130
        with pytest.raises(
            ValueError, match=rf"no detection of class 'car' at \({x}, {y}\); detections.snap"
        ):
            detections.at(1.0, x, y)
    with pytest.raises(ValueError, match="no list is of its time, 2 are of others"):
        detections.at(9.0, 105, 95)
    with pytest.raises(ValueError, match="0 are of others"):
        Detections(DetectionSettings()).at(1.0, 105, 95)


def test_a_detection_confirms_where_it_overlaps_even_when_it_comes_late() -> None:
    detections = Detections(DetectionSettings(confirm=True, min_overlap=0.5))
    confirms = detections.confirmation()
    for step in range(5):  # a candidate that moves; the detector has not said anything yet
        assert not confirms(CAR.box._replace(cx=100 + 10 * step), 1 + 0.1 * step, step + 1)
    detections.add(1.1, [CAR._replace(box=Box(160, 100, 40, 20))])  # somewhere else at that time
    assert not confirms(CAR.box._replace(cx=150), 1.5, 6)
    detections.add(1.2, [CAR._replace(box=Box(122, 101, 40, 20))])  # of an image four frames ago
    assert confirms(CAR.box._replace(cx=160), 1.6, 7)


def test_a_new_candidate_is_not_confirmed_by_what_confirmed_another() -> None:
    detections = Detections(DetectionSettings(confirm=True))
    confirms = detections.confirmation()
    detections.add(1.0, [CAR])
    assert confirms(CAR.box, 1.0, 1)
    assert not confirms(Box(300, 100, 40, 20), 1.05, 1)
    assert confirms(CAR.box, 1.0, 1)
    assert not confirms(Box(300, 100, 40, 20), 1.05, 2)  # found in another window
    confirms = Detections(DetectionSettings()).confirmation()
    assert confirms(CAR.box, 1.0, 1), "without the setting all are welcome"


def test_a_session_stays_lost_until_it_is_confirmed() -> None:
    session = tracking(coast_seconds=0.2)
    detections = Detections(DetectionSettings(confirm=True))
    session.confirm = detections.confirmation()
    for step in range(10):
        report = session.step(frame(0.1), 0.2 + 0.1 * step)
    assert report.state is State.LOST
    updates = float(session._model["updates"])
    for step in range(5):
        report = session.step(frame(0.9), 1.3 + 0.1 * step)
        assert report.state is State.LOST and report.box is None
    assert float(session._model["updates"]) == updates, "nothing is learned from what is not confirmed"
    detections.add(1.6, [Detected(BOX._replace(cx=BOX.cx + 30), "car", 0.9)])
    assert session.step(frame(0.9), 1.8).state is State.LOST, "a detection elsewhere confirms nothing"
    detections.add(1.6, [Detected(BOX, "car", 0.9)])
    assert session.step(frame(0.9), 1.9).state is State.TRACKING


def test_without_a_detector_a_session_confirms_itself() -> None:
    session = tracking(coast_seconds=0.2)
    for step in range(10):
        session.step(frame(0.1), 0.2 + 0.1 * step)
    session.step(frame(0.9), 1.3)
    assert session.step(frame(0.9), 1.4).state is State.TRACKING
