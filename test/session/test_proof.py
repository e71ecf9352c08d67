# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What a return takes to be believed: frames, a plausible way, a place within reach, and being ahead."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session.absence import FASTEST, NEAR, REACH, SMALLEST, Absence, sizes
from tracker_ros.session.identity import Looks
from tracker_ros.session.motion import Motion
from tracker_ros.session.proof import Proof, demanded
from tracker_ros.session.recovery import Recovery
from tracker_ros.session.states import SessionSettings
from tracker_ros.trackers.base import Estimate, Tracker

BOX = Box(100.0, 80.0, 20.0, 20.0)


def moving(vx: float, vy: float) -> Motion:
    """A target of 20 pixels seen for 1.5 s under way, whose box runs away in the last two frames."""
    motion = Motion(0.3, 1.0)
    motion.start(BOX, 0.0)
    for step in range(1, 46):
        t = step / 30
        astray = 15.0 if step > 43 else 0.0
        motion.follow(BOX._replace(cx=BOX.cx + vx * t + astray, cy=BOX.cy + vy * t), t)
    return motion


def test_the_velocity_before_is_that_of_the_last_second_without_its_end() -> None:
    assert moving(30.0, -12.0).usual_velocity() == pytest.approx((30.0, -12.0), abs=0.5)
    still = Motion(0.3, 1.0)
    still.start(BOX, 0.0)
    assert still.usual_velocity() == (0.0, 0.0)


def test_a_shake_in_the_last_frames_does_not_lead_the_prediction_astray() -> None:
    """Two frames at 450 pixels a second, after 1.5 s at 30, and none of it counts."""
    motion = moving(30.0, 0.0)
    assert motion.predicted(2.5, 640, 480).cx == pytest.approx(motion.box.cx + 30.0, abs=1.0)
    motion.rest()
    assert motion.predicted(2.5, 640, 480) == motion.box
    young = Motion(1.0, 1.0)
    young.start(BOX, 0.0)
    young.follow(BOX._replace(cx=BOX.cx + 3.0), 0.1)
    assert young.predicted(0.2, 640, 480).cx == pytest.approx(BOX.cx + 6.0), "too young for a second's mean"


@pytest.mark.parametrize(
    ("speed", "plausible"),
    [(30.0, True), (30.0 + 25.0, True), (0.0, True), (30.0 + 60.0, False), (-40.0, False)],
)
def test_a_return_at_another_velocity_is_no_proof(speed: float, plausible: bool) -> None:
    """1.5 sizes a second, of 20 pixels, are let through for turns and stops."""
    proof, motion = Proof(), moving(30.0, 0.0)
    for step in range(9):
        t = 3.0 + step / 30
        proof.add(True, 1.0, (200.0 + speed * (t - 3.0), 80.0), t)
    assert (proof.frames, proof.worth) == (9, 9.0)
    assert proof.moves_like(motion) is plausible


@pytest.mark.parametrize(("speed", "plausible"), [(30.0, True), (30.0 + 60.0, False)])
@pytest.mark.parametrize("turning", [0.0, 200.0, -300.0])
def test_where_the_camera_s_motion_is_measured_it_is_none_of_the_target_s(
    turning: float, speed: float, plausible: bool
) -> None:
    """The same ways over the ground, seen by a camera that turns ever faster after the target was missed."""
    motion = Motion(0.3, 1.0)
    motion.start(BOX, 0.0)
    ground = 0.0
    for step in range(1, 46):
        motion.camera_moved((turning / 60, 0.0))
        ground += turning / 60
        motion.follow(BOX._replace(cx=BOX.cx + step + ground), step / 30)
    assert motion.usual_velocity() == pytest.approx((30.0, 0.0), abs=0.5)
    proof = Proof()
    for step in range(9):
        motion.camera_moved((turning / 30, 0.0))
        ground += turning / 30
        seen = BOX._replace(cx=200.0 + speed * step / 30 + ground)
        proof.add(True, 1.0, motion.place(seen), 3.0 + step / 30)
    assert proof.moves_like(motion) is plausible


