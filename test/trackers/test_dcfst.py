# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""DCFST: memory and refinement against closed forms and autograd, its training, tracking on drawn frames."""

from __future__ import annotations

import cv2
import pytest
import torch
from pretrained_helpers import drawn
from torch import Tensor

from tracker_ros.networks.dcfst import DcfstNetwork
from tracker_ros.networks.iounet import IoUNet
from tracker_ros.networks.locator import Locator, channel_rms
from tracker_ros.ops.ridge import ridge_primal
from tracker_ros.trackers import Tracker, create
from tracker_ros.trackers.dcfst import AREA
from tracker_ros.training.dcfst import DcfstTraining, jittered
from tracker_ros.weights import load_weights
from tracker_ros.weights.loader import fill


def tiny(**settings) -> Tracker:
    tracker = create("dcfst", {"not_found_score": 0.0, "refinement_candidates": 0, **settings})
    load_weights(tracker, "random:0")
    return tracker.eval()


def batch(count: int) -> dict[str, Tensor]:
    """Pairs whose search crop is the exemplar moved by whole pixels."""
    g = torch.Generator().manual_seed(0)
    exemplar = torch.rand(count, 3, 160, 160, generator=g) * 255
    exemplar = torch.nn.functional.avg_pool2d(exemplar, 5, 1, 2)
    box = torch.tensor([80.0, 80.0, 34.0, 30.0]).repeat(count, 1)
    return {
        "exemplar": exemplar,
        "search": exemplar.roll((8, -16), (2, 3)),
        "exemplar_box": box,
        "search_box": box + torch.tensor([-16.0, 8.0, 0.0, 0.0]),
        "positive": torch.ones(count),
    }


def test_a_grid_of_regions_is_its_boxes_one_by_one():
    torch.manual_seed(0)
    locator = Locator([4, 6], [8, 16], (5, 7), (4, 2), (3, 2)).eval()
    levels = [torch.rand(5, 20, 20), torch.rand(7, 10, 10)]
    xs, ys = torch.tensor([40.0, 80, 120]), torch.tensor([60.0, 100])
    boxes = torch.stack([torch.stack((x, y, torch.tensor(32.0), torch.tensor(28.0))) for y in ys for x in xs])
    with torch.no_grad():
        grid = locator.on_grid(levels, xs, ys, torch.tensor([32.0, 28.0]))
        torch.testing.assert_close(grid, locator.of_boxes(levels, boxes))


def test_embedding_has_unit_channels_and_labels_peak_on_the_target():
    torch.manual_seed(0)
    network = DcfstNetwork("micro_resnet").eval()
    with torch.no_grad():
        levels = network.locator(network.backbone(torch.rand(1, 3, 160, 160) * 255))
        data = network.embed([level[0] for level in levels], torch.tensor([32.0, 32.0]))
    torch.testing.assert_close(channel_rms(data), torch.ones(network.dimensions))
    middle = float(network.axis[5]) + 80
    labels = network.labels(torch.tensor([middle, 80.0, 32.0, 32.0])).view(21, 21)
    assert labels[10, 5] == labels.max() == 1.0
    # One standard deviation, a quarter of the 32 pixels of a target, from it.
    steps = 8.0 / network.spacing
    assert labels[11, 5].item() == pytest.approx(float(torch.exp(torch.tensor(-0.5 / steps**2))), rel=1e-4)


def test_written_out_ascent_is_autograd():
    torch.manual_seed(1)
    head = IoUNet([4, 6], [8, 16], 5).double().eval()
    levels = [torch.rand(5, 12, 12).double(), torch.rand(5, 6, 6).double()]
    modulation = torch.rand(2, 5).double()
    boxes = (torch.tensor([48.0, 48, 30, 24]) + torch.randn(4, 4) * 4).double().requires_grad_()
    head.predict(levels, modulation, boxes)[0].sum().backward()
    predicted, gradient = head.ascend(levels, modulation, boxes.detach())
    torch.testing.assert_close(gradient, boxes.grad)
    assert predicted.shape == (4,)


@pytest.mark.parametrize("memory", ["gram", "data"])
def test_model_of_two_frames_is_ridge_regression_of_both(memory):
    tracker = tiny(
        memory_kind=memory, learning_rate=0.2, distractor_learning_rate=0.2, initial_augmentation=False
    )
    frame, box = drawn(120, 100)
    with torch.inference_mode():
        first = tracker.initialize(frame, box)
        later, _ = drawn(124, 98)
        second = tracker.update(later, first, tracker.localize(later, first))
        data = []
        for image, target in ((frame, box), (later, second["box"])):
            region = tracker.region(target)
            crop_box = tracker.inside(target, region)
            patch = crop_of(tracker, image, region)
            data.append(tracker.embed(tracker.network.backbone(patch), crop_box[2:]).double())
    labels = first["labels"]
    # Directions that hardly occur in the data are left open by the model's rounding: compare predictions.
    expected = ridge_primal(data[0], labels, 0.1)
    torch.testing.assert_close(data[0] @ first["w"].double(), data[0] @ expected, rtol=0, atol=1e-5)
    if memory == "data":
        expected = ridge_primal(0.8 * data[0] + 0.2 * data[1], labels, 0.1)
    else:  # a sample of weight a counts like one scaled by its root
        stacked = torch.cat((0.8**0.5 * data[0], 0.2**0.5 * data[1]))
        expected = ridge_primal(stacked, torch.cat((0.8**0.5 * labels, 0.2**0.5 * labels)), 0.1)
    torch.testing.assert_close(data[1] @ second["w"].double(), data[1] @ expected, rtol=0, atol=1e-5)


