# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""How responses become boxes: trackers around networks that answer what the test says."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from cf_helpers import untrained
from pretrained_helpers import drawn
from scenes import scene
from torch import Tensor, nn

from tracker_ros.networks.cfnet import CFNetModel, Conv1Features, correlation_filter
from tracker_ros.networks.edcf import ContextFilter, EDCFModel, on_fine_grid
from tracker_ros.ops.boxes import iou
from tracker_ros.ops.fourier import context_aware_filter
from tracker_ros.trackers import Tracker, create
from tracker_ros.trackers.cfnet import CFNetSettings
from tracker_ros.weights import load_weights

FRAME = torch.full((3, 240, 320), 90, dtype=torch.uint8)
BOX = torch.tensor([160.0, 120.0, 40.0, 30.0])


def hann_of(cells: int) -> np.ndarray:
    """The Hann window without its zeros at both ends, written out."""
    row = np.array([0.5 - 0.5 * math.cos(2 * math.pi * (i + 1) / (cells + 1)) for i in range(cells)])
    return np.outer(row, row)


# -- CFNet and SiamFC --------------------------------------------------------------------------------


class Answers(nn.Module):
    """A Siamese network whose responses are given; its logit is the response itself."""

    def __init__(self, responses: Tensor) -> None:
        super().__init__()
        self.responses = responses

    def template(self, images: Tensor) -> Tensor:
        return images.mean(dim=(2, 3), keepdim=True)

    def forward(self, images: Tensor, templates: Tensor) -> tuple[Tensor, list[Tensor]]:
        return self.responses[: images.shape[0]], []

    def adjust(self, response: Tensor) -> Tensor:
        return response


def bump(row: int, column: int, height: float, cells: int = 33) -> Tensor:
    """[cells, cells] with one smooth peak."""
    away = torch.arange(cells).float()
    return height * torch.exp(-0.5 * ((away.view(-1, 1) - row) ** 2 + (away.view(1, -1) - column) ** 2) / 4)


def searching(responses: Tensor, **settings: object) -> Tensor:
    """The box that a CFNet around these responses of three scales finds from `BOX`."""
    tracker = create("cfnet", {"width_multiplier": 0.05, **settings})
    tracker.model = Answers(responses)
    with torch.inference_mode():
        return tracker.localize(FRAME, tracker.initialize(FRAME, BOX)).box


@pytest.mark.parametrize(("best", "sign"), [(0, -1.0), (1, 0.0), (2, 1.0)])
def test_the_scale_with_the_highest_response_is_taken_over_damped(best: int, sign: float) -> None:
    responses = torch.stack([bump(16, 16, 0.5 + 0.5 * (i == best)) for i in range(3)])
    step, damping = CFNetSettings().scale_step, CFNetSettings().scale_learning_rate
    scale = step**sign
    expected = BOX[2:] * (1 + damping * (scale - 1))
    torch.testing.assert_close(searching(responses)[2:], expected)


def test_the_cosine_window_decides_between_two_places() -> None:
    """A far place answers a little higher than the near one: only the window can choose the near one."""
    both = bump(16, 16, 0.97) + bump(28, 28, 1.0)
    responses = torch.stack([both * 0.5, both, both * 0.5])
    near = searching(responses)[:2]
    torch.testing.assert_close(near, BOX[:2], atol=1.0, rtol=0)
    far = searching(responses, window_influence=0.0)[:2]
    assert ((far - BOX[:2]) > 10).all()


def test_features_are_windowed_before_the_filter_is_learnt() -> None:
    torch.manual_seed(0)
    model = CFNetModel(Conv1Features(), 24, penalty=0.1, margin=4)
    features = torch.randn(1, 32, 24, 24)
    windowed = features * torch.from_numpy(hann_of(24)).float()
    whole = correlation_filter(windowed, model.label, 0.1)
    torch.testing.assert_close(model.filter(features), whole[:, :, 4:20, 4:20], atol=1e-6, rtol=1e-4)


# -- EDCF --------------------------------------------------------------------------------------------


class Fused(nn.Module):
    """EDCF's network with given responses f [3, 17, 17] and g [3, 125, 125]."""

    def __init__(self, f: Tensor, g: Tensor) -> None:
        super().__init__()
        self.f, self.g, self.features = f, g, self

    def shallow(self, images: Tensor) -> Tensor:
        return images[:, :1, :2, :2]

    def fine(self, shallow: Tensor) -> Tensor:
        return shallow

    def learn(self, shallow: Tensor) -> Tensor:
        return shallow

    template = learn

    def filter(self, fine: Tensor, filters: Tensor) -> Tensor:
        return self.g[: fine.shape[0]]

    def adjust(self, response: Tensor) -> Tensor:
        return response

    def forward(self, shallow: Tensor, template: Tensor) -> tuple[Tensor, Tensor]:
        return self.f[: shallow.shape[0]], shallow


