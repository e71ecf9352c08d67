# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Frames and times that a session cannot use are refused in words, and cost no target."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from session_helpers import BOX, Spot, frame, spot, tracking
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session import Report, Session, State
from tracker_ros.session.attempt import shows_nothing

GOOD = frame()


@pytest.mark.parametrize(
    ("given", "stamp", "words"),
    [
        (GOOD.float(), 1.0, r"uint8 tensor \[3, H, W\] .*got torch.float32 \[3, 48, 64\]"),
        (GOOD.permute(1, 2, 0), 1.0, r"got torch.uint8 \[48, 64, 3\]"),
        (GOOD[None], 1.0, r"got torch.uint8 \[1, 3, 48, 64\]"),
        (np.zeros((48, 64, 3), np.uint8), 1.0, r"`to_tensor` makes one.*got uint8 \[48, 64, 3\]"),
        (None, 1.0, "got NoneType"),
        (GOOD[:, :0], 1.0, r"got torch.uint8 \[3, 0, 64\]"),
        (GOOD, math.nan, "stamp must be a number of seconds, got nan"),
        (GOOD, -math.inf, "got -inf"),
    ],
)
def test_what_cannot_be_used_is_refused_and_the_target_is_kept(given: Any, stamp: float, words: str) -> None:
    session = tracking()
    for use in (session.step, lambda image, time: session.select(image, BOX, time)):
        with pytest.raises(ValueError, match=words):
            use(given, stamp)
    report = session.step(GOOD, 0.2)
    assert (report.state, report.target_id) == (State.TRACKING, "target-1")
    assert torch.equal(GOOD, frame())


def test_a_tiny_frame_with_a_pattern_shows_something() -> None:
    checks = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 200
    assert not shows_nothing(checks.to(torch.uint8).expand(3, 8, 8))
    assert shows_nothing(torch.full((3, 8, 8), 100, dtype=torch.uint8))


def test_one_tensor_that_is_filled_anew_is_as_good_as_a_new_one_a_frame() -> None:
    """As a capture buffer: what was found in it before is not there any more."""

    def flight(buffer: Tensor | None) -> list[Report]:
        session = Session(Spot(), {"coast_seconds": 0.5})
        reports = []
        places = [100] * 20 + [None] * 40 + [240] * 60
        for step, x in enumerate(places):
            pixels = spot(x) if buffer is None else buffer.copy_(spot(x))
            if step == 0:
                session.select(pixels, Box(100.0, 60.0, 20.0, 20.0), 0.0)
            else:
                reports.append(session.step(pixels, step / 30))
        return reports

    anew, filled = flight(None), flight(torch.empty_like(spot(None)))
    assert State.LOST in {report.state for report in anew}
    assert anew[-1].box is not None and abs(anew[-1].box.cx - 240) < 2
    assert [(r.state, r.box) for r in filled] == [(r.state, r.box) for r in anew]
