# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The presets of DCFST-18's public code against its rules, written out slowly; on the small backbone."""

from __future__ import annotations

import pytest
import torch

from tracker_ros.trackers import Tracker, create, read_preset
from tracker_ros.weights import load_weights

#: `scale_damp` of the public code's settings: the share of the OLD size in the new one.
SCALE_DAMP = {
    "dcfst_reference": 0.7,
    "dcfst_nfs": 0.3,
    "dcfst_got10k": 0.3,
    "dcfst_trackingnet": 0.5,
    "dcfst_vot2019": 0.5,
}


def published(preset: str, **settings) -> Tracker:
    tracker = create("dcfst", {**read_preset(preset).settings, "backbone": "micro_resnet", **settings})
    load_weights(tracker, "random:0")
    return tracker.eval()


@pytest.mark.parametrize("preset", SCALE_DAMP)
def test_a_measured_size_is_damped_as_in_the_public_code(preset: str) -> None:
    tracker, frame = published(preset), torch.zeros(3, 480, 640, dtype=torch.uint8)
    box = torch.tensor([320.0, 240.0, 40.0, 30.0])
    region = tracker.region(box)
    measured = tracker.inside(torch.tensor([320.0, 240.0, 80.0, 24.0]), region)
    damp = SCALE_DAMP[preset]
    expected = [damp * old + (1 - damp) * new for old, new in ((40, 80), (30, 24))]
    assert tracker.outside(measured, box, region, frame)[2:].tolist() == pytest.approx(expected, rel=1e-5)
