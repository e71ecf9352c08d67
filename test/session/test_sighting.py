# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A target that is not proved is shown, frame by frame, and never as verified."""

from __future__ import annotations

import pytest
import torch
from session_helpers import BOX, frame, hidden, tracking

from tracker_ros.geometry import Box
from tracker_ros.session import Session, State
from tracker_ros.session.attempt import shows_nothing
from tracker_ros.session.identity import Looks
from tracker_ros.session.recovery import UNCOMPARED, UNLIKE
from tracker_ros.session.sighting import Seen, Sighting
from tracker_ros.session.states import SessionSettings

SETTINGS = SessionSettings(keep_score=0.2, recover_score=0.8, confirm_frames=2, max_jump=1.0)
SIZE = 20.0
HERE = Box(100.0, 80.0, SIZE, SIZE)


def at(sizes: float) -> Box:
    return HERE._replace(cx=HERE.cx + SIZE * sizes)


def test_what_scores_a_little_is_held_while_it_does_not_leap() -> None:
    sighting = Sighting()
    steps = [(0.5, 0.5), (0.3, 0.11), (1.2, 0.5), (1.7, 0.19), (0.2, 0.3), (0.4, 0.11), (0.4, 0.09)]
    held = []
    for place, score in steps:
        sighting.add(Seen(at(place), score, Looks(0.8, 0.5)), True, True, HERE, SETTINGS)
        held.append(sighting.box)
    # Within 0.4 sizes of the prediction, or max_jump of the tracker's box before, with half of keep_score.
    assert held == [None, at(0.3), at(1.2), at(1.7), None, at(0.4), None]
    assert not sighting.candidate


@pytest.mark.parametrize(("score", "last", "side"), [
    (0.11, -1.0, 30.0), (0.09, 0.49, None), (0.09, 0.5, SIZE), (0.0, 0.5, SIZE)
])  # fmt: skip
def test_what_hardly_scores_is_held_while_it_looks_as_before_and_keeps_its_size(
    score: float, last: float, side: float | None
) -> None:
    """Below half of `keep_score`, .1: what hides a target shrinks the tracker's box, for good."""
    sighting = Sighting()
    found = at(0.3)._replace(w=30.0, h=30.0)
    sighting.add(Seen(found, score, Looks(0.8, 0.5, last)), True, True, HERE, SETTINGS)
    assert sighting.box == (found._replace(w=side, h=side) if side else None)


@pytest.mark.parametrize(("looks", "held"), [
    (Looks(0.6, 0.72), True), (Looks(0.6, 0.73), False), (Looks(0.1, -1.0), True), (UNLIKE, False),
    (UNCOMPARED, True)
])  # fmt: skip
def test_what_looks_rather_like_another_is_not_held(looks: Looks, held: bool) -> None:
    """What looks unlike the target alone is: it may have turned, and nothing is said to be verified."""
    sighting = Sighting()
    sighting.add(Seen(HERE, 0.3, looks), False, True, HERE, SETTINGS)
    assert (sighting.box is not None) is held


def test_a_candidate_takes_two_good_frames_at_one_place_and_lasts_until_its_score_falls() -> None:
    sighting = Sighting()

    def shown(place: float, score: float, possible: bool = True) -> bool:
        sighting.add(Seen(at(place), score, Looks(0.8, 0.5)), possible, True, HERE, SETTINGS)
        assert not sighting.candidate or sighting.box == at(place)
        return sighting.candidate

    assert [shown(5.0, 0.9), shown(8.0, 0.9), shown(8.9, 0.9)] == [False, False, True], "no two at one place"
    assert [shown(9.0, 0.25), shown(9.5, 0.3)] == [True, True]
    assert [shown(9.5, 0.15), shown(9.5, 0.9)] == [False, False]
    assert shown(9.5, 0.9)
    assert [shown(9.5, 0.9, False), shown(9.5, 0.9)] == [True, True], "a single frame may be a glint"
    assert [shown(9.5, 0.9, False), shown(9.5, 0.9, False)] == [True, False], "it looks like something else"


