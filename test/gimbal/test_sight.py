# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The line of sight: a filtered direction to the target."""

from __future__ import annotations

import math

import pytest

from tracker_ros.gimbal import attitude as att
from tracker_ros.gimbal.sight import LineOfSight, Sight


def seen(azimuth: float, elevation: float = -0.5) -> att.Direction:
    return att.Direction(azimuth, elevation)


def test_filter_follows_a_constant_rate_exactly_and_wraps() -> None:
    sight = LineOfSight(smoothing=0.05, forget=0.5)
    for step in range(60):
        angle = math.remainder(3.0 + 0.4 * step / 30, 2 * math.pi)
        sight.observe(step / 30, seen(angle, -0.5 + 0.1 * step / 30))
    last = sight.confirmed(2.0)
    assert last is not None and (last.azimuth_rate, last.elevation_rate) == pytest.approx((0.4, 0.1))
    ahead = last.predicted(2.2)
    assert ahead.azimuth == pytest.approx(math.remainder(3.0 + 0.88, 2 * math.pi))
    assert ahead.elevation == pytest.approx(-0.5 + 0.22)


def test_a_detection_is_held_from_when_it_came_not_from_the_step_before() -> None:
    sight = LineOfSight(smoothing=0.05, forget=0.5)
    for at in (1.0, 1.3):  # the first starts the filter, the second goes on
        sight.observe(at, seen(0.1), since=0.6)
        sight.advance(0.7)
        last = sight.confirmed(at)
        assert last is not None and last.at == at and last.age(at) == pytest.approx(0.1)


def test_what_the_tracker_only_guessed_is_taken_back_in_either_order() -> None:
    sight = LineOfSight(0.05, 0.5)
    sight.observe(1.0, seen(0.1), "a")
    first = sight.confirmed(1.0)
    sight.observe(1.03, seen(0.9), "a")
    sight.coast(1.03)
    assert sight.confirmed(1.03) == first
    sight.coast(1.06)
    sight.observe(1.06, seen(0.9), "a")
    assert sight.confirmed(1.06) == first


def test_detections_of_frames_up_to_the_loss_are_ignored() -> None:
    sight = LineOfSight(0.05, 0.5)
    sight.observe(1.0, seen(0.1), "a")
    sight.lose(1.1)
    for at in (1.05, 1.1):
        sight.observe(at, seen(0.1), "a")
        assert sight.newest is None
    sight.observe(1.15, seen(0.3), "a")
    assert sight.newest == Sight(1.15, 0.3, -0.5)


def test_late_and_repeated_detections_change_nothing_and_a_new_target_everything() -> None:
    sight = LineOfSight(0.05, 0.5)
    sight.observe(1.0, seen(0.1), "a")
    for at in (1.0, 0.9):
        sight.observe(at, seen(0.5), "a")
    assert sight.confirmed(1.0) == Sight(1.0, 0.1, -0.5)
    sight.observe(1.1, seen(0.5), "b")
    assert sight.confirmed(1.1) == Sight(1.1, 0.5, -0.5)
    sight.observe(0.2, seen(0.3), "b")  # a bag that starts over
    assert sight.confirmed(0.2) == Sight(0.2, 0.3, -0.5)
    assert sight.confirmed(-0.5) is None, "a detection of the far future"
