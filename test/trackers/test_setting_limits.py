# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Settings at their limits: defaults lie within, and a tracker works at each."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from cf_helpers import untrained
from scenes import scene

from tracker_ros.trackers import make_settings, registered

#: What makes a tracker quick.
SMALL: dict[str, dict[str, Any]] = {
    "dcfst": {"backbone": "micro_resnet"},
    "dslt": {"backbone": "micro_resnet", "search_size": 96, "initial_iterations": 3},
    "rtmdnet": {
        "backbone": "mobilenet_v3",
        "hidden_units": 16,
        "candidate_count": 32,
        "initial_positives": 32,
        "initial_negatives": 100,
        "initial_iterations": 2,
        "update_iterations": 2,
        "update_min_score": 0.0,
        "box_regression_samples": 16,
        "hard_negative_pool": 96,
    },
    "siamrpnpp": {"backbone": "mobilenet_v3"},
    "tadt": {"backbone": "micro_resnet", "search_size": 96},
}
NAMES = sorted(registered())


def fields(cls: type) -> list[dataclasses.Field[Any]]:
    return list(dataclasses.fields(cls))


@pytest.mark.parametrize("name", NAMES)
def test_a_default_is_a_value_that_may_be_set(name: str) -> None:
    kind = registered()[name].Settings
    for field in fields(kind):
        made = make_settings(kind, {field.name: field.default}, name)
        assert getattr(made, field.name) == field.default
        low, high = field.metadata.get("low"), field.metadata.get("high")
        assert low is None or high is None or low < high, field.name


@pytest.mark.parametrize("name", NAMES)
def test_a_tracker_works_with_each_setting_at_its_limits(name: str) -> None:
    """At the least value of each, and at the greatest of those that cost no time."""
    kind = registered()[name].Settings
    small = dict(SMALL.get(name, {}))
    if not small and any(field.name == "width_multiplier" for field in fields(kind)):
        small["width_multiplier"] = 0.05
    box = torch.tensor([120.0, 80.0, 32.0, 28.0])
    frame = scene(box)
    for field in fields(kind):
        limits = [field.metadata.get("low")]
        if isinstance(field.default, float) and field.name != "width_multiplier":
            limits.append(field.metadata.get("high"))
        for limit in limits:
            # The least side of targets must not exceed the greatest.
            if limit is None or (name, field.name) in (
                ("tadt", "max_target_size"),
                ("tadt", "min_target_size"),
            ):
                continue
            with torch.inference_mode():
                tracker = untrained(name, **{**small, field.name: type(field.default)(limit)})
                state = tracker.initialize(frame, box)
                for _ in range(2):
                    estimate = tracker.localize(frame, state)
                    state = tracker.update(frame, state, estimate)
            assert torch.isfinite(estimate.box).all() and torch.isfinite(estimate.score), (field.name, limit)
            assert (estimate.box[2:] > 0).all(), (field.name, limit)