def test_what_may_be_the_target_is_shown_as_unverified_and_ends_with_its_score() -> None:
    session = tracking(coast_seconds=0.3, look_margin=2.0)  # nothing is ever ahead of others by as much
    states = [session.step(hidden(), 0.2 + 0.1 * step).state for step in range(6)]
    assert states[-1] is State.LOST
    reports = [session.step(frame(0.9), 1.0 + 0.1 * step) for step in range(10)]
    shown = reports[-1]
    assert (shown.state, shown.box, shown.target_id) == (State.COASTING, BOX, "target-1")
    assert not shown.verified and shown.label == "unverified" and "another object" in shown.message
    assert session.tick(2.0).state is State.COASTING, "the camera is not silent"
    ended = session.step(frame(0.1), 2.1)
    assert (ended.state, ended.box, ended.verified) == (State.LOST, None, True)


def test_a_target_that_is_seen_badly_is_shown_for_twice_as_long_and_then_lost() -> None:
    session = tracking(coast_seconds=0.5)
    told = {}
    for step in range(12):
        report = session.step(frame(0.2), 0.2 + 0.1 * step)
        told[round(0.1 + 0.1 * step, 1)] = (report.state, report.verified, report.box is not None)
    assert told[0.4] == (State.COASTING, True, True)
    assert told[0.8] == (State.COASTING, False, True)
    assert told[1.2] == (State.LOST, True, False)


@pytest.mark.parametrize(("rival", "held"), [(0.45, True), (0.55, False)])
def test_a_jerk_to_what_is_ahead_of_all_others_is_held(
    rival: float, held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = tracking(max_jump=0.5)
    monkeypatch.setattr(session._recovery, "looks", lambda pixels, box: Looks(0.6, rival))
    report = session.step(frame(dx=20), 0.2)
    assert report.state is State.COASTING and "jumped" in report.message
    assert report.box == (BOX._replace(cx=BOX.cx + 20) if held else BOX)


def test_what_may_be_another_is_not_learned_before_the_next_frame_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or the place of another object counts as the target's last one, where little is asked of it."""
    session = tracking(max_jump=5.0)
    model = session._model
    monkeypatch.setattr(session._recovery, "looks", lambda pixels, box: Looks(0.6, 0.8))
    first, second = (session.step(frame(dx=20), 0.2 + 0.1 * step) for step in range(2))
    assert (first.state, first.box) == (State.TRACKING, BOX) and session._model is model
    assert second.state is State.COASTING and "another object" in second.message and second.box == BOX


@pytest.mark.parametrize("channel", [0, 1, 2])
@pytest.mark.parametrize(
    ("value", "spot", "blind"), [(0, 0, True), (0, 7, True), (0, 8, False), (255, 0, True), (100, 90, False)]
)
def test_a_frame_of_one_colour_shows_nothing(value: int, spot: int, blind: bool, channel: int) -> None:
    pixels = torch.full((3, 48, 64), value, dtype=torch.uint8)
    pixels[0] //= 2  # any colour, not only grey
    pixels[channel, 8:16, 24:32] += spot
    assert shows_nothing(pixels) is blind


def blinded(session: Session, seconds: float) -> float:
    """Let the camera show nothing for a while; returns the time."""
    nothing, now = torch.zeros(3, 48, 64, dtype=torch.uint8), 0.1
    while now < 0.1 + seconds:
        now += 0.1
        report = session.step(nothing, now)
        assert report.estimate is None and report.state in (State.COASTING, State.LOST)
    assert report.state is (State.LOST if seconds > session.settings.coast_seconds else State.COASTING)
    return now


def test_a_blind_camera_loses_the_target_without_asking_the_tracker() -> None:
    session = tracking(coast_seconds=0.5)
    assert blinded(session, 0.3) < 0.5
    session = tracking(coast_seconds=0.5)
    now = blinded(session, 2.0)
    states = [session.step(frame(), now + 0.1 * step).state for step in (1, 2, 3)]
    assert states[-1] is State.TRACKING and session.target_id == "target-1"
