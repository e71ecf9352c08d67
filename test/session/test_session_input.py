# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Frames and times that a session cannot use are refused in words, and cost no target."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from session_helpers import BOX, frame, tracking

from tracker_ros.session import State

GOOD = frame()


@pytest.mark.parametrize(
    ("given", "stamp", "words"),
    [
        (GOOD.float(), 1.0, r"uint8 tensor \[3, H, W\] .*got torch.float32 \[3, 48, 64\]"),
        (GOOD.permute(1, 2, 0), 1.0, r"got torch.uint8 \[48, 64, 3\]"),
        (GOOD[None], 1.0, r"got torch.uint8 \[1, 3, 48, 64\]"),
        (np.zeros((48, 64, 3), np.uint8), 1.0, r"`to_tensor` makes one.*got uint8 \[48, 64, 3\]"),
        (None, 1.0, "got NoneType"),
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