def test_a_frame_that_is_no_proof_takes_all_of_it_and_one_that_is_not_good_the_count_too() -> None:
    proof = Proof()
    proof.add(True, 2.5, (0.0, 0.0), 0.0)
    proof.add(True, 1.0, (0.0, 0.0), 0.1)
    assert (proof.frames, proof.worth) == (2, 3.5)
    proof.add(True, 0.0, (0.0, 0.0), 0.2)
    assert (proof.frames, proof.worth) == (3, 0.0)
    proof.add(False, 0.0, (0.0, 0.0), 0.3)
    assert (proof.frames, proof.worth) == (0, 0.0)


def test_a_longer_absence_demands_more_frames() -> None:
    settings = SessionSettings(verify_frames=5, coast_seconds=1.0)
    assert [demanded(settings, away) for away in (0.0, 2.0, 3.0, 7.0, 12.0)] == [5, 5, 6, 10, 15]


def test_how_far_a_target_may_have_got() -> None:
    settings = SessionSettings(coast_seconds=0.5)

    def at(sizes: float) -> Box:
        return BOX._replace(cx=BOX.cx + 20.0 * sizes)

    moment, while_ = Absence(0.2, BOX), Absence(2.0, BOX)
    assert moment.is_near(at(NEAR - 0.01), settings) and not moment.is_near(at(NEAR + 0.01), settings)
    assert not while_.is_near(BOX, settings), "not after half of the time of coasting"
    reach = NEAR + REACH * 2.0
    assert while_.is_within_reach(at(reach - 0.01)) and not while_.is_within_reach(at(reach + 0.01))
    farthest = NEAR + FASTEST * 4
    assert not while_.is_too_far(at(farthest - 0.01), settings)
    assert while_.is_too_far(at(farthest + 0.01), settings)
    assert not Absence(2.0, BOX, anywhere=True).is_too_far(at(1000.0), settings)