def test_the_first_model_is_of_the_crop_its_mirror_image_and_two_blurs():
    tracker = tiny(memory_kind="gram", initial_augmentation=True)
    frame, box = drawn(120, 100)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        region = tracker.region(box)
        patch = crop_of(tracker, frame, region)
        pixels = patch[0].permute(1, 2, 0).numpy()
        blurred = [cv2.blur(pixels, (side, side), borderType=cv2.BORDER_REPLICATE) for side in (3, 5)]
        views = [pixels, pixels[:, ::-1].copy(), *blurred]
        size = tracker.inside(box, region)[2:]
        data = []
        for view in views:
            levels = tracker.network.backbone(torch.from_numpy(view).permute(2, 0, 1).unsqueeze(0))
            data.append(tracker.embed(levels, size).double() / len(views) ** 0.5)
    labels = torch.cat([state["labels"] / len(views) ** 0.5] * len(views))
    expected = ridge_primal(torch.cat(data), labels, 0.1)
    for part in data:
        torch.testing.assert_close(part @ state["w"].double(), part @ expected, rtol=0, atol=1e-4)


def crop_of(tracker: Tracker, image: Tensor, region: Tensor) -> Tensor:
    from tracker_ros.ops.crop import crop

    return crop(image, region, tracker.network.search, tracker.network.search)


def test_share_of_the_first_frame_has_a_floor():
    tracker = tiny(
        learning_rate=0.5, distractor_learning_rate=0.5, initial_share=0.3, initial_augmentation=False
    )
    frame, box = drawn(120, 100)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        shares = []
        for _ in range(3):
            state = tracker.update(frame, state, tracker.localize(frame, state))
            shares.append(float(state["share"]))
    assert shares == pytest.approx([0.5, 0.3, 0.3])


def test_nothing_is_learned_or_moved_below_the_threshold():
    tracker = tiny(not_found_score=1.0, update_interval=1)
    frame, box = drawn(120, 100)
    later, _ = drawn(140, 100)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        estimate = tracker.localize(later, state)
        assert estimate.score < 1.0
        assert torch.equal(estimate.box, box)
        assert torch.equal(tracker.update(later, state, estimate)["w"], state["w"])


def test_a_second_peak_far_away_is_a_distractor():
    tracker = tiny()
    response = torch.zeros(21, 21)
    response[10, 10] = 0.9
    response[10, 12] = 0.8
    place = torch.tensor(10)
    assert not tracker.is_distracted(response, place, place)
    response[3, 3] = 0.4
    assert tracker.is_distracted(response, place, place)


@pytest.mark.parametrize("size", [40.0, 80.0])
def test_the_window_is_the_edges_of_the_response_s_cells(size):
    """In pixels of the frame, about the box: as many cells, each `spacing` pixels of the scaled crop."""
    tracker = tiny()
    frame = drawn(120, 100)[0]
    box = torch.tensor([120.0, 100.0, size, size])
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        estimate = tracker.localize(frame, state)
    cells = estimate.response.shape[-1]
    side = cells * tracker.network.spacing * AREA * size / tracker.network.search
    assert estimate.window.tolist() == pytest.approx([120.0, 100.0, side, side], rel=1e-4)


def test_follows_a_moving_target():
    tracker = tiny()
    frame, box = drawn(120, 100)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        for step in range(1, 5):
            frame, truth = drawn(120 + 4 * step, 100 - 3 * step)
            estimate = tracker.localize(frame, state)
            state = tracker.update(frame, state, estimate)
            # An untrained head: within a third of the target.
            assert (estimate.box[:2] - truth[:2]).norm() < 12


def test_script_equals_eager():
    tracker = tiny(refinement_candidates=5)
    scripted = torch.jit.script(tracker)
    frame, box = drawn(120, 100)
    later, _ = drawn(125, 97)
    with torch.inference_mode():
        found = []
        for version in (tracker, scripted):
            state = version.initialize(frame, box)
            estimate = version.localize(later, state)
            found.append((estimate, version.update(later, state, estimate)["w"]))
    torch.testing.assert_close(found[0][0].box, found[1][0].box, rtol=1e-3, atol=0.1)
    torch.testing.assert_close(found[0][0].response, found[1][0].response, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-2, atol=1e-3)


def test_training_learns_and_its_state_fits_the_tracker():
    torch.manual_seed(0)
    module = DcfstTraining(candidates=8).train()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    pairs, losses = batch(2), []
    for _ in range(14):
        optimizer.zero_grad()
        found = module(pairs)
        found["loss"].backward()
        optimizer.step()
        losses.append(found["locate"].item())
    assert losses[-1] < 0.8 * losses[0]
    assert found["response"].shape == (2, 21, 21)
    fill(create("dcfst"), module.tracker_state(), "trained")


def test_negative_pairs_do_not_count():
    torch.manual_seed(0)
    module = DcfstTraining(candidates=4).eval()
    pairs = batch(2)
    pairs["positive"] = torch.tensor([1.0, 0.0])
    with torch.no_grad():
        found = module(pairs)["locate"]
        alone = module({name: tensor[:1] for name, tensor in pairs.items()})["locate"]
    torch.testing.assert_close(found, alone)


def test_frozen_backbone_does_not_learn():
    module = DcfstTraining(freeze=True).train()
    assert not module.network.backbone.training
    assert all(not p.requires_grad for p in module.network.backbone.parameters())


def test_jittered_boxes_reach_from_good_to_bad():
    from tracker_ros.ops.boxes import iou

    torch.manual_seed(0)
    box = torch.tensor([80.0, 80, 40, 30])
    overlaps = iou(jittered(box, 300), box)
    assert overlaps.max() > 0.9 and overlaps.min() < 0.4
