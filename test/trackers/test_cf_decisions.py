# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""How responses become boxes in CFNet and EDCF, around networks that answer what the test says."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from cf_helpers import untrained
from scenes import bump, scene
from torch import Tensor, nn

from tracker_ros.networks.cfnet import CFNetModel, Conv1Features, correlation_filter
from tracker_ros.networks.edcf import ContextFilter, EDCFModel, on_fine_grid
from tracker_ros.ops.fourier import context_aware_filter
from tracker_ros.trackers import create
from tracker_ros.trackers.cfnet import CFNetSettings

FRAME = torch.full((3, 240, 320), 90, dtype=torch.uint8)
BOX = torch.tensor([160.0, 120.0, 40.0, 30.0])


def hann_of(cells: int) -> np.ndarray:
    """The Hann window without its zeros at both ends, written out."""
    row = np.array([0.5 - 0.5 * math.cos(2 * math.pi * (i + 1) / (cells + 1)) for i in range(cells)])
    return np.outer(row, row)


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
