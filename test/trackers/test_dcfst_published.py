# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The presets of DCFST-18's public code against its rules, written out slowly; on the small backbone."""

from __future__ import annotations

import math

import numpy as np
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


class Sbdt:
    """The public code's memory of DCFST-18 (pytracking/tracker/sbdt), in NumPy, one rule after another."""

    def __init__(self, views: list[np.ndarray], labels: np.ndarray, s: DcfstSettings) -> None:
        self.first = self.model = sum(views) / len(views)
        self.labels, self.weight, self.s, self.count = labels, 1.0, s, 0
        self.w = self.solved()

    def solved(self) -> np.ndarray:
        gram = self.model.T @ self.model + self.s.regularization * np.eye(self.model.shape[1])
        return np.linalg.solve(gram, self.model.T @ self.labels)

    def learn(self, data: np.ndarray, away: np.ndarray) -> bool:
        self.count += 1
        hard = bool((data @ self.w)[away].max() > self.s.distractor_score)
        rate = self.s.distractor_learning_rate if hard else self.s.learning_rate
        self.model = (1 - rate) * self.model + rate * data
        self.weight *= 1 - rate
        if self.weight < self.s.initial_share:
            lack = (self.s.initial_share - self.weight) / (1 - self.weight)
            self.model, self.weight = (1 - lack) * self.model + lack * self.first, self.s.initial_share
        if hard or self.count % self.s.update_interval == 0:
            self.w = self.solved()
        return hard


@pytest.mark.parametrize("preset", SCALE_DAMP)
def test_the_memory_is_the_public_code_s(preset: str) -> None:
    """Over 60 frames of a target in noise, beside which every fifth shows a second one."""
    s = make_settings(DcfstSettings, read_preset(preset).settings, preset)
    tracker = published(preset, refinement_candidates=0, not_found_score=0.0)
    network, g = tracker.network, torch.Generator().manual_seed(0)
    axis = network.axis.numpy()
    away = (np.hypot(axis[:, None], axis[None]) > s.distractor_distance * network.search).flatten()
    seen: list[np.ndarray] = []

    def samples(levels: list[torch.Tensor], size: torch.Tensor) -> torch.Tensor:
        data = 0.02 * torch.randn(441, network.dimensions, generator=g, dtype=torch.float64)
        data[:, 0] += network.labels(torch.full((4,), network.search / 2)).double()
        data[21 * 3 + 4, 0] += float(len(seen) % 5 == 0)
        seen.append(data.numpy())
        return torch.from_numpy(seen[-1])

    tracker.samples = samples
    # Nothing scores where the target is looked for: only the learned crop tells of distractors.
    tracker.embed = lambda levels, size: torch.zeros(441, network.dimensions)
    frame, box = drawn(160, 120)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        network.backbone.forward = lambda patch: []
        public, hard = Sbdt(list(seen), state["labels"].numpy(), s), []
        for _ in range(60):
            state = tracker.update(frame, state, tracker.localize(frame, state))
            hard.append(public.learn(seen[-1], away))
            np.testing.assert_allclose(state["data"].numpy(), public.model, atol=1e-6)
            np.testing.assert_allclose(state["w"].numpy(), public.w, atol=1e-5)
    assert len(seen) == 64, "four views of the first frame, then every frame"
    assert hard == [count % 5 == 0 for count in range(4, 64)] and public.weight == s.initial_share


@pytest.mark.parametrize("preset", SCALE_DAMP)
def test_refinement_begins_from_the_public_code_s_boxes(preset: str) -> None:
    """The found box and nine others, whose sides change by up to a quarter of the area's root, both alike."""
    tracker, begun = published(preset), []

    def ascend(levels, modulation, boxes):
        begun.append(boxes)
        return torch.zeros(len(boxes)), torch.zeros_like(boxes)

    tracker.network.iou.ascend, tracker.network.iou.forward = ascend, lambda levels: levels
    found = torch.tensor([80.0, 80.0, 40.0, 10.0])
    tracker.refine([torch.zeros(1, 1, 2, 2)] * 2, torch.zeros(2, 1), found)
    assert len(begun[0]) == 1 + 9
    assert begun[0][0].tolist() == found.tolist()
    root = math.sqrt(40 * 10)
    for box, share in zip(begun[0].tolist(), tracker.offsets.tolist(), strict=True):
        expected = [middle + root * part for middle, part in zip((80, 80), share[:2], strict=True)]
        expected += [max(side + root * part, 10 / 3) for side, part in zip((40, 10), share[2:], strict=True)]
        assert box == pytest.approx(expected, rel=1e-5)
    assert (tracker.offsets.abs().amax(0) <= torch.tensor([0.05, 0.05, 0.25, 0.25])).all()
