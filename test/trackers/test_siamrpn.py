# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""SiamRPN: published sizes, post-processing by hand, export, and what each loss learns."""

from __future__ import annotations

import math

import pytest
import torch
from cf_helpers import clip, greatest_difference, pairs, track, untrained
from classification_helpers import LOSSES, learn
from torch import Tensor, nn

from tracker_ros.networks.rpn import RATIOS, SCALE, ResponseGrid
from tracker_ros.networks.siamrpn import SiameseAlexNet, SiamRpnNet
from tracker_ros.ops.anchors import anchor_grid, encode
from tracker_ros.ops.boxes import iou
from tracker_ros.trackers import SettingsError, create
from tracker_ros.trackers._proposals import ProposalTracker
from tracker_ros.trackers.siamrpn import SiamRpnSettings
from tracker_ros.training.siamfc_sl import SiamFCShrinkageTraining
from tracker_ros.training.siamrpn import ProposalTraining, SiamRpnTraining, sample_true


def test_feature_sizes_are_the_published_ones() -> None:
    net = SiameseAlexNet(0.05).eval()
    with torch.no_grad():
        for pixels, cells in ((127, 6), (255, 22), (287, 26)):
            assert net(torch.zeros(1, 3, pixels, pixels)).shape[2:] == (cells, cells)


def test_full_networks_have_the_published_layers() -> None:
    up = {n: tuple(p.shape) for n, p in SiamRpnNet(5).state_dict().items()}
    assert up["backbone.layer2.0.weight"] == (256, 96, 5, 5)
    assert up["backbone.layer5.0.weight"] == (256, 384, 3, 3)
    assert up["rpn_head.template_cls_conv.weight"] == (2560, 256, 3, 3)
    assert up["rpn_head.template_loc_conv.weight"] == (5120, 256, 3, 3)
    assert up["rpn_head.loc_adjust.weight"] == (20, 20, 1, 1)
    deep = {n: tuple(p.shape) for n, p in SiamRpnNet(5, "depthwise").state_dict().items()}
    assert deep["rpn_head.cls.conv_kernel.0.weight"] == (256, 256, 3, 3)
    assert deep["rpn_head.loc.head.3.weight"] == (20, 256, 1, 1)


