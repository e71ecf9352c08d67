# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Every registered tracker: an exported archive gives the boxes of the source over 100 frames.

The presets that ship, and small networks with seeded random parameters for the others, because the code
is compared, not the accuracy. All of them take minutes of a CPU, so only three run unless
`TRACKER_ROS_LONG=1` is set; pytest's ``--junitxml`` writes out the greatest differences.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from cf_helpers import clip, track
from torch import Tensor

from tracker_ros.export.archive import export, load_archive
from tracker_ros.trackers import Tracker, create, load, registered, resolve
from tracker_ros.weights import load_weights

CORRELATION: dict[str, Any] = {"width_multiplier": 0.0625, "response_upsampling": 2}
TINY = {"backbone": "micro_resnet", "search_size": 64}
SETTINGS: dict[str, dict[str, Any]] = {
    "siamfc": CORRELATION,
    "cfnet": CORRELATION,
    "adacfnet": CORRELATION,
    "edsiam": CORRELATION,
    "edcf": {"width_multiplier": 0.0625},
    "cacfnet": {"width_multiplier": 0.0625},
    "cacfnet_plus": {"width_multiplier": 0.0625},
    "tadt": {
        **TINY,
        "min_target_size": 16.0,
        "max_target_size": 21.0,
        "shallow_channels": 12,
        "deep_channels": 24,
    },
    "dslt": {
        **TINY,
        "reduced_channels": 8,
        "initial_iterations": 10,
        "update_iterations": 1,
        "sample_memory": 3,
    },
    "dcfst": {},
    "siamban": {},
    "siamrpn": {"width_multiplier": 0.1},
    "siamrpnpp": {"bottleneck_width": 4},
    "rtmdnet": {
        "width_multiplier": 0.25,
        "initial_iterations": 4,
        "candidate_count": 32,
        "update_interval": 25,
    },
}

#: As they ship.
PRESETS = (
    "adacfnet_mobile",
    "dcf",
    "dcf_tiny",
    "dcfst_mobile",
    "dslt_mobile",
    "edcf_mobile",
    "rtmdnet_mobile",
    "siamban_mobile",
    "siamfc_mobile",
    "siamrpn_mobile",
    "siamrpnpp_mobile",
    "tadt_mobile",
)
#: Without a network; with one; and one that learns online, where a last bit decides on the next candidates.
ALWAYS = ("dcf", "dcf_tiny", "rtmdnet_mobile", "siamban_mobile")
TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def flight() -> tuple[list[Tensor], Tensor]:
    """101 frames and the first box."""
    frames, boxes = clip(101)
    return frames, boxes[0]


def made(name: str) -> tuple[Tracker, str, dict[str, Any]]:
    """A tracker, the name that its manifest bears, and its settings."""
    if name in PRESETS:
        preset = resolve(name)
        return load(name), preset.name, preset.settings
    tracker = create(name, SETTINGS[name])
    load_weights(tracker, "random:0")
    return tracker.eval(), name, SETTINGS[name]


def test_every_tracker_is_among_these() -> None:
    """The long form alone would miss one."""
    assert {*registered()} <= {*SETTINGS, *PRESETS}


@pytest.mark.parametrize("name", sorted({*registered(), *SETTINGS, *PRESETS}))
def test_archive_gives_the_boxes_of_the_source_over_100_frames(
    name: str,
    flight: tuple[list[Tensor], Tensor],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    if name not in ALWAYS and not os.environ.get("TRACKER_ROS_LONG"):
        pytest.skip("TRACKER_ROS_LONG is not set")
    tracker, label, settings = made(name)
    export(tracker, label, settings, tmp_path / "one.ts")
    expected = track(tracker, *flight)
    found = track(load_archive(tmp_path / "one.ts", [tmp_path]), *flight)
    assert len(found) == 100
    boxes, scores = (
        [torch.stack([getattr(e, field) for e in estimates]) for estimates in (found, expected)]
        for field in ("box", "score")
    )
    record_property("greatest difference, px", float((boxes[0] - boxes[1]).abs().max()))
    torch.testing.assert_close(boxes[0], boxes[1], atol=TOLERANCE, rtol=0)
    torch.testing.assert_close(scores[0], scores[1], atol=TOLERANCE, rtol=0)
