# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Parts of a session by themselves: verdicts without a proof, turns, lines of errors, defaults."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session.absence import Absence
from tracker_ros.session.attempt import essence
from tracker_ros.session.identity import Looks
from tracker_ros.session.motion import Motion
from tracker_ros.session.recovery import Recovery
from tracker_ros.session.search import Search, _blocks
from tracker_ros.session.sighting import Seen
from tracker_ros.session.states import SessionSettings
from tracker_ros.session.verification import Verification
from tracker_ros.trackers import load, make_settings

BOX = Box(100.0, 80.0, 20.0, 20.0)


@pytest.mark.parametrize(
    ("absence", "frames"),
    [
        (Absence(0.4, BOX), 2),
        (Absence(1.5, BOX), 5),
        (Absence(7.0, BOX), 10),
        (Absence(7.0, BOX, blind=True), 5),
    ],
)
def test_anything_is_taken_up_after_as_many_good_frames_as_a_proof_has(absence: Absence, frames: int) -> None:
    """`confirm_frames` where it must be, `verify_frames` after two seconds, twice as many five later."""
    settings = {"reacquire": "any", "confirm_frames": 2, "verify_frames": 5, "coast_seconds": 1.0}
    recovery = Recovery(load("dcf"), SessionSettings(**settings))
    frame = torch.zeros(3, 160, 400, dtype=torch.uint8)
    frame[:, 70:90, 90:110] = 200
    recovery.start(frame, BOX, {}, 0.0)
    motion = Motion(0.3, 1.0)
    motion.start(BOX, 0.0)
    verification = Verification(recovery, motion)
    # It scores, and looks like something else.
    seen = Seen(BOX, 0.9, Looks(0.1, 0.9))
    verdicts = [verification.judge(frame, seen, absence, step / 30) for step in range(12)]
    assert [verdict.enough for verdict in verdicts].index(True) == frames - 1
    assert not any(verdict.proved for verdict in verdicts)


def test_places_are_looked_into_by_turns_whatever_their_number() -> None:
    search, places = Search(), [(float(i), 0.0) for i in range(5)]
    turns = [[int(x) for x, _ in search.turns(places, 3)] for _ in range(4)]
    assert turns == [[0, 1, 2], [3, 4, 0], [1, 2, 3], [4, 0, 1]]


@pytest.mark.parametrize("block", [1, 3, 4])
@pytest.mark.parametrize("side", [13.0, 24.0, 61.0])
def test_a_picture_covers_its_box_in_whole_blocks(side: float, block: int) -> None:
    for center in (50.0, 100.5, 149.0):
        pixels = _blocks(center, side, 200, block)
        length = pixels.stop - pixels.start
        assert length % block == 0 and abs(length - side) <= block / 2
        assert abs((pixels.start + pixels.stop) / 2 - center) <= max(block / 2, 1)


def test_one_line_says_why_a_compiled_tracker_failed() -> None:
    def wrong(x: Tensor) -> Tensor:
        return x.view(7, 7)

    with pytest.raises(RuntimeError) as failed:
        torch.jit.script(wrong)(torch.zeros(6))
    assert essence(failed.value) == "RuntimeError: shape '[7, 7]' is invalid for input of size 6"
    assert essence(ValueError("no\nmore")) == "no" and essence(ValueError()) == ""


def test_a_default_is_a_value_that_may_be_set() -> None:
    for field in dataclasses.fields(SessionSettings):
        made = make_settings(SessionSettings, {field.name: field.default}, "session")
        assert getattr(made, field.name) == field.default
