# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""RT-MDNet on the package's own backbone: its sizes, its second look, its features."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from cf_helpers import clip, greatest_difference, track, untrained

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.ops.boxes import iou
from tracker_ros.trackers import create, load
from tracker_ros.weights import load_weights

TINY = {
    "backbone": "micro_resnet",
    "hidden_units": 32,
    "standardize": True,
    "initial_lr": 1e-2,
    "update_lr": 1e-2,
    "loss": "shrinkage",
    "box_regression": False,
    "candidate_count": 128,
    "initial_positives": 64,
    "initial_negatives": 600,
    "initial_iterations": 30,
    "hard_negative_pool": 128,
    "update_positives": 20,
    "update_negatives": 60,
    "update_iterations": 5,
}


def test_the_small_preset_follows_a_target_and_scripts() -> None:
    frames, boxes = clip(8, motion=(3.0, 1.5))
    tracker = load("rtmdnet_tiny", {"update_interval": 3})
    estimates = track(tracker, frames, boxes[0])
    assert iou(torch.stack([e.box for e in estimates]), boxes[1:]).min() > 0.6
    assert greatest_difference(tracker, frames[:5], boxes[0]) < 1e-3


@pytest.mark.parametrize("growth", [1.0, 1.5 ** (1 / 40)])
def test_the_size_follows_a_target_that_grows_by_half_and_one_that_does_not(growth: float) -> None:
    frames, boxes = clip(41, motion=(0.0, 0.0), growth=growth)
    # The search is held to the place, so that the size alone is tried.
    tracker = load(
        "rtmdnet_tiny", {"search_radius": 0.05, "lost_search_radius": 0.05, "refinement_candidates": 0}
    )
    found = torch.stack([e.box for e in track(tracker, frames, boxes[0])])
    assert (found[:, 2:] / boxes[1:, 2:]).log().abs().max() < 0.1
    # The shape is the first box's.
    torch.testing.assert_close(found[:, 2] / found[:, 3], (boxes[0, 2] / boxes[0, 3]).expand(40))


def test_a_second_look_places_the_box_closer() -> None:
    frames, boxes = clip(8, motion=(3.0, 1.5))

    def error(refine: int) -> float:
        settings = {
            "refinement_candidates": refine,
            "scale_count": 0,
            "averaged_candidates": 1,
            "candidate_count": 32,
        }
        found = torch.stack([e.box for e in track(load("rtmdnet_tiny", settings), frames, boxes[0])])
        return float((found[:, :2] - boxes[1:, :2]).norm(dim=1).mean())

    assert error(64) < error(0)


def test_the_size_stays_within_its_limits() -> None:
    frames, boxes = clip(13, motion=(0.0, 0.0), growth=1.04)
    settings = {
        "search_radius": 0.05,
        "lost_search_radius": 0.05,
        "refinement_candidates": 0,
        "max_scale_total": 1.05,
        "max_scale_change": 1.02,
    }
    found = torch.stack([e.box for e in track(load("rtmdnet_tiny", settings), frames, boxes[0])])
    sizes = torch.cat((boxes[:1, 2], found[:, 2]))
    assert (sizes[1:] / sizes[:-1]).max() < 1.02 + 1e-5
    assert float(sizes[-1] / sizes[0]) == pytest.approx(1.05, rel=1e-4)


def test_features_of_the_first_frame_are_standardised() -> None:
    frames, boxes = clip(1)
    with torch.inference_mode():
        tracker = untrained("rtmdnet", **{**TINY, "update_positives": 64, "update_negatives": 600})
        state = tracker.initialize(frames[0], boxes[0])
    samples = torch.cat((state["positives0"], state["negatives0"]))
    assert samples.mean(0).abs().max() < 1e-4
    # Less than 1, because nearly constant features are not blown up.
    assert 0.5 < samples.std(0).median() < 1


def test_a_plain_backbone_s_file_fits_the_small_one(tmp_path: Path) -> None:
    backbone = build_backbone("micro_resnet", ("stride4", "stride8"))
    torch.save(backbone.state_dict(), tmp_path / "tiny.pth")
    tracker = create("rtmdnet", {"backbone": "micro_resnet"})
    load_weights(tracker, str(tmp_path / "tiny.pth"))
    assert torch.equal(tracker.net.backbone.stem[0].weight, backbone.stem[0].weight)
