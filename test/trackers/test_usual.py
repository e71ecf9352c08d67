# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A target's usual score against its closed form, and the trackers that hold still below a share of it."""

from __future__ import annotations

import pytest
import torch
from pretrained_helpers import drawn

from tracker_ros.trackers import Tracker, create
from tracker_ros.trackers._usual import RATE, is_hidden, usual_score
from tracker_ros.weights import load_weights

TRACKERS = {
    "dcfst": {"not_found_score": 0.0, "refinement_candidates": 0, "learning_rate": 0.2},
    "adacfnet": {"learning_rate": 0.2},
}


def untrained(name: str) -> Tracker:
    tracker = create(name, {**TRACKERS[name], "not_found_share": 0.7})
    load_weights(tracker, "random:0")
    return tracker.eval()


def test_usual_score_starts_with_the_first_and_approaches_the_others_geometrically() -> None:
    usual = usual_score(torch.zeros([]), torch.tensor(0.8))
    assert float(usual) == pytest.approx(0.8)
    for _ in range(20):
        usual = usual_score(usual, torch.tensor(0.3))
    assert float(usual) == pytest.approx(0.3 + 0.5 * (1 - RATE) ** 20, rel=1e-5)


def test_a_target_that_looks_different_for_good_is_not_hidden_for_ever() -> None:
    usual, hidden = torch.tensor(0.9), []
    for _ in range(60):
        hidden.append(is_hidden(torch.tensor(0.4), usual, 0.7))
        usual = usual_score(usual, torch.tensor(0.4))
    # Found again where 0.4 + 0.5 (1 - RATE)^n is 0.4 / 0.7.
    assert hidden == [True] * 36 + [False] * 24


@pytest.mark.parametrize("name", list(TRACKERS))
def test_below_a_share_of_the_usual_score_nothing_moves_or_learns(name: str) -> None:
    tracker = untrained(name)
    frame, box = drawn(120, 100)
    later, _ = drawn(132, 100)
    model = "w" if name == "dcfst" else "template"
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        score = tracker.localize(later, state).score
        for share, held in ((0.6, True), (0.8, False)):
            now = {**state, "usual": score / share}
            estimate = tracker.localize(later, now)
            assert torch.equal(estimate.score, score)
            assert torch.equal(estimate.box, box) is held
            assert torch.equal(tracker.update(later, now, estimate)[model], state[model]) is held
