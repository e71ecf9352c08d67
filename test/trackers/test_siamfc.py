# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""SiamFC: published sizes, plain reference of its correlation, what it tracks and what it learns."""

from __future__ import annotations

import pytest
import torch
from cf_helpers import clip, greatest_difference, overfit, pairs, peaks_of, track, untrained

from tracker_ros.networks.siamfc import SiamFCFeatures, SiamFCModel, correlate, target_weights
from tracker_ros.ops.boxes import into_frame
from tracker_ros.trackers import SettingsError, create
from tracker_ros.trackers._scale_search import best_scale, bounded
from tracker_ros.training.siamfc import SiamFCTraining, match_labels


@pytest.mark.parametrize(("stride", "channels", "exemplar", "search"), [(8, 256, 6, 22), (4, 32, 17, 49)])
def test_feature_sizes_are_the_published_ones(stride: int, channels: int, exemplar: int, search: int) -> None:
    net = SiamFCFeatures(channels, stride, width=0.05).eval()
    with torch.no_grad():
        assert net(torch.zeros(1, 3, 127, 127)).shape == (1, channels, exemplar, exemplar)
        assert net(torch.zeros(1, 3, 255, 255)).shape == (1, channels, search, search)


def test_full_network_has_the_published_parameters() -> None:
    shapes = {n: tuple(p.shape) for n, p in SiamFCFeatures().named_parameters() if n.endswith("weight")}
    assert [shapes[f"conv{i}.weight"] for i in range(1, 6)] == [
        (96, 3, 11, 11),
        (256, 48, 5, 5),
        (384, 256, 3, 3),
        (384, 192, 3, 3),
        (256, 192, 3, 3),
    ]


def test_small_network_leaves_out_the_cells_that_padding_reaches_most() -> None:
    model = SiamFCModel(8, backbone="mobilenet_v3").eval()
    with torch.no_grad():
        features = model.features(torch.zeros(1, 3, 127, 127))
        template = model.template(torch.zeros(1, 3, 127, 127), torch.tensor([[64.0, 64.0]]))
        responses, _ = model(torch.zeros(1, 3, 255, 255), template)
    assert features.shape == (1, 8, 16, 16) and responses.shape == (1, 21, 21)
    assert torch.equal(template, features[:, :, 2:14, 2:14])


