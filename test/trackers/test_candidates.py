# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""RT-MDNet's candidate boxes: where they lie, and what becomes of those outside the frame."""

from __future__ import annotations

import pytest
import torch

from tracker_ros.ops.boxes import iou
from tracker_ros.trackers._candidates import (
    candidate_map,
    gaussian_boxes,
    inside,
    uniform_boxes,
    with_overlap,
)


def test_candidates_stay_within_their_reach() -> None:
    box, seed = torch.tensor([100.0, 80.0, 20.0, 40.0]), torch.tensor(3)
    for boxes, aspect in (
        (gaussian_boxes(box, 2000, 0.6, 1.05, seed), 1.0),
        (uniform_boxes(box, 2000, 0.6, 1.05, seed), 1.1),
    ):
        assert ((boxes[:, :2] - box[:2]).abs() <= 0.6 * 30 + 1e-4).all()
        ratio = (boxes[:, 2:] / box[2:]).log().abs()
        assert (ratio <= torch.tensor(1.05 * aspect).log() + 1e-5).all()
        assert (boxes.mean(0) - box).abs().max() < 1.0
    positives = with_overlap(gaussian_boxes(box, 400, 0.1, 1.2, seed), box, 0.7, 1.0, 100)
    negatives = with_overlap(uniform_boxes(box, 400, 1.0, 2.0, seed), box, 0.0, 0.5, 100)
    assert (iou(positives, box) >= 0.7).all() and (iou(negatives, box) <= 0.5).all()
    # Where too few lie in the range, the closest fill up.
    forced = with_overlap(positives, box, 0.0, 0.1, 10)
    assert torch.equal(iou(forced, box).sort().values, iou(positives, box).sort().values[:10])


def test_candidates_are_moved_into_the_frame() -> None:
    boxes = torch.tensor([[-5.0, 50.0, 20.0, 20.0], [70.0, 200.0, 500.0, 1.0]])
    moved = inside(boxes, torch.zeros(3, 100, 60))
    assert moved.tolist() == [[0, 50, 20, 20], [60, 100, 60, 2]]


def test_candidate_map_keeps_the_best_of_each_cell() -> None:
    offsets = torch.tensor([[0.0, 0.0], [0.1, 0.1], [-17.0, 16.9]])
    response = candidate_map(offsets, torch.tensor(34.0), torch.tensor([0.2, 0.7, 0.4]))
    assert response[8, 8] == pytest.approx(0.7) and response[16, 0] == pytest.approx(0.4)
    assert response.count_nonzero() == 2
