# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""How responses become boxes in TADT and DSLT, around networks that answer what the test says."""

from __future__ import annotations

import pytest
import torch
from pretrained_helpers import drawn
from scenes import bump
from torch import Tensor

from tracker_ros.trackers import Tracker, create
from tracker_ros.weights import load_weights


def small(name: str, **settings: object) -> Tracker:
    tracker = create(name, {"backbone": "micro_resnet", "search_size": 128, **settings})
    load_weights(tracker, "random:0")
    return tracker


@pytest.mark.parametrize(("best", "sign"), [(0, -1), (1, 0), (2, 1)])
def test_tadt_takes_the_size_whose_features_match_best(best: int, sign: int) -> None:
    tracker = small("tadt")
    cells = tracker.cells
    # The search region's features are resized, not the template: more cells mean a smaller target.
    assert tracker.sizes == [cells + 2, cells, cells - 2]
    asked = []

    def match(features: Tensor, template: Tensor) -> tuple[Tensor, Tensor]:
        side = features.shape[-1]
        asked.append(side)
        answer = torch.zeros(side, side)
        answer[side // 2, side // 2] = 1.0 if side == tracker.sizes[best] else 0.5
        return answer, answer

    frame, box = drawn(160, 120)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        tracker.match = match
        found = tracker.localize(frame, state).box
    assert sorted(asked) == sorted(tracker.sizes)
    scale = (cells / (cells - 2 * sign)) if sign else 1.0
    torch.testing.assert_close(found[2:], box[2:] * scale)


def test_tadt_s_scales_are_the_paper_s() -> None:
    tracker = create("tadt", {})
    assert tracker.cells == 45 and [tracker.cells / size for size in tracker.sizes] == [45 / 47, 1, 45 / 43]
    assert tracker.factors == [0.990, 1.0, 1.005]


def answering(
    bumps: list[list[tuple[int, int, float]]], **settings: object
) -> tuple[Tensor, Tensor, Tracker]:
    """The box that DSLT finds, the one it started from, and the tracker.

    Args:
        bumps: for each scale the peaks of its response: cells from the middle, down and right, and heights.
    """
    tracker = small("dslt", reduced_channels=4, initial_iterations=1, **settings)
    frame, box = drawn(160, 120)
    cells, channels, middle = tracker.cells, tracker.backbone.channels, tracker.cells // 2
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        # A kernel that answers with the first channel of the first level alone.
        model = tracker.start(box)
        model[0][0, model[0].shape[1] // 2, model[0].shape[2] // 2] = 1.0
        reductions = [torch.zeros_like(t) for t in model[1:]]
        reductions[0][0, 0] = 1.0 / (1 - tracker.coarse_weight)
        state.update(kernel=model[0], reduce_fine=reductions[0], reduce_coarse=reductions[1])
        state["scales"] = torch.ones(2)
        maps = [sum(bump(middle + y, middle + x, h, cells) for y, x, h in peaks) for peaks in bumps]
        levels = [torch.stack([response] * channels[0]) for response in maps]
        tracker.extract = lambda patches: (levels, [torch.zeros(channels[1], cells, cells)] * 3)
        return tracker.localize(frame, state).box, box, tracker


@pytest.mark.parametrize(("best", "sign"), [(0, 0), (1, 1), (2, -1)])
def test_dslt_takes_the_scale_with_the_highest_response(best: int, sign: int) -> None:
    found, box, tracker = answering([[(0, 0, 1.0 if i == best else 0.6)] for i in range(3)])
    scale = 1.03**sign
    torch.testing.assert_close(found[2:], box[2:] * (1 + tracker.scale_learning_rate * (scale - 1)))
    torch.testing.assert_close(found[:2], box[:2], atol=0.1, rtol=0)


def test_dslt_leaves_the_size_alone_below_the_least_score() -> None:
    found, box, _ = answering([[(0, 0, 0.2)], [(0, 0, 0.3)], [(0, 0, 0.2)]])
    torch.testing.assert_close(found[2:], box[2:])


def test_dslt_s_motion_prior_decides_between_two_places() -> None:
    both = [(0, 0, 0.9), (12, 12, 1.0)]
    near, box, _ = answering([both] * 3)
    torch.testing.assert_close(near[:2], box[:2], atol=0.5, rtol=0)
    far, _, tracker = answering([both] * 3, motion_prior_width=0.0)
    side = tracker.region(box)[2:] / tracker.cells * 12
    torch.testing.assert_close(far[:2], box[:2] + side, atol=0.5, rtol=0)


def test_dslt_may_look_for_the_scale_where_it_found_the_target() -> None:
    """One crop for the position, then a pyramid around it: what the paper's section 4 says."""
    tracker = small("dslt", reduced_channels=4, initial_iterations=1, scale_after_position=True)
    frame, box = drawn(160, 120)
    middle, asked = tracker.cells // 2, []

    def respond(
        frame: Tensor, region: Tensor, scales: list[float], state: dict[str, Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        asked.append((region, scales))
        if len(scales) == 1:
            return bump(middle, middle + 3, 1.0, tracker.cells).unsqueeze(0), [torch.zeros(1)]
        heights = (0.6, 1.0, 0.5)
        return torch.stack([bump(middle, middle, h, tracker.cells) for h in heights]), [torch.zeros(1)] * 3

    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        tracker.respond = respond
        found = tracker.localize(frame, state).box
    moved = 3 * float(asked[0][0][2]) / tracker.cells
    assert [len(scales) for _, scales in asked] == [1, 3]
    torch.testing.assert_close(asked[1][0][:2], box[:2] + torch.tensor([moved, 0.0]), atol=0.2, rtol=0)
    torch.testing.assert_close(found[:2], asked[1][0][:2])
    torch.testing.assert_close(found[2:], box[2:] * (1 + tracker.scale_learning_rate * 0.03))


@pytest.mark.parametrize(("last", "sign"), [(False, 0), (True, 1)])
def test_tadt_s_penalties_may_come_after_the_window(last: bool, sign: int) -> None:
    """A bonus of 2 % outweighs a response lower by 3 % if it counts for the window, which is as high, too."""
    tracker = small("tadt", scale_factors_last=last, larger_scale_factor=1.02, smaller_scale_factor=0.5)

    def match(features: Tensor, template: Tensor) -> tuple[Tensor, Tensor]:
        side = features.shape[-1]
        answer = torch.zeros(side, side)
        answer[side // 2, side // 2] = 0.97 if side == tracker.sizes[2] else 1.0
        return answer, answer

    frame, box = drawn(160, 120)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        tracker.match = match
        found = tracker.localize(frame, state).box
    scale = tracker.cells / tracker.sizes[1 + sign]
    torch.testing.assert_close(found[2:], box[2:] * scale)
