# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The presets of DCFST-18's public code against its rules, written out slowly; on the small backbone."""

from __future__ import annotations

import math

import pytest
import torch
from pretrained_helpers import drawn

from tracker_ros.trackers import Tracker, create, make_settings, read_preset
from tracker_ros.trackers.dcfst import DcfstSettings
from tracker_ros.weights import load_weights

#: `scale_damp` of the public code's settings: the share of the OLD size in the new one.
SCALE_DAMP = {
    "dcfst_reference": 0.7,
    "dcfst_nfs": 0.3,
    "dcfst_got10k": 0.3,
    "dcfst_trackingnet": 0.5,
    "dcfst_vot2019": 0.5,
}


def published(preset: str, **settings) -> Tracker:
    tracker = create("dcfst", {**read_preset(preset).settings, "backbone": "micro_resnet", **settings})
    load_weights(tracker, "random:0")
    return tracker.eval()


@pytest.mark.parametrize("preset", SCALE_DAMP)
def test_a_measured_size_is_damped_as_in_the_public_code(preset: str) -> None:
    tracker, frame = published(preset), torch.zeros(3, 480, 640, dtype=torch.uint8)
    box = torch.tensor([320.0, 240.0, 40.0, 30.0])
    region = tracker.region(box)
    measured = tracker.inside(torch.tensor([320.0, 240.0, 80.0, 24.0]), region)
    damp = SCALE_DAMP[preset]
    expected = [damp * old + (1 - damp) * new for old, new in ((40, 80), (30, 24))]
    assert tracker.outside(measured, box, region, frame)[2:].tolist() == pytest.approx(expected, rel=1e-5)


def planted(tracker: Tracker, response: torch.Tensor) -> dict[str, torch.Tensor]:
    """Make every crop respond like this [grid, grid], from the state that is returned on."""
    box = torch.tensor([160.0, 120.0, 40.0, 30.0])
    with torch.inference_mode():
        state = tracker.initialize(drawn(160, 120)[0], box)
    state["w"] = torch.zeros_like(state["w"])
    state["w"][0] = 1.0
    vectors = torch.zeros(response.numel(), tracker.network.dimensions)
    vectors[:, 0] = response.flatten()
    tracker.embed = lambda levels, size: vectors
    return state


@pytest.mark.parametrize("column", [2, 7, 10])
@pytest.mark.parametrize("preset", SCALE_DAMP)
def test_found_is_what_reaches_the_threshold_under_the_window(preset: str, column: int) -> None:
    """Both the move and the update: the public code compares its maximum after the window's product."""
    s = make_settings(DcfstSettings, read_preset(preset).settings, preset)
    tracker = published(preset, refinement_candidates=0)
    # A Gaussian of the distance in target sides, a fifth of the crop each.
    distance = (column - 10) * tracker.network.spacing / (tracker.network.search / 5)
    window = max(math.exp(-0.5 * (distance / s.window_width) ** 2), s.window_floor)
    frame = drawn(160, 120)[0]
    for share, is_found in ((0.95, False), (1.05, True)):
        response = torch.zeros(21, 21)
        response[10, column] = share * s.not_found_score / window
        state = planted(tracker, response)
        state["age"] = state["age"] + s.update_interval - 1
        with torch.inference_mode():
            estimate = tracker.localize(frame, state)
            following = tracker.update(frame, state, estimate)
        moved = not torch.equal(estimate.box, state["box"])
        assert moved is (is_found and column != 10)
        assert torch.equal(following["w"], state["w"]) is not is_found
        assert float(estimate.score) == pytest.approx(float(response.max())), "the score has no window"
