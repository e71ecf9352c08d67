# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What a session costs is measured beside its tracker."""

from __future__ import annotations

import time

import pytest
import torch
from eval_helpers import made_sequence
from torch import Tensor

from tracker_ros.experiments.session_cost import WARM, cost
from tracker_ros.trackers.base import Estimate, Tracker


class Slow(Tracker):
    """Sees its target where it is, and works for two milliseconds of CPU time on it."""

    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        """Keep the box."""
        return {"box": box}

    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Take a while."""
        end = time.thread_time() + 2e-3
        while time.thread_time() < end:
            pass
        return Estimate(state["box"], torch.ones(()), torch.eye(8), state["box"], {})

    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Learn nothing."""
        return state


def test_both_are_timed_and_the_session_s_time_holds_the_tracker_s() -> None:
    sequence = made_sequence("a", WARM + 21, 0)
    spent = cost(Slow(), {"keep_slack": 2.0, "max_jump": 100.0}, sequence, 1000)
    assert spent.shape == (20, 2)
    least = spent.min(axis=0)
    assert least[1] > least[0] == pytest.approx(2.0, abs=0.5)
    assert len(cost(Slow(), {}, sequence, WARM)) == 0