def test_background_weighs_what_it_is_told_to() -> None:
    sizes = torch.tensor([[64.0, 24.0], [19.2, 200.0]])
    found = target_weights(sizes, 12, 8, 0.2)
    for target, (w, h) in zip(found[:, 0].double(), sizes.tolist(), strict=True):
        slow = torch.zeros(12, 12, dtype=torch.float64)
        for row in range(12):
            for column in range(12):
                covered = [
                    max(0.0, min((i - 5) * 8, side / 2) - max((i - 6) * 8, -side / 2))
                    for i, side in ((row, h), (column, w))
                ]
                slow[row, column] = 0.2 + 0.8 * covered[0] * covered[1] / 64
        torch.testing.assert_close(target, slow / slow.mean(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("shared", [True, False])
def test_correlation_equals_loops(shared: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    x, z = torch.randn(2, 3, 5, 6, generator=generator), torch.randn(2, 3, 2, 3, generator=generator)
    z = z[:1] if shared else z
    expected = torch.zeros(2, 4, 4)
    for n in range(2):
        for u in range(4):
            for v in range(4):
                expected[n, u, v] = (x[n, :, u : u + 2, v : v + 3] * z[0 if shared else n]).sum()
    torch.testing.assert_close(correlate(x, z), expected)


def test_labels_mark_the_displaced_target() -> None:
    batch = {
        "search": torch.zeros(2, 3, 255, 255),
        "positive": torch.tensor([1.0, 0.0]),
        "search_box": torch.tensor([[127.5 + 24, 127.5 - 16, 60, 60]] * 2),
    }
    labels = match_labels(batch, 17, 17, 8, 16.0)
    assert labels[0, 6, 11] == 1 and labels[0, 8, 11] == 1 and labels[0, 7, 13] == -1
    assert (labels[0] == 1).sum() == 13, "cells within two of the centre"
    assert (labels[1] == -1).all()


def test_window_and_displacement_of_an_estimate() -> None:
    frames, boxes = clip(2, motion=(6.0, 3.0))
    [estimate] = track(untrained("siamfc", width_multiplier=0.25), frames, boxes[0])
    assert (estimate.box - boxes[1]).abs().max() < 3
    assert estimate.response.shape == (17, 17) and 0 <= estimate.score <= 1
    # p = (w + h) / 2 on each side; 17 cells of 8 px of the 255 that show 255 / 127 of the exemplar.
    side = ((32 + 30) * (28 + 30)) ** 0.5 * 255 / 127
    size = torch.tensor([side * 17 * 8 / 255] * 2)
    ratios = estimate.window[2:] / size
    assert min(abs(float(ratios[0]) - s) for s in (1 / 1.0375, 1.0, 1.0375)) < 1e-5
    torch.testing.assert_close(estimate.window[:2], boxes[0, :2])


def test_template_is_fixed_unless_a_rate_is_set() -> None:
    frames, boxes = clip(2)
    for rate in (0.0, 0.25):
        tracker = untrained("siamfc", width_multiplier=0.05, stride=4, output_channels=4, learning_rate=rate)
        with torch.inference_mode():
            state = tracker.initialize(frames[0], boxes[0])
            estimate = tracker.localize(frames[1], state)
            after = tracker.update(frames[1], state, estimate)
            new = tracker.initialize(frames[1], estimate.box)["template"]
        torch.testing.assert_close(after["template"], state["template"] * (1 - rate) + new * rate)


def test_penalty_works_against_a_changed_scale_of_either_sign() -> None:
    assert best_scale(torch.tensor([1.05, 1.0, 1.0]), 0.9) == 1
    assert best_scale(torch.tensor([1.2, 1.0, 1.0]), 0.9) == 0
    assert best_scale(torch.tensor([-0.95, -1.0, -2.0]), 0.9) == 1


def test_size_is_bounded_by_the_first() -> None:
    first = torch.tensor([10.0, 20.0])
    torch.testing.assert_close(bounded(torch.tensor([1.0, 200.0]), first), torch.tensor([2.0, 100.0]))


def test_centre_stays_in_the_frame() -> None:
    frame = torch.zeros(3, 48, 64, dtype=torch.uint8)
    assert into_frame(torch.tensor([-3.0, 50.0]), frame).tolist() == [0.0, 48.0]
    assert into_frame(torch.tensor([70.0, 20.0]), frame).tolist() == [64.0, 20.0]


def test_settings_that_the_network_cannot_have_are_explained() -> None:
    with pytest.raises(SettingsError, match="'stride' must be 4 or 8, got 6"):
        create("siamfc", {"stride": 6})
    with pytest.raises(SettingsError, match="'output_channels' must be even, got 33"):
        create("siamfc", {"output_channels": 33})
    with pytest.raises(
        SettingsError, match="'mobilenet_v3' has 'stride' 8 and 'width_multiplier' 1, got 4 and 1.0"
    ):
        create("siamfc", {"backbone": "mobilenet_v3", "stride": 4})


@pytest.mark.parametrize(
    "settings",
    [
        {"width_multiplier": 0.0625},
        {"backbone": "mobilenet_v3", "output_channels": 8, "background_weight": 0.2, "learning_rate": 0.01},
    ],
)
def test_torchscript_gives_the_same_boxes(settings: dict[str, object]) -> None:
    frames, boxes = clip(50)
    assert greatest_difference(untrained("siamfc", **settings), frames, boxes[0]) < 1e-3


@pytest.mark.parametrize(
    "settings",
    [
        {"output_channels": 32, "width_multiplier": 0.125},
        {"output_channels": 32, "backbone": "mobilenet_v3", "background_weight": 0.2},
    ],
)
def test_training_overfits_two_pairs_into_the_tracker(settings: dict[str, object]) -> None:
    torch.manual_seed(0)
    module, batch = SiamFCTraining(**settings), pairs(103, 159, 40)
    before, after = overfit(module, batch)
    assert after["loss"] < 0.2 * before["loss"]
    away = (peaks_of(after["response"], 8, 159) - batch["search_box"][:, :2]).abs().max()
    assert away <= 16
    create("siamfc", settings).load_state_dict(module.tracker_state())
