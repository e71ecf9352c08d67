# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The session's state machine around a tracker whose answers are written in the frame."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from session_helpers import BOX, NAN, RAISE, Oracle, frame, hidden, spot, tracking
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session import Report, Session, State
from tracker_ros.trackers import load
from tracker_ros.trackers.base import Estimate, SettingsError


def test_states_have_the_values_of_the_message() -> None:
    text = (Path(__file__).resolve().parents[2] / "msg" / "TrackState.msg").read_text()
    assert {s.name: s.value for s in State} == {
        name: int(value) for name, value in re.findall(r"^uint8 (\w+)=(\d+)", text, re.MULTILINE)
    }


def test_from_idle_to_tracking() -> None:
    session = Session(Oracle(), {"confirm_frames": 3}, name="boat")
    assert session.step(frame(), 0.0) == Report(State.IDLE, "", None, 0.0, 0.0, 0.0, None, "")
    assert session.select(frame(), BOX, 1.0) == "boat-1"
    states = [session.step(frame(), 1.0 + 0.1 * i).state for i in range(4)]
    assert states == [State.ACQUIRING, State.ACQUIRING, State.TRACKING, State.TRACKING]
    report = session.step(frame(0.8, dx=3), 1.5)
    assert report.box == BOX._replace(cx=BOX.cx + 3) and report.score == pytest.approx(0.8)
    # The identity as a response: peak 1, mean of the sidelobe and of all cells from its definition.
    assert report.apce == pytest.approx(1 / (5 / 25))
    stopped = session.stop()
    assert (stopped.state, stopped.box, stopped.target_id) == (State.IDLE, None, "")


def test_a_bad_frame_in_acquiring_starts_the_count_again() -> None:
    session = Session(Oracle(), {"confirm_frames": 2})
    session.select(frame(), BOX, 0.0)
    assert session.step(frame(), 0.1).state is State.ACQUIRING
    assert session.step(frame(0.1), 0.2).state is State.COASTING
    assert session.step(frame(), 0.3).state is State.COASTING
    assert session.step(frame(), 0.4).state is State.TRACKING


def test_coasting_follows_constant_velocity_and_learns_nothing() -> None:
    session = tracking(velocity_gain=1.0, coast_seconds=1.0)
    session.step(frame(dx=4), 0.2)  # 40 px a second
    box = session.step(hidden(), 0.3).box
    assert session.state is State.COASTING and box is not None
    assert box.cx == pytest.approx(BOX.cx + 4 + 4, abs=1e-4)
    updates = session._model["updates"].item()
    report = session.step(frame(0.3), 0.4)  # above keep_score, below recover_score
    assert report.state is State.COASTING and report.box is not None
    assert report.box.cx == pytest.approx(BOX.cx + 12, abs=1e-4)
    assert session._model["updates"].item() == updates
    assert session.step(frame(), 0.5).state is State.COASTING
    recovered = session.step(frame(), 0.6)
    assert recovered.state is State.TRACKING and recovered.target_id == "target-1"


def test_velocity_is_measured_from_the_selection() -> None:
    session = Session(Oracle(), {"velocity_gain": 1.0, "max_jump": 10.0})
    session.select(frame(), BOX, 0.5)
    session.step(frame(dx=4), 0.6)  # 40 px a second
    report = session.step(hidden(), 0.7)
    assert report.box is not None and report.box.cx == pytest.approx(BOX.cx + 8, abs=1e-4)


