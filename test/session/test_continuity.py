# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What goes on from frame to frame is one object, however much it changes; what replaces it is another."""

from __future__ import annotations

import math

import pytest
from session_helpers import BOX, Oracle, frame, painted, tracking

from tracker_ros.session import Report, Session, State
from tracker_ros.session.evidence import MEAN_SECONDS, Evidence
from tracker_ros.session.states import SessionSettings

RATE = 30


def followed(**settings: float) -> Session:
    """A session that has followed a red target for half a second."""
    session = Session(Oracle(), settings)
    session.select(painted(0.0), BOX, 0.0)
    for step in range(1, 16):
        assert session.step(painted(0.0), step / RATE).box == BOX
    return session


@pytest.mark.parametrize("first", range(9, 16))
def test_nobody_is_learned_who_was_not_looked_at(first: int) -> None:
    """A frame in 0.1 s is compared while all is well; between them another may have come."""
    session = Session(Oracle(), {})
    session.select(painted(0.0), BOX, 0.0)
    for step in range(1, first):
        session.step(painted(0.0), step / RATE)
    states = [session.step(painted(1.0), step / RATE).state for step in range(first, first + 5)]
    assert states[-1] is State.COASTING and "looks like another object" in session.message


@pytest.mark.parametrize("confirm", [1, 2])
def test_what_may_be_another_object_confirms_no_target(confirm: int) -> None:
    session = Session(Oracle(), {"confirm_frames": confirm})
    session.select(painted(0.0), BOX, 0.0)
    for step in range(1, confirm):
        assert session.step(painted(0.0), step / RATE).state is State.ACQUIRING
    assert session.step(painted(1.0), confirm / RATE).state is State.ACQUIRING
    assert session.step(painted(1.0), (confirm + 1) / RATE).state is State.COASTING


def test_the_mean_of_scores_forgets_exponentially() -> None:
    evidence, score = Evidence(SessionSettings(keep_mean=0.8)), 1.0
    for raw, seconds in ((0.5, 1 / RATE), (0.9, 0.2), (0.0, 0.05)):
        evidence.add(raw, seconds)
        score = raw + (score - raw) * math.exp(-seconds / MEAN_SECONDS)
        assert evidence.mean == pytest.approx(score)
    assert not evidence.lasts
    evidence.add(1.0, -0.1)  # a stamp that goes back
    assert evidence.mean == pytest.approx(score)
    evidence.believe(0.9)
    assert evidence.mean == 0.9 and evidence.lasts


def after_a_dip(session: Session, shares: list[float], leap: int = 0) -> list[Report]:
    """Twenty frames that score little, with these colours, and six that score; one of the twenty leaps."""
    reports = []
    for step, share in enumerate(shares):
        score, dx = (0.2, leap if step == 10 else 0) if step < len(shares) - 6 else (1.0, 0)
        reports.append(session.step(painted(share, score, dx), 0.5 + (step + 1) / RATE))
    return reports


TURNING = [min(step / 80, 0.25) for step in range(26)]


def test_what_is_badly_seen_for_a_while_and_never_away_is_the_target_still() -> None:
    session = followed(coast_seconds=0.5)
    reports = after_a_dip(session, TURNING)
    assert {report.state for report in reports[:20]} == {State.COASTING}
    assert (
        reports[-1].state is State.TRACKING and reports[-1].verified and reports[-1].target_id == "target-1"
    )


@pytest.mark.parametrize(
    ("shares", "leap"), [(TURNING, 12), ([0.0] * 10 + [1.0] * 16, 0)], ids=["leaps", "changes"]
)
def test_what_left_its_place_or_its_looks_for_a_frame_has_to_be_proved(
    shares: list[float], leap: int
) -> None:
    assert State.TRACKING not in {r.state for r in after_a_dip(followed(coast_seconds=0.5), shares, leap)}


def test_tracking_ends_where_the_latest_scores_are_low_and_not_at_one_of_them() -> None:
    session = followed(keep_mean=0.9)
    assert session.step(painted(0.0, 0.5), 16 / RATE).state is State.TRACKING
    for step in range(17, 47):
        assert session.step(painted(0.0), step / RATE).state is State.TRACKING
    states = [session.step(painted(0.0, 0.8), step / RATE).state for step in range(47, 77)]
    # From 1 towards .8: 1 - .2 (1 - exp(-t / MEAN_SECONDS)) falls below .9 at half of the way.
    assert states.index(State.COASTING) + 1 == math.ceil(math.log(2) * MEAN_SECONDS * RATE)
    assert State.TRACKING not in states[states.index(State.COASTING) :]
    back = [session.step(painted(0.0), step / RATE).state for step in range(77, 107)]
    assert back[0] is State.COASTING and back[-1] is State.TRACKING


def test_what_is_found_elsewhere_is_not_held_to_the_scores_of_the_absence() -> None:
    session = tracking(keep_mean=0.9, coast_seconds=0.3)
    now = 0.2
    while session.step(frame(0.0), now).state is not State.LOST:
        now += 1 / RATE
    states = [session.step(frame(), now + step / RATE).state for step in range(1, 15)]
    assert states[-1] is State.TRACKING
    found = states.index(State.TRACKING)
    assert set(states[found:]) == {State.TRACKING}
