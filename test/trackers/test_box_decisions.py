# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""How candidate boxes become one: DCFST's refinement and RT-MDNet's regression."""

from __future__ import annotations

import math

import pytest
import torch
from cf_helpers import untrained
from scenes import scene
from torch import Tensor, nn

from tracker_ros.ops.boxes import iou
from tracker_ros.trackers import Tracker, create


class Judge(nn.Module):
    """An IoU head that knows the answer, on its scale from -1 to 1; its slope is autograd's."""

    def __init__(self, truth: Tensor) -> None:
        super().__init__()
        self.truth = truth

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        return levels

    def predict(self, levels: list[Tensor], modulation: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        return 2 * iou(boxes, self.truth) - 1, boxes

    def ascend(self, levels: list[Tensor], modulation: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            at = boxes.detach().requires_grad_()
            value = self.predict(levels, modulation, at)[0]
            slope = torch.autograd.grad(value.sum(), at)[0]
        return value.detach(), slope


def refining(truth: Tensor, **settings: int) -> Tracker:
    tracker = create("dcfst", {"refinement_candidates": 9, "refinement_averaged": 3, **settings})
    tracker.network.iou = Judge(truth)
    return tracker


NO_LEVELS = [torch.zeros(1, 1, 2, 2)] * 2


def test_refinement_climbs_to_the_box_with_the_greatest_predicted_overlap() -> None:
    truth, found = torch.tensor([84.0, 78.0, 40.0, 26.0]), torch.tensor([80.0, 80.0, 32.0, 32.0])
    refined = refining(truth, refinement_iterations=5).refine(NO_LEVELS, torch.zeros(2, 1), found)
    before, after = (float(((box - truth) / truth[2:].repeat(2)).norm()) for box in (found, refined))
    assert after < 0.25 * before
    # It changes the shape of the box, which a scale search cannot.
    assert float(refined[2] / refined[3]) > 1.25


def test_a_step_of_refinement_is_the_slope_times_the_box_s_size() -> None:
    """ATOM's rule: its product is in pixels. Taken for sides, every step would be as long as its bound."""
    truth, found = torch.tensor([84.0, 80.0, 40.0, 40.0]), torch.tensor([80.0, 80.0, 40.0, 40.0])
    tracker = refining(truth, refinement_candidates=1, refinement_averaged=1, refinement_iterations=1)
    refined = tracker.refine(NO_LEVELS, torch.zeros(2, 1), found)
    # Moved by d, boxes of w x w share (w - d) / (w + d), whose slope by d is -2 w / (w + d)^2.
    assert float(refined[0] - found[0]) == pytest.approx(2 * 2 * 40 / 44**2 * 40, rel=1e-4)


def test_a_step_of_refinement_that_does_not_help_is_taken_back_and_halved() -> None:
    tracker = refining(
        torch.zeros(4), refinement_candidates=1, refinement_averaged=1, refinement_iterations=4
    )
    tried = []

    def never_higher(levels: list[Tensor], modulation: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        tried.append(boxes.clone())
        return torch.zeros(1), torch.full((1, 4), 0.01)

    tracker.network.iou.ascend = never_higher
    found = torch.tensor([80.0, 80.0, 40.0, 20.0])
    assert tracker.refine(NO_LEVELS, torch.zeros(2, 1), found).tolist() == found.tolist()
    steps = [float((boxes[0, 0] - found[0]) / 0.4) for boxes in tried]
    assert steps == pytest.approx([0.0, 1.0, 0.5, 0.25, 0.125], abs=1e-4)


@pytest.mark.parametrize("size", [(72.0, 9.5), (9.5, 72.0)])
def test_refined_boxes_that_are_too_long_do_not_count(size: tuple[float, float]) -> None:
    """All boxes have the same predicted overlap: what decides is the ratio of their sides."""
    tracker = refining(torch.zeros(4), refinement_averaged=1)
    tracker.network.iou.ascend = lambda levels, modulation, boxes: (torch.zeros(len(boxes)), 0 * boxes)
    found = torch.tensor([300.0, 300.0, *size])
    sizes = found[2:] + tracker.offsets[:, 2:] * found[2:].prod().sqrt()
    ratios = sizes.amax(1) / sizes.amin(1)
    assert ratios[0] > tracker.max_aspect_ratio > ratios.min()
    refined = tracker.refine(NO_LEVELS, torch.zeros(2, 1), found)
    assert float(refined[2:].max() / refined[2:].min()) <= tracker.max_aspect_ratio
    # Nor in a mean of more boxes than there are left.
    several = refining(torch.zeros(4), refinement_averaged=9)
    several.network.iou.ascend = tracker.network.iou.ascend
    boxes = torch.cat(((found[:2] + tracker.offsets[:, :2] * found[2:].prod().sqrt()), sizes), 1)
    left = several.refine(NO_LEVELS, torch.zeros(2, 1), found)
    torch.testing.assert_close(left, boxes[ratios <= tracker.max_aspect_ratio].mean(0))


def test_where_all_refined_boxes_are_too_long_the_found_one_stays() -> None:
    tracker = refining(torch.tensor([80.0, 80.0, 400.0, 10.0]))
    found = torch.tensor([80.0, 80.0, 400.0, 10.0])
    assert torch.equal(tracker.refine(NO_LEVELS, torch.zeros(2, 1), found), found)


def regressing(success: float) -> tuple[Tracker, Tensor, dict[str, Tensor]]:
    """A small RT-MDNet that regresses boxes above this score, a frame, and its first state."""
    tracker = untrained(
        "rtmdnet",
        width_multiplier=0.0625,
        candidate_count=64,
        initial_positives=64,
        initial_negatives=200,
        initial_iterations=5,
        hard_negative_pool=128,
        box_regression_samples=60,
        update_min_score=success,
    )
    box = torch.tensor([120.0, 80.0, 32.0, 28.0])
    with torch.inference_mode():
        return tracker, scene(box), tracker.initialize(scene(box), box)


def test_rtmdnet_s_answer_is_moved_by_its_box_regression() -> None:
    tracker, frame, state = regressing(0.0)
    assert state["regression"].abs().max() > 0
    shift = torch.tensor([0.1, -0.2, math.log(1.1), math.log(0.9)])
    with torch.inference_mode():
        still = {**state, "regression": torch.zeros_like(state["regression"])}
        plain = tracker.localize(frame, {**still, "regression_bias": torch.zeros(4)})
        moved = tracker.localize(frame, {**still, "regression_bias": shift})
    # Offsets are relative to each candidate's size (R-CNN): the mean of the best ones moves so far.
    boxes = plain.aux["boxes"]
    centers, sizes = boxes[:, :2] + shift[:2] * boxes[:, 2:], boxes[:, 2:] * torch.tensor([1.1, 0.9])
    torch.testing.assert_close(moved.box, torch.cat((centers, sizes), dim=1).mean(0))
    torch.testing.assert_close(plain.box, boxes.mean(0))


def test_rtmdnet_regresses_only_boxes_that_look_right() -> None:
    tracker, frame, state = regressing(1.0)
    with torch.inference_mode():
        plain = tracker.localize(frame, state)
        same = tracker.localize(frame, {**state, "regression_bias": torch.ones(4)})
    assert plain.score < 1 and torch.equal(plain.box, same.box)
