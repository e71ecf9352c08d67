# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The light SiamBAN: its correlation and boxes by hand, what it does where it is unsure, export."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from cf_helpers import clip, greatest_difference, track, untrained
from torch import Tensor, nn

from tracker_ros.networks.siamban import PixelCorrelation, SiamBanNet, boxes_of, cell_places
from tracker_ros.trackers import SettingsError, create
from tracker_ros.trackers.siamban import SiamBan, SiamBanSettings


class Fixed(SiamBanNet):
    """A network that answers the same in every frame."""

    def __init__(self, logits: Tensor, sides: Tensor) -> None:
        super().__init__()
        self.answer = (logits, sides)

    def forward(self, classifier: Tensor, locator: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        assert classifier.shape == locator.shape == (1, 64, 48) and search.shape == (1, 48, 16, 16)
        return self.answer


def answering(logits: Tensor, sides: Tensor, **settings: float) -> SiamBan:
    tracker = SiamBan(SiamBanSettings(**settings)).eval()
    tracker.net = Fixed(logits, sides).eval()
    return tracker


def one_cell(row: int, column: int, logit: float) -> tuple[Tensor, Tensor]:
    """Logits that are high in one cell, and sides that mean a box of 64 x 96 there, 8 px to its right."""
    logits = torch.full((1, 16, 16), -9.0)
    logits[0, row, column] = logit
    sides = torch.tensor([24.0, 48.0, 40.0, 48.0]).view(1, 4, 1, 1).expand(1, 4, 16, 16)
    return logits, sides


def dense(layer: nn.Conv2d, values: np.ndarray) -> np.ndarray:
    """A 1 x 1 convolution of one cell."""
    assert layer.bias is not None
    return layer.weight.detach().numpy()[:, :, 0, 0] @ values + layer.bias.detach().numpy()


def test_a_cell_s_kernel_is_its_feature_and_cells_are_weighed_by_their_means() -> None:
    generator = torch.Generator().manual_seed(0)
    correlation = PixelCorrelation().eval()
    for parameter in correlation.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) / 4
    exemplar, search = (
        torch.randn(1, 48, 8, 8, generator=generator),
        torch.randn(1, 48, 3, 5, generator=generator),
    )
    with torch.no_grad():
        found = correlation(correlation.template(exemplar), search)[0].numpy()
        kernels, x = correlation.kernel(exemplar)[0].numpy(), correlation.search(search)[0].numpy()
    matched = np.zeros((64, 3, 5))
    for cell in range(64):
        for i in range(3):
            for j in range(5):
                matched[cell, i, j] = kernels[:, cell // 8, cell % 8] @ x[:, i, j]
    reduce, expand = correlation.reduce, correlation.expand
    hidden = np.maximum(
        reduce.weight.detach().numpy()[:, :, 0, 0] @ matched.mean((1, 2)) + reduce.bias.detach().numpy(), 0
    )
    logits = expand.weight.detach().numpy()[:, :, 0, 0] @ hidden + expand.bias.detach().numpy()
    np.testing.assert_allclose(found, matched / (1 + np.exp(-logits))[:, None, None], rtol=1e-3, atol=1e-3)


def test_cells_lie_every_16_pixels_and_sides_make_boxes() -> None:
    places = cell_places()
    assert places[8, 8].tolist() == [0, 0] and places[0, 15].tolist() == [112, -128]
    sides = torch.arange(4.0).view(1, 4, 1, 1) + 10  # left 10, top 11, right 12, bottom 13
    box = boxes_of(sides.expand(1, 4, 16, 16), places)[0, 10, 5]
    assert box.tolist() == [-48 + 1, 32 + 1, 22, 24]


def test_a_sure_choice_moves_and_resizes_the_box_by_the_paper_s_rules() -> None:
    logits, sides = one_cell(10, 5, 6.0)
    settings = {
        "change_penalty": 0.1,
        "window_influence": 0.0,
        "scale_learning_rate": 0.5,
        "temperature": 2.5,
    }
    tracker = answering(logits, sides, **settings)
    frame, box = torch.zeros(3, 400, 400, dtype=torch.uint8), torch.tensor([200.0, 200.0, 50.0, 30.0])
    estimate = tracker.localize(frame, tracker.initialize(frame, box))
    zoom = math.sqrt((50 + 40) * (30 + 40)) / 127  # image pixels of a crop pixel
    assert estimate.score.item() == pytest.approx(1 / (1 + math.exp(-(6 - 3.6) / 1.4)))
    assert estimate.response.max().item() == pytest.approx(1 / (1 + math.exp(-6 / 2.5)))
    assert estimate.box[:2].tolist() == pytest.approx([200 + (-48 + 8) * zoom, 200 + 32 * zoom], rel=1e-5)
    ratio = (50 / 30) / (64 / 96)
    padded = math.sqrt((64 + 80) * (96 + 80)) * zoom / math.sqrt(90 * 70)
    rate = math.exp(-0.1 * (ratio * max(padded, 1 / padded) - 1)) / (1 + math.exp(-6 / 2.5)) * 0.5
    expected = [50 + rate * (64 * zoom - 50), 30 + rate * (96 * zoom - 30)]
    assert estimate.box[2:].tolist() == pytest.approx(expected, rel=1e-5)


def test_the_response_lies_where_its_window_says() -> None:
    logits, sides = one_cell(10, 5, 6.0)
    tracker = answering(logits, sides, window_influence=0.0)
    frame, box = torch.zeros(3, 400, 400, dtype=torch.uint8), torch.tensor([200.0, 200.0, 50.0, 50.0])
    estimate = tracker.localize(frame, tracker.initialize(frame, box))
    assert estimate.response.argmax() == 10 * 16 + 5
    low, cell = estimate.window[:2] - estimate.window[2:] / 2, estimate.window[2:] / 16
    # The middle of cell (10, 5), which is 48 px left of the middle of the crop and 32 below.
    place = low + (torch.tensor([5.0, 10.0]) + 0.5) * cell
    torch.testing.assert_close(place, 200 + torch.tensor([-48.0, 32.0]) * (100 / 127))


@pytest.mark.parametrize(
    ("score", "share"), [(0.05, 0.0), (0.07, 0.0), (0.155, 0.5), (0.24, 1.0), (0.9, 1.0)]
)
def test_an_unsure_choice_is_followed_in_part_or_not_at_all(score: float, share: float) -> None:
    logits, sides = one_cell(8, 8, 2.0 + 0.5 * math.log(score / (1 - score)))
    tracker = answering(logits, sides, even_logit=2.0, logit_width=0.5, window_influence=0.0)
    frame, box = torch.zeros(3, 400, 400, dtype=torch.uint8), torch.tensor([200.0, 200.0, 50.0, 30.0])
    estimate = tracker.localize(frame, tracker.initialize(frame, box))
    zoom = math.sqrt((50 + 40) * (30 + 40)) / 127
    assert estimate.score.item() == pytest.approx(score)
    assert estimate.box[0].item() == pytest.approx(200 + share * 8 * zoom, rel=1e-5)
    assert (estimate.box[2:] == box[2:]).all() == (share == 0)


def test_between_equal_cells_the_window_prefers_the_middle() -> None:
    sides = torch.full((1, 4, 16, 16), 32.0)
    tracker = answering(torch.full((1, 16, 16), 5.0), sides, hold_score=0.0, follow_score=0.1)
    frame, box = torch.zeros(3, 400, 400, dtype=torch.uint8), torch.tensor([200.0, 200.0, 50.0, 50.0])
    estimate = tracker.localize(frame, tracker.initialize(frame, box))
    torch.testing.assert_close(estimate.box[:2], box[:2])


def test_boxes_stay_in_the_frame() -> None:
    tracker = answering(torch.full((1, 16, 16), 9.0), torch.full((1, 4, 16, 16), 300.0), change_penalty=0.0,
                        scale_learning_rate=1.0)  # fmt: skip
    frame = torch.zeros(3, 100, 140, dtype=torch.uint8)
    estimate = tracker.localize(frame, tracker.initialize(frame, torch.tensor([139.0, 99.0, 20.0, 20.0])))
    assert (estimate.box <= torch.tensor([140.0, 100.0, 140.0, 100.0])).all()


@pytest.mark.parametrize("name", ["temperature", "logit_width"])
def test_what_logits_are_divided_by_is_above_nothing(name: str) -> None:
    with pytest.raises(SettingsError, match=f"siamban: '{name}'"):
        create("siamban", {name: 0.0})


def test_eager_equals_torchscript() -> None:
    frames, boxes = clip(4)
    tracker = untrained("siamban")
    assert greatest_difference(tracker, frames, boxes[0]) < 1e-3
    assert all(0 <= e.score <= 1 for e in track(tracker, frames, boxes[0]))


def test_a_state_is_not_changed_by_use() -> None:
    frames, boxes = clip(3)
    tracker = untrained("siamban")
    state = tracker.initialize(frames[0], boxes[0])
    before = {name: tensor.clone() for name, tensor in state.items()}
    tracker.update(frames[1], state, tracker.localize(frames[1], state))
    assert state.keys() == before.keys() and all(torch.equal(state[n], before[n]) for n in state)
