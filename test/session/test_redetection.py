# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Finding a lost target again: the motion of the camera, and the session's search."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from image_helpers import texture
from session_helpers import BOX, NAN, Oracle, Spot, frame, spot
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session import Session, State
from tracker_ros.session.absence import Absence
from tracker_ros.session.identity import Looks
from tracker_ros.session.motion import CameraMotion, Motion
from tracker_ros.session.recovery import CLEAR, Recovery
from tracker_ros.session.search import Search
from tracker_ros.session.states import SessionSettings

# -- motion ------------------------------------------------------------------------------------------


def test_camera_motion_is_told_in_pixels_of_the_frame() -> None:
    big = texture(700, 900)
    camera = CameraMotion()
    assert camera.step(big[:, 100:580, 100:740]) == (0.0, 0.0)
    # The view moves to the right and up: the background goes left and down.
    assert camera.step(big[:, 88:568, 124:764]) == pytest.approx((-24.0, 12.0), abs=1.5)
    assert camera.step(torch.zeros(3, 480, 640, dtype=torch.uint8)) == (0.0, 0.0)
    assert camera.step(big[:, :100, :100]) == (0.0, 0.0), "another size"


def test_a_target_at_rest_on_the_ground_moves_with_the_background_only() -> None:
    motion = Motion(gain=1.0, horizon=1.0)
    motion.start(Box(100.0, 50.0, 10.0, 8.0), 0.0)
    for step in range(1, 4):
        motion.camera_moved((5.0, -2.0))
        motion.follow(Box(100.0 + 5 * step, 50.0 - 2 * step, 10.0, 8.0), 0.1 * step)
    motion.camera_moved((-20.0, 0.0))
    assert motion.predicted(0.8, 640, 480)[:2] == pytest.approx((95.0, 44.0))


# -- search ------------------------------------------------------------------------------------------


def test_the_picture_is_found_where_it_is_and_within_reach_only() -> None:
    frame = texture(240, 320)
    search = Search()
    assert search.near(frame, (0.0, 0.0), 1e9) == []
    search.remember(frame, Box(200.0, 90.0, 30.0, 20.0))
    moved = torch.roll(frame, (40, -60), (1, 2))
    every = search.near(moved, (200.0, 90.0), 1e9)
    (best, *others) = search.turns(every, 3)
    assert best == pytest.approx((140.0, 130.0), abs=4.0) and len(others) == 2
    search.restart()
    assert all(np.hypot(x - 200, y - 90) <= 30 for x, y in search.near(moved, (200.0, 90.0), 30.0))
    turns = [search.turns(every[:3], 2) for _ in range(3)]
    assert turns == [every[:2], [every[2], every[0]], every[1:3]], "places are looked into by turns"


@pytest.mark.parametrize("box", [Box(2, 2, 3, 3), Box(319, 239, 40, 4), Box(160, 120, 900, 700)])
def test_any_box_has_a_picture(box: Box) -> None:
    search, frame = Search(), texture(240, 320)
    search.remember(frame, box)
    for x, y in search.near(frame, (160.0, 120.0), 1e9):
        assert 0 <= x <= 320 and 0 <= y <= 240


def test_a_picture_larger_than_the_frames_is_not_looked_for() -> None:
    search = Search()
    search.remember(texture(480, 640), Box(320.0, 240.0, 300.0, 300.0))
    assert search.near(texture(60, 80), (0.0, 0.0), 1e9) == []
    height = search._template.shape[1] * search._block
    assert search.near(texture(height - 1, 640), (0.0, 0.0), 1e9) == []
    assert search.near(texture(height, 640), (0.0, 0.0), 1e9) != []


def lost(**settings: object) -> tuple[Session, float]:
    """A session that lost its spot at (60, 60), and the time."""
    session = Session(Spot(), {"coast_seconds": 0.2, **settings})
    session.select(spot(60), Box(60, 60, 20, 20), 0.0)
    now = 0.0
    for _ in range(4):
        now += 0.05
        session.step(spot(60), now)
    assert session.state is State.TRACKING
    while session.state is not State.LOST:
        now += 0.05
        assert now < 2, "the wait for LOST is bounded"
        session.step(spot(None), now)
    return session, now


@pytest.mark.parametrize(
    "code, dx, score", [(80, 0, 0.8), (80, 20, 0.8), (80, 200, 0.0), (NAN, 0, 0.0), (NAN, 200, 0.0)]
)
def test_a_look_that_finds_no_box_in_the_frame_or_no_number_scores_nothing(
    code: int, dx: int, score: float
) -> None:
    recovery = Recovery(Oracle(), SessionSettings())
    found, value = recovery.attempt(frame(code=code, dx=dx), {"updates": torch.zeros(())}, BOX)
    assert value == pytest.approx(score) and found.cx == BOX.cx + dx


