# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Cameras of one to 200 frames a second, and those that send two at a time: the session is the same."""

from __future__ import annotations

import pytest
import torch
from session_helpers import BOX, Oracle, frame, painted, tracking
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session import Session, State
from tracker_ros.session.bystanders import GAIN, GATE, Bystanders, Sight
from tracker_ros.session.motion import RATE, Motion, share

SIZE = 20.0


def view() -> Tensor:
    made = torch.zeros(289)
    made[[3, 40, 70, -1]] = 1.0
    return made


def at(x: float) -> Box:
    return Box(x, 50.0, SIZE, SIZE)


def test_a_gain_is_that_of_thirty_frames_a_second_and_adds_up_over_time() -> None:
    assert share(0.3, 1 / RATE) == pytest.approx(0.3)
    left = (1 - share(0.3, 0.01)) * (1 - share(0.3, 0.04))
    assert 1 - share(0.3, 0.05) == pytest.approx(left)
    assert share(0.3, 0.0) == 0.0 and share(1.0, 0.001) == 1.0


@pytest.mark.parametrize("fps", [1.0, 10.0, 30.0, 200.0])
def test_a_velocity_is_found_in_the_same_time_at_every_rate(fps: float) -> None:
    """After a time t it has 1 - (1 - gain)^(30 t) of a constant velocity, in closed form."""
    motion = Motion(0.3, 1.0)
    motion.start(at(100.0), 0.0)
    motion.camera_moved((0.0, 0.0))  # against the background the newest velocity counts
    seconds = 2.0
    for step in range(1, round(seconds * fps) + 1):
        motion.follow(at(100.0 + 60.0 * step / fps), step / fps)
    predicted = motion.predicted(seconds + 0.5, 10_000, 100)
    expected = 100.0 + 60.0 * seconds + 0.5 * 60.0 * (1 - 0.7 ** (RATE * seconds))
    assert predicted.cx == pytest.approx(expected, abs=1e-3)


def test_two_frames_a_moment_apart_change_a_velocity_little() -> None:
    motion = Motion(0.3, 1.0)
    motion.start(at(100.0), 0.0)
    motion.camera_moved((0.0, 0.0))
    for step in range(1, 31):
        motion.follow(at(100.0 + 2.0 * step), step / 30)
    motion.follow(at(161.0), 1.0 + 1e-3)  # a pixel beside its way, a millisecond later
    motion.follow(at(161.0), 1.0 + 1e-3)  # twice with one stamp
    velocity = motion.predicted(2.0 + 1e-3, 10_000, 100).cx - 161.0
    # A share of .011 of a measured 1000 px/s.
    assert velocity == pytest.approx(60.0 + share(0.3, 1e-3) * (1000.0 - 60.0), abs=0.1)


@pytest.mark.parametrize("fps", [30.0, 200.0])
def test_a_bystander_whose_place_flips_by_a_cell_stays_where_it_is(fps: float) -> None:
    bystanders = Bystanders()
    bystanders.start(SIZE, [Sight((100.0, 50.0), view())], 0.0)
    for step in range(1, 61):
        assert bystanders.follow([Sight((100.0 + 4.0 * (step % 2), 50.0), view())], step / fps) == []
    # Unseen for a fifth of a second: no more than one measurement's share of 120 px/s, at any rate.
    drift = GAIN * 4.0 * RATE * 0.2
    assert drift < GATE * SIZE
    assert bystanders.follow([Sight((100.0, 50.0), view())], 60 / fps + 0.2) == []


def test_two_sights_of_one_stamp_give_no_velocity() -> None:
    bystanders = Bystanders()
    bystanders.start(SIZE, [Sight((100.0, 50.0), view())], 0.0)
    assert bystanders.follow([Sight((104.0, 50.0), view())], 0.0) == []
    assert bystanders.follow([Sight((104.0, 50.0), view())], 1 / 30) == []
    assert bystanders.stand_at((104.0, 50.0))


def test_what_was_before_an_absence_gives_no_velocity() -> None:
    motion = Motion(0.3, 1.0)
    motion.start(at(400.0), 0.0)
    for step in range(1, 31):
        motion.follow(at(400.0), step / 30)
    motion.rest()
    # In half the scale, or another object, or back at another place: all stand still.
    for step in range(12):
        motion.follow(at(200.0), 1.5 + step / 30)
        assert motion.predicted(2.5, 640, 100) == at(200.0)
    assert motion.predicted(3.0, 640, 100) == at(200.0)
    assert motion.usual_velocity() == (0.0, 0.0)


def test_what_was_before_an_absence_tells_how_it_moved_as_long_as_it_lasts() -> None:
    motion = Motion(0.3, 1.0)
    motion.start(at(100.0), 0.0)
    for step in range(1, 31):
        motion.follow(at(100.0 + step), step / 30)
    motion.rest()
    assert motion.usual_velocity()[0] == pytest.approx(30.0)


def test_ego_motion_that_is_switched_off_and_on_again_begins_anew() -> None:
    texture = torch.randint(
        0, 255, (3, 120, 400), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    session = Session(Oracle(), {"ego_motion": True})
    on = session.settings
    off = type(on)(ego_motion=False)

    def seen(pan: int) -> Tensor:
        pixels = texture[:, :, pan : pan + 160].clone()
        pixels[0, 0, 0], pixels[0, 0, 1] = 90, 0
        return pixels

    session.select(seen(0), Box(80.0, 60.0, 30.0, 30.0), 0.0)
    stamps = iter(step / 30 for step in range(1, 100))
    for _ in range(5):
        session.step(seen(0), next(stamps))
    session.tune(off)
    for pan in range(0, 60, 6):  # the Oracle's target goes with the image
        session.step(seen(pan), next(stamps))
    session.tune(on)
    stamp = next(stamps)
    session.step(seen(60), stamp)
    assert session._motion.predicted(stamp, 160, 120).cx == pytest.approx(80.0, abs=0.5)


@pytest.mark.parametrize("fps", [1, 2, 3, 30])
def test_the_views_of_a_target_are_renewed_at_every_rate(fps: int) -> None:
    """Of the frames that are compared some are searched for others, and in the rest its views are renewed."""
    session = Session(Oracle(), {})
    session.select(painted(0.0), BOX, 0.0)
    for step in range(1, 20 * fps + 1):
        session.step(painted(0.5 * step / (20 * fps)), step / fps)
    assert session.state is State.TRACKING
    assert len(session._recovery._identity._views) >= 5


@pytest.mark.parametrize(("interval", "coast"), [(1 / 30, 0.0), (1.0, 1.0), (1.1, 1.0)])
def test_a_camera_is_not_silent_between_two_of_its_frames(interval: float, coast: float) -> None:
    session = Session(Oracle(), {"coast_seconds": coast})
    session.select(frame(), BOX, 0.0)
    for step in range(1, 6):
        session.step(frame(), step * interval)
    assert session.state is State.TRACKING
    last = 5 * interval
    assert session.tick(last + 1.5 * interval).state is State.TRACKING
    assert session.tick(last + 3.5 * max(interval, coast)).state in (State.COASTING, State.LOST)


def test_a_camera_that_was_away_is_waited_for_no_longer_than_before() -> None:
    session = tracking(coast_seconds=0.5)
    session.step(frame(), 60.0)
    session.step(frame(), 60.1)
    assert session.state is State.TRACKING
    assert session.tick(60.1 + 0.6).state is State.COASTING