class Sure(Tracker):
    """Knows anything, at once."""

    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Find the target where it is looked for."""
        return Estimate(state["box"], torch.ones(()), torch.zeros(3, 3), state["box"], {})


def knowing(**settings: float) -> tuple[Recovery, Tensor]:
    """What is known of a plain square of 20 pixels on noise, all of whose views are alike."""
    frame = (torch.rand(3, 160, 400, generator=torch.Generator().manual_seed(1)) * 60).to(torch.uint8)
    frame[:, 70:90, 90:110] = torch.tensor([200, 60, 50], dtype=torch.uint8).view(3, 1, 1)
    recovery = Recovery(Sure(), SessionSettings(**settings))
    recovery.start(frame, BOX, {}, 0.0)
    return recovery, frame


def test_what_looks_less_like_the_target_has_to_be_ahead_by_more() -> None:
    recovery, frame = knowing(look_margin=0.03, look_slack=0.06)
    usual, absence = 0.85, Absence(1.0, BOX)

    noise = (torch.rand(frame.shape, generator=torch.Generator().manual_seed(2)) * 60).to(torch.uint8)

    def worth(own: float, ahead: float, absence: Absence = absence, box: Box = BOX) -> float:
        return recovery.proof(noise, box, Looks(own, own - ahead), absence)

    assert worth(usual, 0.035) > 0 and worth(usual, 0.025) == 0
    assert worth(usual - 0.05, 0.06) > 0 and worth(usual - 0.05, 0.045) == 0
    assert worth(usual - 0.07, 0.15) == 0, "look_slack is the end of it where another is like it"
    assert worth(usual - 0.07, 0.5) > 0 and worth(usual - 0.13, 0.5) == 0, "twice that where none is"
    assert worth(usual - 0.07, 0.5, box=BOX._replace(cx=160.0)) == 0, "out of its reach"
    # The longer it was away, and where it may not have got to, the more so.
    assert worth(usual, 0.05, Absence(20.0, BOX)) > 0 and worth(usual, 0.035, Absence(20.0, BOX)) == 0
    elsewhere = BOX._replace(cx=160.0)
    assert worth(usual, 0.07, box=elsewhere) > 0 and worth(usual, 0.05, box=elsewhere) == 0
    assert worth(usual, 0.5, box=BOX._replace(cx=200.0)) == 0, "too far for the time"


def test_what_is_far_ahead_counts_for_more_if_it_is_as_alike_as_usual() -> None:
    recovery, frame = knowing()
    assert recovery.proof(frame, BOX, Looks(0.9, 0.6), Absence(1.0, BOX)) == pytest.approx(3.0)
    assert recovery.proof(frame, BOX, Looks(0.84, 0.5), Absence(1.0, BOX)) == 1.0


def test_a_jump_is_believed_to_what_looks_as_the_target_did_lately() -> None:
    recovery, _ = knowing()
    for _ in range(30):
        assert not recovery.denies(Looks(0.95, 0.7))
    assert recovery.resembles(Looks(0.9, 0.89))
    assert not recovery.resembles(Looks(0.88, 0.5)), "as alike as usual, and less than lately"
    assert not recovery.resembles(Looks(0.95, 0.96)), "more like another"


def test_what_looks_more_like_another_is_no_view_of_the_target() -> None:
    recovery, frame = knowing()
    other = frame.clone()
    other[:, 70:90, 90:110] = torch.tensor([60, 80, 200], dtype=torch.uint8).view(3, 1, 1)
    before = recovery.looks(other, BOX).own
    for stamp in (1.0, 1.3):  # what stands elsewhere comes first
        recovery.well_seen(other, BOX, Looks(0.7, 0.75), stamp)
    assert recovery.looks(other, BOX).own == before
    for stamp in (1.0, 1.3):
        recovery.well_seen(other, BOX, Looks(0.7, 0.6), stamp)
    assert recovery.looks(other, BOX).own > 0.99


def test_a_box_that_went_over_to_a_neighbour_is_let_go() -> None:
    recovery, _ = knowing(look_margin=0.03)
    for _ in range(30):
        assert not recovery.denies(Looks(0.92, 0.7))
    neighbour = Looks(0.82, 0.9)
    assert not any(recovery.denies(neighbour, 0.1) for _ in range(3)), "where it was: light, or blur"
    recovery, _ = knowing(look_margin=0.03)
    for _ in range(30):
        recovery.denies(Looks(0.92, 0.7))
    assert not any(recovery.denies(Looks(0.92, 0.97), 0.9) for _ in range(3)), "it looks as it did"
    assert [recovery.denies(neighbour, leap) for leap in (0.9, 0.0)] == [False, True], "two frames in a row"


def test_after_a_leap_what_is_more_like_itself_than_like_a_neighbour_is_kept() -> None:
    """Less like the target than lately, and ahead of all others by a hair: it turned, or is in shade."""
    recovery, _ = knowing(look_margin=0.03)
    for _ in range(30):
        recovery.denies(Looks(0.92, 0.7))
    assert not any(recovery.denies(Looks(0.82, 0.81), leap) for leap in (0.9, 0.0, 0.9))


@pytest.mark.parametrize(
    ("own", "leap", "denied"), [(0.55, 0.9, True), (0.55, 0.1, False), (0.6, 0.9, False)]
)
def test_after_a_leap_less_slack_is_left(own: float, leap: float, denied: bool) -> None:
    """A leap to what is like nothing known is no jerk of the target, however little it looks like another."""
    recovery, _ = knowing(keep_slack=0.4)
    for _ in range(30):
        recovery.denies(Looks(0.92, 0.7))
    seen = [recovery.denies(Looks(own, own - 0.05), at) for at in (leap, 0.0)]
    assert seen == [False, denied]


def test_what_turns_little_by_little_is_followed_and_what_replaces_it_is_not() -> None:
    """From red to blue in sixty frames it is one object; in one frame it is two."""
    red, blue = torch.tensor([200.0, 60.0, 50.0]), torch.tensor([50.0, 60.0, 200.0])
    grain = torch.rand(3, 160, 200, generator=torch.Generator().manual_seed(0)) * 40

    def showing(share: float) -> Tensor:
        frame = grain + 70
        frame[:, 70:90, 90:110] += (red + share * (blue - red)).view(3, 1, 1) - 90
        frame[:, 75:80, 95:105] = 30.0
        return frame.clamp(0, 255).to(torch.uint8)

    def denied(recovery: Recovery, share: float) -> bool:
        return recovery.denies(recovery.looks(showing(share), BOX))

    for views_are_kept in (True, False):
        recovery = Recovery(Tracker(), SessionSettings())
        recovery.start(showing(0.0), BOX, {}, 0.0)
        ends = []
        for step in range(61):
            ends.append(denied(recovery, step / 60))
            if views_are_kept and not ends[-1]:
                recovery.well_seen(
                    showing(step / 60), BOX, recovery.looks(showing(step / 60), BOX), step / 30
                )
        assert any(ends) != views_are_kept, "what is never seen well is not followed to the end"
    recovery = Recovery(Tracker(), SessionSettings())
    recovery.start(showing(0.0), BOX, {}, 0.0)
    assert [denied(recovery, 1.0), denied(recovery, 1.0)] == [False, True], "two frames in a row"


@pytest.mark.parametrize(("side", "is_view"), [(SMALLEST - 1, True), (SMALLEST + 1, False)])
def test_the_first_confirmed_frame_is_a_view_of_a_tiny_target(side: float, is_view: bool) -> None:
    """Of a few pixels a second view may be less like the first than the ground beside it is."""
    box = Box(BOX.cx, BOX.cy, side, side)
    first = (torch.rand(3, 160, 200, generator=torch.Generator().manual_seed(3)) * 255).to(torch.uint8)
    second, third = first.roll(40, 2), first.roll(80, 2)  # something else at the place
    recovery = Recovery(Tracker(), SessionSettings())
    recovery.start(first, box, {}, 0.0)
    before = recovery.looks(second, box)
    assert before.own < 0.95 and before.rival == -1.0
    recovery.well_seen(second, box, before, 0.06)  # sooner than any later view
    after = recovery.looks(second, box)
    assert (after.own == pytest.approx(1.0, abs=1e-3)) == is_view
    assert after.rival > -1.0, "what else is there is known in any case"
    recovery.well_seen(third, box, recovery.looks(third, box), 0.09)
    assert recovery.looks(third, box).own < 0.95, "later views have their time"


@pytest.mark.parametrize(
    ("side", "distance", "away"), [(4.0, 12.0, 1.0), (12.0, 6.0, 0.5), (40.0, 20.0, 0.5)]
)
def test_a_tiny_target_moves_by_pixels_and_not_by_its_own_size(
    side: float, distance: float, away: float
) -> None:
    here = Box(50.0, 50.0, side, side)
    assert sizes(here._replace(cy=50.0 - distance), here) == pytest.approx(away)


def test_what_is_found_again_is_held_against_what_it_looks_like_now() -> None:
    recovery, frame = knowing()
    other = frame.flip(2)
    recovery.looks(other, BOX)
    recovery.believe()
    assert recovery.looks(other, BOX).last == pytest.approx(1.0, abs=1e-3)


def test_while_the_camera_was_blind_nothing_says_that_the_target_went_away() -> None:
    """Of all within its reach what is most like it is the target, and what is nearer is likelier."""
    recovery, frame = knowing(look_margin=0.05, look_slack=0.06)
    blind, seen = Absence(1.0, BOX, blind=True), Absence(1.0, BOX)
    twin = Looks(0.9, 0.91)
    assert recovery.proof(frame, BOX, twin, seen) == 0, "it may be the twin that was seen before"
    assert recovery.proof(frame, BOX, twin, blind) > 0
    assert recovery.proof(frame, BOX, Looks(0.9, 0.96), blind) == 0
    assert recovery.proof(frame, BOX, Looks(0.72, 0.4), blind) == 0, "it does not look like it"
    assert recovery.proof(frame, BOX, Looks(0.75, 0.4), blind) > 0
    far = BOX._replace(cx=BOX.cx + 20.0 * (NEAR + REACH) + 1)
    assert recovery.proof(frame, far, twin, blind) == 0, "out of its reach as after any absence"
    # Another like it beside the place where the target must be, whose own square is 30 pixels to the right.
    frame[:, 70:90, 90:110] = 30
    frame[:, 70:90, 120:140] = torch.tensor([200, 60, 50], dtype=torch.uint8).view(3, 1, 1)
    longer = Absence(5.0, BOX, blind=True)
    assert recovery.proof(frame.clone(), BOX, Looks(0.9, 0.91), longer) == 0
    right = BOX._replace(cx=130.0)
    assert recovery.proof(frame.clone(), right, Looks(0.99, 0.91), longer) > 0