def test_a_proof_without_another_in_sight_is_as_far_ahead_as_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Search, "alike", lambda self, frame: [])
    recovery = Recovery(Oracle(), SessionSettings())
    recovery.start(frame(), BOX, {"updates": torch.zeros(())}, 0.0)
    looks = Looks(own=1.0, rival=-1.0)
    # Likenesses lie between -1 and 1, and each tenth ahead is worth a frame.
    assert recovery.proof(frame(), BOX, looks, Absence(5.0, BOX)) == pytest.approx(2.0 / CLEAR)


def steps_until_tracking(session: Session, now: float, frame: Tensor, most: int = 40) -> int | None:
    for count in range(1, most):
        if session.step(frame, now + 0.05 * count).state is State.TRACKING:
            return count
    return None


def test_a_target_that_returns_elsewhere_is_found_and_keeps_its_id() -> None:
    session, now = lost()
    assert steps_until_tracking(session, now, spot(260, 180)) is not None
    assert session.target_id == "target-1"
    report = session.step(spot(260, 180), now + 3)
    assert report.box is not None and report.box[:2] == pytest.approx((260, 180), abs=1)


def test_a_target_that_stopped_while_hidden_is_found_where_it_was_last() -> None:
    session = Session(Spot(), {"search_windows": 0, "coast_seconds": 1.0})
    places = range(60, 190, 12)
    session.select(spot(60), Box(60, 60, 20, 20), 0.0)
    for step, x in enumerate(places):
        session.step(spot(x), 0.05 * (step + 1))
    assert session.state is State.TRACKING
    now = 0.05 * len(places)
    for _ in range(4):
        now += 0.05
        hidden = session.step(spot(None), now)
    assert hidden.state is State.COASTING and hidden.box.cx > places[-1] + 20, "farther than the tracker sees"
    assert steps_until_tracking(session, now, spot(places[-1]), 4) is not None
    assert session.target_id == "target-1"


def test_a_bag_that_starts_over_is_searched_all_over_at_once() -> None:
    session = Session(Spot(), {"coast_seconds": 0.2})
    session.select(spot(60), Box(60, 60, 20, 20), 100.0)
    for step in range(1, 5):
        session.step(spot(60), 100.0 + 0.05 * step)
    assert session.step(spot(260, 180), 3.0).state is State.LOST
    assert [session.step(spot(260, 180), 3.0 + 0.05 * step).state for step in range(1, 10)][
        -1
    ] is State.TRACKING
    assert session.target_id == "target-1"


def test_a_return_counts_as_seen() -> None:
    session, now = lost(coast_seconds=0.3)
    count = steps_until_tracking(session, now, spot(60, 60))
    assert count is not None
    now += 0.05 * count
    states = [session.step(spot(None), now + 0.05 * step).state for step in (1, 2, 3)]
    assert states == [State.COASTING] * 3


def test_without_windows_to_look_into_it_is_not_found() -> None:
    session, now = lost(search_windows=0)
    assert steps_until_tracking(session, now, spot(260, 180)) is None


def test_what_is_not_known_is_taken_up_only_if_anything_may_be() -> None:
    green = (40, 250, 40)
    for reacquire in ("verified", "any"):
        session, now = lost(reacquire=reacquire)
        session._model["color"] = torch.tensor(
            [40.0, 250.0, 40.0]
        )  # the model has drifted to something green
        # Elsewhere it is not even looked at: the search goes by the target's picture.
        assert steps_until_tracking(session, now, spot(260, 180, green)) is None
        taken_up = steps_until_tracking(session, now + 3, spot(60, 60, green)) is not None
        assert taken_up == (reacquire == "any")
        assert session.target_id == ("target-2" if taken_up else "target-1")


def test_one_of_two_alike_is_not_taken_for_the_target() -> None:
    """While both are in sight neither stands out; the one alone does, if no other was met before."""
    session, now = lost()
    both = spot(260, 180)
    both[:, 30:50, 140:160] = torch.tensor([250, 40, 40], dtype=torch.uint8).view(3, 1, 1)
    assert steps_until_tracking(session, now, both) is None
    assert steps_until_tracking(session, now + 3, spot(260, 180)) is not None


def test_a_look_alike_that_was_met_is_no_proof_later() -> None:
    session = Session(Spot(), {"coast_seconds": 0.2})
    both = spot(60)
    both[:, 170:190, 250:270] = torch.tensor([245, 44, 36], dtype=torch.uint8).view(3, 1, 1)
    session.select(both, Box(60, 60, 20, 20), 0.0)
    now = 0.0
    for _ in range(30):
        now += 0.05
        assert session.step(both, now).state in (State.ACQUIRING, State.TRACKING)
    alone = spot(None)
    alone[:, 170:190, 250:270] = torch.tensor([245, 44, 36], dtype=torch.uint8).view(3, 1, 1)
    assert steps_until_tracking(session, now, alone) is None


@pytest.mark.parametrize("windows", [0, 1, 4])
def test_a_frame_costs_no_more_looks_than_allowed(windows: int) -> None:
    session, now = lost(search_windows=windows)
    for count in range(1, 20):
        Spot.calls = 0
        session.step(spot(260 if count % 2 else None, 180), now + 0.05 * count)
        # The usual window and those of the search, and the first model's look at each of these.
        assert Spot.calls <= 2 + 2 * windows
