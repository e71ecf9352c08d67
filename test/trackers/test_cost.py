# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A box of absurd shape costs no more than the largest sensible one, counted in operations, not in time."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tracker_ros.trackers import load

# The lightest preset of each family; a tracker without networks has no operations that are counted.
PRESETS = [
    "adacfnet_mobile",
    "cfnet",
    "dcf_tiny",
    "dcfst_mobile",
    "dslt_mobile",
    "edcf_mobile",
    "rtmdnet_mobile",
    "siamban_mobile",
    "siamfc_mobile",
    "siamrpn_mobile",
    "tadt_mobile",
]
SENSIBLE = [(960.0, 540.0, 60.0, 60.0), (960.0, 540.0, 800.0, 800.0)]
ABSURD = [
    (960.0, 540.0, 1900.0, 2.0),
    (960.0, 540.0, 2.0, 1070.0),
    (960.0, 540.0, 1919.0, 1079.0),
    (0.0, 0.0, 1900.0, 2.0),
    (1919.0, 1079.0, 1.0, 1.0),
]


@pytest.mark.parametrize("preset", PRESETS)
def test_absurd_boxes_cost_no_more_than_sensible_ones(preset: str) -> None:
    tracker = load(preset, weights="random:0")
    generator = torch.Generator().manual_seed(0)
    frame = torch.randint(0, 256, (3, 1080, 1920), dtype=torch.uint8, generator=generator)

    def operations(box: tuple[float, ...]) -> int:
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            state = tracker.initialize(frame, torch.tensor(box))
            tracker.update(frame, state, tracker.localize(frame, state))
        return int(counter.get_total_flops())

    most = max(map(operations, SENSIBLE))
    assert most > 0
    for box in ABSURD:
        assert operations(box) <= 2 * most, box