class Fixed(nn.Module):
    """A network that answers the same in every frame."""

    def __init__(self, cls: Tensor, loc: Tensor) -> None:
        super().__init__()
        self.answer = (cls, loc)

    def template(self, exemplar: Tensor) -> tuple[Tensor, Tensor]:
        assert exemplar.shape == (1, 3, 127, 127)
        return exemplar.mean(), exemplar.mean()

    def forward(self, cls_kernel: Tensor, loc_kernel: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        assert search.shape in ((1, 3, 287, 287), (1, 3, 255, 255))
        return self.answer


def test_the_best_proposal_moves_and_resizes_the_box_by_the_paper_s_rules() -> None:
    cls, loc = torch.full((1, 10, 21, 21), -9.0), torch.zeros(1, 20, 21, 21)
    cls[0, :5] = 9.0
    # The square anchor, 3 cells left of the middle and 2 below.
    cls[0, 5 + 2, 10 + 2, 10 - 3], cls[0, 2, 10 + 2, 10 - 3] = 1.0, -1.0
    loc[0, 2, 12, 7] = 0.125  # dx of 8 crop pixels
    loc[0, 15 + 2, 12, 7] = math.log(1.5)  # height 96
    tracker = ProposalTracker(
        SiamRpnSettings(change_penalty=0.1, window_influence=0.0, scale_learning_rate=0.5),
        Fixed(cls, loc),
        ResponseGrid(),
    )
    frame, box = torch.zeros(3, 400, 400, dtype=torch.uint8), torch.tensor([200.0, 200.0, 50.0, 30.0])
    estimate = tracker.localize(frame, tracker.initialize(frame, box))

    zoom = math.sqrt((50 + 40) * (30 + 40)) / 127  # image pixels of a crop pixel
    assert estimate.score.item() == pytest.approx(1 / (1 + math.exp(-2)))
    assert estimate.box[:2].tolist() == pytest.approx([200 + (-24 + 8) * zoom, 200 + 16 * zoom], rel=1e-5)
    ratio = (50 / 30) / (64 / 96)
    padded = math.sqrt((64 + 80) * (96 + 80)) * zoom / math.sqrt(90 * 70)
    penalty = math.exp(-0.1 * (ratio * max(padded, 1 / padded) - 1))
    rate = penalty * estimate.score.item() * 0.5
    expected = [50 + rate * (64 * zoom - 50), 30 + rate * (96 * zoom - 30)]
    assert estimate.box[2:].tolist() == pytest.approx(expected, rel=1e-5)
    assert estimate.response.shape == (21, 21) and estimate.response.argmax() == 12 * 21 + 7
    assert estimate.window.tolist() == pytest.approx([200, 200, 168 * zoom, 168 * zoom], rel=1e-5)


@pytest.mark.parametrize(("influence", "far"), [(0.3, True), (0.6, False)])
def test_window_and_score_are_mixed_by_the_influence(influence: float, far: bool) -> None:
    """A sure cell near the edge against one in the middle of half its score: .7 to .65 and .4 to .8."""
    cls = torch.zeros(1, 10, 21, 21)
    cls[0, :5] = 99.0
    cls[0, 2, 0, 0], cls[0, 5 + 2, 0, 0] = 0.0, 99.0
    cls[0, 2, 10, 10] = 0.0
    settings = SiamRpnSettings(change_penalty=0.0, window_influence=influence)
    tracker = ProposalTracker(settings, Fixed(cls, torch.zeros(1, 20, 21, 21)), ResponseGrid())
    frame, box = torch.zeros(3, 400, 400, dtype=torch.uint8), torch.tensor([200.0, 200.0, 40.0, 40.0])
    estimate = tracker.localize(frame, tracker.initialize(frame, box))
    assert bool((estimate.box[:2] < 190).all()) == far
    assert float(estimate.score) == pytest.approx(1.0 if far else 0.5)


@pytest.mark.parametrize(("extra", "offset", "side"), [(0, 0.0, 287), (8, 0.0, 255), (7, -8.0, 255)])
def test_the_response_lies_where_its_window_says(extra: int, offset: float, side: int) -> None:
    """The middle of a cell of the response is where the anchor of that cell lies in the image."""
    grid = ResponseGrid(extra=extra, offset=offset)
    cells = grid.cells(side)
    cls = torch.full((1, 10, cells, cells), -9.0)
    cls[0, 5 + 2, 3, 15] = 9.0
    settings = SiamRpnSettings(search_size=side, change_penalty=0.0, window_influence=0.0)
    tracker = ProposalTracker(settings, Fixed(cls, torch.zeros(1, 20, cells, cells)), grid)
    frame, box = torch.zeros(3, 900, 900, dtype=torch.uint8), torch.tensor([450.0, 450.0, 40.0, 40.0])
    estimate = tracker.localize(frame, tracker.initialize(frame, box))
    assert estimate.response.argmax() == 3 * cells + 15
    low, cell = estimate.window[:2] - estimate.window[2:] / 2, estimate.window[2:] / cells
    place = low + (torch.tensor([15.0, 3.0]) + 0.5) * cell
    torch.testing.assert_close(place, estimate.box[:2], rtol=0, atol=1e-3)


def test_boxes_stay_in_the_frame() -> None:
    cls, loc = torch.zeros(1, 10, 21, 21), torch.full((1, 20, 21, 21), 300.0)
    tracker = ProposalTracker(
        SiamRpnSettings(change_penalty=0.0, scale_learning_rate=1.0), Fixed(cls, loc), ResponseGrid()
    )
    frame = torch.zeros(3, 100, 140, dtype=torch.uint8)
    estimate = tracker.localize(frame, tracker.initialize(frame, torch.tensor([70.0, 50.0, 20.0, 20.0])))
    assert (estimate.box[:2] <= torch.tensor([140.0, 100.0])).all()
    assert (estimate.box[2:] <= torch.tensor([140.0, 100.0])).all()


@pytest.mark.parametrize("correlation", ["up", "depthwise"])
def test_eager_equals_torchscript(correlation: str) -> None:
    frames, boxes = clip(4)
    tracker = untrained("siamrpn", width_multiplier=0.1, correlation=correlation)
    assert greatest_difference(tracker, frames, boxes[0]) < 1e-3
    assert all(0 <= e.score <= 1 for e in track(tracker, frames, boxes[0]))


def test_a_state_is_not_changed_by_use() -> None:
    frames, boxes = clip(3)
    tracker = untrained("siamrpn", width_multiplier=0.1)
    state = tracker.initialize(frames[0], boxes[0])
    before = {name: tensor.clone() for name, tensor in state.items()}
    tracker.update(frames[1], state, tracker.localize(frames[1], state))
    assert state.keys() == before.keys() and all(torch.equal(state[n], before[n]) for n in state)


def test_bad_settings_are_named() -> None:
    with pytest.raises(SettingsError, match="siamrpn: 'correlation' must be one of up, depthwise"):
        create("siamrpn", {"correlation": "fast"})


@pytest.mark.parametrize("name", ["siamrpn", "siamrpnpp", "siamban"])
def test_a_change_of_shape_cannot_be_rewarded(name: str) -> None:
    """The penalty is exp(-k ...): a k below 0 would prefer boxes that change."""
    with pytest.raises(SettingsError, match="'change_penalty' must be in"):
        create(name, {"change_penalty": -0.1})


@pytest.mark.parametrize("loss", LOSSES)
def test_overfits_one_batch(loss: str) -> None:
    torch.manual_seed(0)
    module = SiamRpnTraining(loss, "depthwise", width_multiplier=0.0625)
    losses = learn(module, pairs(127, 255, 64), 20, 4e-3)
    assert losses[-1] < 0.4 * losses[0]


@pytest.mark.parametrize("loss", LOSSES)
def test_what_training_rewards_the_tracker_reads(loss: str) -> None:
    """Labels, anchors and crops of training and tracking mean the same pixels."""
    batch = {name: tensor[:1] for name, tensor in pairs(127, 255, 64).items()}
    target = batch["search_box"][0] - torch.tensor([127.5, 127.5, 0.0, 0.0])
    anchors = anchor_grid(8, RATIOS, SCALE, 17)
    logits = torch.where(iou(anchors, target) > 0.5, 20.0, -20.0).unsqueeze(0)
    offsets = encode(anchors, target).permute(3, 0, 1, 2).reshape(1, 20, 17, 17)
    net = Fixed(torch.cat((-logits, logits), dim=1), offsets)
    outputs = ProposalTraining(net, ResponseGrid(), loss)(batch)
    assert outputs["loss"] < 1e-6
    beside = Fixed(torch.cat((-logits, logits), dim=1), offsets + 0.2)
    assert ProposalTraining(beside, ResponseGrid(), loss)(batch)["loss"] > 0.05

    tracker = ProposalTracker(
        SiamRpnSettings(search_size=255, change_penalty=0.0, window_influence=0.0, scale_learning_rate=1.0),
        net,
        ResponseGrid(),
    )
    search = batch["search"][0].to(torch.uint8)
    # The square around a box of 63.5 px is 127 px wide: crops are then cut pixel for pixel.
    box = torch.tensor([127.5, 127.5, 63.5, 63.5])
    estimate = tracker.localize(search, tracker.initialize(search, box))
    assert (estimate.box - batch["search_box"][0]).abs().max() < 1e-3 and estimate.score > 0.99


def test_up_channel_training_and_siamfc_sl_run_their_losses() -> None:
    batch = pairs(127, 255, 64)
    torch.manual_seed(0)
    up = learn(SiamRpnTraining("shrinkage", "up", width_multiplier=0.06), batch, 8, 3e-3)
    assert up[-1] < up[0]
    for loss in LOSSES:
        fc = learn(SiamFCShrinkageTraining(loss, output_channels=16, width_multiplier=0.1), batch, 12, 1e-2)
        assert fc[-1] < 0.8 * fc[0]


def test_negative_pairs_teach_that_nothing_is_there() -> None:
    batch = pairs(127, 255, 64)
    batch["positive"] = torch.zeros(2)
    for loss in ("bce", "shrinkage"):
        module = SiamRpnTraining(loss, "depthwise", width_multiplier=0.06)
        outputs = module(batch)
        assert outputs["regression"] == 0 and outputs["classification"] > 0
        outputs["loss"].backward()


def test_selection_draws_at_most_so_many_of_each_sample() -> None:
    torch.manual_seed(0)
    mask = torch.zeros(3, 5, 4, 4, dtype=torch.bool)
    mask[0, :, :2] = True
    mask[1, 0, 0, :3] = True
    chosen = sample_true(mask, 16)
    assert chosen.flatten(1).sum(1).tolist() == [16, 3, 0] and not (chosen & ~mask).any()