def fused(f: Tensor, g: Tensor) -> Tensor:
    """The box that EDCF finds from `BOX`, all scales answering alike."""
    tracker = create("edcf", {"width_multiplier": 0.05})
    tracker.model = Fused(f.expand(3, 17, 17), g.expand(3, 125, 125))
    with torch.inference_mode():
        return tracker.localize(FRAME, tracker.initialize(FRAME, BOX)).box


def test_edcf_finds_the_place_that_both_branches_like_best() -> None:
    """f alone prefers the left, g alone the right; their sum is greatest above (eq. 16)."""
    f, g = torch.zeros(1, 17, 17), torch.zeros(1, 125, 125)
    # A cell of f is four of g; their middles lie on each other.
    f[0, 8, 4], f[0, 4, 8] = 1.0, 0.8
    g[0, 62, 62 + 16], g[0, 62 - 16, 62] = 1.0, 0.8
    cell = BOX[2:] * 3 * 2 / 255
    torch.testing.assert_close(fused(f, g)[:2], BOX[:2] - torch.tensor([0.0, 16.0]) * cell)
    torch.testing.assert_close(fused(f, 0 * g)[:2], BOX[:2] - torch.tensor([16.0, 0.0]) * cell)
    torch.testing.assert_close(fused(0 * f, g)[:2], BOX[:2] + torch.tensor([16.0, 0.0]) * cell)


@pytest.mark.parametrize(("best", "sign"), [(0, -1), (1, 0), (2, 1)])
def test_edcf_takes_the_scale_at_which_the_sum_is_highest(best: int, sign: int) -> None:
    """f prefers another scale than g does, by less than g prefers its own."""
    tracker = create("edcf", {"width_multiplier": 0.05})
    f, g = torch.zeros(3, 17, 17), torch.zeros(3, 125, 125)
    f[:, 8, 8], g[:, 62, 62] = 0.5, 0.5
    f[(best + 1) % 3, 8, 8], g[best, 62, 62] = 0.6, 1.0
    tracker.model = Fused(f, g)
    with torch.inference_mode():
        found = tracker.localize(FRAME, tracker.initialize(FRAME, BOX)).box
    torch.testing.assert_close(found[2:], BOX[2:] * 1.02**sign)


def test_edcf_s_response_is_the_sum_of_what_its_network_answers() -> None:
    tracker = untrained("edcf", width_multiplier=0.0625)
    box = torch.tensor([120.0, 80.0, 32.0, 28.0])
    frame = scene(box)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        found = tracker.localize(frame, state)
        model: EDCFModel = tracker.model
        shallow = model.features.shallow(tracker.search_crops(frame, box))
        f, _ = model(shallow, state["template"])
        spectrum = torch.fft.rfft2(model.fine(shallow) * torch.from_numpy(hann_of(125)).float())
        g = torch.fft.irfft2((spectrum * state["filter"]).sum(1), [125, 125]).roll((62, 62), (1, 2))
        both = on_fine_grid(model.adjust(f)) + g[:, 30:95, 30:95]
    assert f.std() > 0 and g.std() > 0
    assert any(torch.allclose(found.response, response, atol=1e-4) for response in both)


def test_context_is_what_lies_above_below_left_and_right_of_the_target() -> None:
    layer = ContextFilter(1e-2, 0.3, side=7, shift=4, sigma=1.0)
    wide = torch.randn(1, 2, 15, 15, generator=torch.Generator().manual_seed(0))
    window = torch.from_numpy(hann_of(7)).float()
    # Rows first: above, below, left, right.
    corners = ((0, 4), (8, 4), (4, 0), (4, 8))
    around = torch.stack([wide[0, :, y : y + 7, x : x + 7] * window for y, x in corners])
    target = wide[0, :, 4:11, 4:11] * window
    expected = context_aware_filter(target, around, torch.fft.rfft2(layer.label), 1e-2, 0.3)
    torch.testing.assert_close(layer.solve(wide)[0], expected)


# -- TADT and DSLT -----------------------------------------------------------------------------------


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


# -- DCFST and RT-MDNet ------------------------------------------------------------------------------


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
    sizes = found[2:] * (1 + tracker.offsets[:, 2:])
    ratios = sizes.amax(1) / sizes.amin(1)
    assert ratios[0] > tracker.max_aspect_ratio > ratios.min()
    refined = tracker.refine(NO_LEVELS, torch.zeros(2, 1), found)
    assert float(refined[2:].max() / refined[2:].min()) <= tracker.max_aspect_ratio


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