def test_a_tracker_is_told_of_what_is_not_believed_while_coasting_alone() -> None:
    class Told(Oracle):
        """Counts in its state what it is told."""

        def missed(self, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
            return {**state, "scores": torch.cat((state["scores"], estimate.score[None]))}

        def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
            return {**super().initialize(frame, box), "scores": torch.zeros(0)}

        def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
            return {**super().update(frame, state, estimate), "scores": state["scores"]}

    session = Session(Told(), {"coast_seconds": 0.5})
    session.select(frame(), BOX, 0.0)
    states = [session.step(pixels, 0.1 * (step + 1)).state for step, pixels in enumerate([
        frame(), frame(), *[hidden()] * 7, frame(0.3)
    ])]  # fmt: skip
    assert states[1] is State.TRACKING and states[2] is State.COASTING and states[-1] is State.LOST
    assert session._model["scores"].tolist() == pytest.approx([0.1] * states.count(State.COASTING))


def test_a_box_of_numpy_s_numbers_is_as_good_as_one_of_python_s() -> None:
    """They would make float64 of the places that a loss is looked for at."""
    session = Session(load("dcf"))
    session.select(spot(100), Box(*np.array([100.0, 60.0, 20.0, 20.0])), 0.0)
    for step, x in enumerate([102, 104, None, None, None, None]):
        report = session.step(spot(x), 0.1 * (step + 1))
        assert report.state is not State.ERROR, report.message
    assert report.state in (State.COASTING, State.LOST)


def test_coasting_stays_inside_the_frame() -> None:
    session = tracking(velocity_gain=1.0, coast_seconds=50.0)
    session.step(frame(dx=20), 0.2)
    report = session.step(frame(0.0), 9.0)
    assert report.box is not None and report.box.cx == 64.0


def test_lost_has_no_box_and_is_left_by_good_frames() -> None:
    session = tracking(coast_seconds=0.5)
    assert session.step(hidden(), 0.5).state is State.COASTING
    report = session.step(hidden(), 0.7)
    assert report.state is State.LOST and report.box is None and "0.6 s" in report.message
    assert session.step(frame(), 2.0).box is None
    assert session.step(frame(), 2.1).state is State.TRACKING


def test_a_silent_camera_leads_through_coasting_to_lost() -> None:
    session = tracking(coast_seconds=1.0)
    assert session.tick(1.0).state is State.TRACKING
    assert session.tick(1.2).state is State.COASTING
    assert session.tick(2.0).state is State.COASTING
    report = session.tick(2.2)
    assert report.state is State.LOST and "2.1 s" in report.message
    session.step(frame(), 3.0)
    assert session.step(frame(), 3.1).state is State.TRACKING


@pytest.mark.parametrize(
    ("pixels", "stamp", "words"),
    [
        (frame(width=80), 0.2, "frame size changed from 64 x 48 to 80 x 48"),
        (frame(), -5.0, "stamps jumped back by 5.1 s"),
    ],
)
def test_discontinuities_lose_the_target_once(pixels: Tensor, stamp: float, words: str) -> None:
    session = tracking()
    report = session.step(pixels, stamp)
    assert report.state is State.LOST and words in report.message
    session.step(pixels, stamp + 0.1)
    assert session.step(pixels, stamp + 0.2).state is State.TRACKING


def test_a_reason_from_outside_loses_the_target() -> None:
    session = Session(Oracle())
    assert session.lose("why not").state is State.IDLE
    session = tracking()
    report = session.lose("why not")
    assert (report.state, report.message, report.box) == (State.LOST, "why not", None)


@pytest.mark.parametrize(("code", "words"), [(RAISE, "no such thing"), (NAN, "not finite")])
def test_a_failing_tracker_leads_to_error_until_a_new_selection(code: int, words: str) -> None:
    session = tracking()
    report = session.step(frame(code=code), 0.2)
    assert report.state is State.ERROR and words in report.message and report.box is None
    assert session.step(frame(), 0.3).state is State.ERROR
    assert session.tick(99.0).state is State.ERROR
    session.select(frame(), BOX, 0.4)
    assert session.step(frame(), 0.5).state is State.ACQUIRING


@pytest.mark.parametrize(
    "box",
    [
        BOX._replace(cx=math.nan),
        BOX._replace(w=math.inf),
        BOX._replace(w=0.0),
        BOX._replace(cx=500.0),
        BOX._replace(cy=55.0),  # below the frame, whose height is not its width
        BOX._replace(h=-8.0),
    ],
)
def test_a_refused_selection_keeps_the_present_target(box: Box) -> None:
    session = tracking()
    with pytest.raises(ValueError, match="box"):
        session.select(frame(), box, 0.2)
    report = session.step(frame(), 0.2)
    assert report.state is State.TRACKING and report.target_id == "target-1"


def test_a_box_further_right_than_the_frame_is_high_can_be_selected() -> None:
    session = tracking()
    session.select(frame(), BOX._replace(cx=58.0), 0.2)
    assert session.step(frame(), 0.2).target_id == "target-2"


def test_a_tracker_that_fails_on_a_selection_keeps_the_present_target() -> None:
    session = tracking()
    with pytest.raises(KeyError):
        session.select(frame(code=RAISE), BOX, 0.2)
    assert session.step(frame(), 0.2).state is State.TRACKING


def test_memory_that_runs_out_is_freed_and_the_frame_tried_once_more() -> None:
    class Hungry(Oracle):
        failures = 0

        def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
            if Hungry.failures > 0:
                Hungry.failures -= 1
                raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
            return super().localize(frame, state)

    session = Session(Hungry())
    session.select(frame(), BOX, 0.0)
    Hungry.failures = 1
    assert session.step(frame(), 0.1).state is State.ACQUIRING
    Hungry.failures = 2
    report = session.step(frame(), 0.2)
    assert report.state is State.ERROR and "out of memory" in report.message


def test_wrong_settings_are_named() -> None:
    with pytest.raises(SettingsError, match="session: 'keep_score' must be in"):
        Session(Oracle(), {"keep_score": 1.5})


moves = st.one_of(
    st.tuples(st.just("step"), st.sampled_from([0, 20, 30, 50, 90, RAISE, NAN]), st.floats(-1.0, 1.0)),
    st.tuples(st.just("tick"), st.just(0), st.floats(0.0, 3.0)),
    st.tuples(st.sampled_from(["select", "stop", "lose", "resize"]), st.just(0), st.just(0.0)),
)


@given(st.lists(moves, max_size=60), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_path_publishes_a_box_without_a_target(path: list[tuple[str, int, float]], ego: bool) -> None:
    session = Session(Oracle(), {"ego_motion": ego, "found_score": 0.5, "verify_score": 0.4})
    now, width, ids, present = 0.0, 64, {""}, ""
    for kind, code, elapsed in path:
        now += elapsed
        if kind == "select":
            present = session.select(frame(width=width), BOX, now)
            assert present not in ids
            ids.add(present)
            continue
        if kind == "step":
            report = session.step(frame(code=code, width=width), now)
        elif kind == "tick":
            report = session.tick(now)
        elif kind == "resize":
            width = 80 if width == 64 else 64
            report = session.step(frame(width=width), now)
        else:
            report = session.stop() if kind == "stop" else session.lose("asked")
        has_target = report.state in (State.ACQUIRING, State.TRACKING, State.COASTING)
        assert (report.box is not None) == has_target
        assert (report.target_id == "") == (report.state is State.IDLE)
        assert report.box is None or all(map(math.isfinite, report.box))
        if report.target_id not in (present, ""):
            assert report.target_id not in ids, "an id that was used came back"
            ids.add(report.target_id)
        present = report.target_id
    # Whatever happened, silence ends every wait.
    assert session.tick(now + 10).state in (State.IDLE, State.LOST, State.ERROR)


@given(st.lists(moves, max_size=15), st.sampled_from([0, 20, 24]))
@example([("step", 0, -0.5)], 20)
@settings(max_examples=30, deadline=None)
def test_from_everywhere_bad_frames_lead_to_lost_in_bounded_time(
    path: list[tuple[str, int, float]], code: int
) -> None:
    session, now = Session(Oracle(), {"coast_seconds": 0.5}), 0.0
    session.select(frame(), BOX, now)
    for kind, seen, elapsed in path:
        now += elapsed
        if kind == "step":
            session.step(frame(code=seen), now)
        elif kind == "lose":
            session.lose("asked")
    for _ in range(16):  # 1.6 s: twice the half second, a stamp that went back by another, the step beyond
        now += 0.1
        session.step(frame(code=code), now)
    assert session.state in (State.LOST, State.ERROR)


def test_what_is_found_again_but_not_proved_gets_a_new_id() -> None:
    class Learned(Oracle):
        """The first frame's model sees half of what the present one does."""

        def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
            estimate = super().localize(frame, state)
            return estimate if state["updates"] > 0 else estimate._replace(score=estimate.score / 3)

    values = {"keep_score": 0.1, "recover_score": 0.2, "verify_frames": 2, "look_margin": -0.01}
    for reacquire, ids in (("any", ["target-1", "target-2", "target-2"]), ("verified", ["target-1"] * 3)):
        session = Session(Learned(), {**values, "reacquire": reacquire})
        session.select(frame(), BOX, 0.0)
        for step in range(4):
            session.step(frame(), 0.05 * step)
        session.lose("asked")
        # Later than the target can be believed to be where it was.
        reports = [session.step(frame(), 1.3 + 0.05 * step) for step in range(3)]
        assert [report.target_id for report in reports] == ids
        found = reports[-1]
        # What is not proved is never TRACKING under the id that was selected, and never verified.
        assert found.state is (State.TRACKING if reacquire == "any" else State.COASTING)
        assert (found.verified, found.reacquired, found.label) == (False, "unverified", "unverified")
    assert session.select(frame(), BOX, 2.0) == "target-2"
    assert session.step(frame(), 2.1).verified


def test_what_is_found_again_and_proved_keeps_its_id_and_says_so() -> None:
    session = tracking()
    assert session.step(frame(), 0.2).reacquired == ""
    session.lose("asked")
    reports = [session.step(frame(), 2.0 + 0.1 * step) for step in range(3)]
    assert [report.state for report in reports] == [State.LOST, State.TRACKING, State.TRACKING]
    assert reports[-1].target_id == "target-1" and reports[-1].verified
    assert reports[-1].reacquired == "verified"


def test_never_means_that_lost_ends_with_a_selection_only() -> None:
    session = tracking(reacquire="never")
    session.lose("asked")
    assert {session.step(frame(), 0.2 + 0.1 * step).state for step in range(30)} == {State.LOST}
    session.select(frame(), BOX, 9.0)
    assert session.step(frame(), 9.1).state is State.ACQUIRING


def test_a_box_that_jumps_is_believed_where_it_looks_like_the_target() -> None:
    session = tracking(max_jump=1.0)
    assert session.step(frame(dx=8), 0.2).state is State.TRACKING  # 0.9 of the root of its area
    far = frame(dx=24)
    assert session.step(far, 0.3).state is State.TRACKING, "a jerk of the camera: it looks the same there"
    session = tracking(max_jump=1.0)
    far[0, 16:32, 48:64] = 220
    report = session.step(far, 0.2)
    assert report.state is State.COASTING and "jumped" in report.message
    assert report.box == BOX


def test_what_comes_to_look_like_something_else_is_let_go() -> None:
    session = tracking()
    red = frame()
    red[0, 18:30, 24:40] = 220
    states = [session.step(red, 0.2 + 0.03 * step).state for step in range(5)]
    # Two looks in a row, of which every second frame gets one; a single one may be a glint.
    assert states[0] is State.TRACKING and states[-1] is State.COASTING
    assert "looks like another object" in session.message
    session = tracking()
    assert session.step(red, 0.2).state is State.TRACKING
    assert {session.step(frame(), 0.3 + 0.1 * step).state for step in range(4)} == {State.TRACKING}


def test_what_was_let_go_for_its_looks_is_followed_from_where_it_is_found_again() -> None:
    """Its looks before are not held against it: its box is shown at once, and learned from."""

    def painted(channel: int, at: int = 0, dx: int = 0) -> Tensor:
        pixels = frame(dx=dx)
        pixels[channel, 20:28, 27 + at : 37 + at] = 220
        return pixels

    red, blue = 0, 2
    session = Session(Oracle(), {"coast_seconds": 1.0, "max_jump": 10.0})
    session.select(painted(red), BOX, 0.0)
    for step in range(1, 10):
        session.step(painted(red), step / 30)
    seen = [session.step(painted(blue), step / 30).state for step in range(10, 16)]
    assert seen[-1] is State.COASTING and "looks like" in session.message
    session.step(painted(red, 3, dx=3), 16 / 30)
    found, learned = session.step(painted(red, 3), 17 / 30), float(session._model["updates"])
    assert (found.state, found.box) == (State.TRACKING, BOX._replace(cx=BOX.cx + 3))
    assert session.step(painted(red, 3), 18 / 30).state is State.TRACKING
    assert float(session._model["updates"]) == learned + 1
