# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A node whose configuration or activation failed is as before: nothing of it is at work."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import REPOSITORY, Domain, NodeProcess  # noqa: E402

pytestmark = pytest.mark.ros
GIMBAL, TRACKER = "tracker_ros.nodes.gimbal.node:GimbalNode", "tracker_ros.nodes.tracker.node:TrackerNode"
DCF = {"tracker": "dcf", "torchscript": False}


def attempts(domain: Domain, arguments: tuple[str, ...], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """What is at work at first, before and after each of three activations, and after the cleanup."""
    path = os.pathsep.join((str(REPOSITORY / "test" / "helpers"), str(REPOSITORY)))
    given = ("--", *arguments)
    process = NodeProcess("vain_activation", domain, parameters, given, {"PYTHONPATH": path})
    assert process.ended() == 0, process.output
    assert "failed" in process.output, process.output
    return [json.loads(line) for line in process.output.splitlines() if line.startswith("{")]


def wrong(topic: str, side: str = "subscription") -> str:
    return f"qos_overrides.{topic}.{side}.reliability"


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        ((GIMBAL,), {wrong("/camera_info"): "wrong"}),
        ((GIMBAL,), {wrong("/tracker/state"): "wrong", "output": "mavlink"}),
        ((GIMBAL, "bond"), {}),
        ((TRACKER,), {wrong("/image"): "wrong", **DCF}),
        ((TRACKER,), {wrong("/tracker/init_box"): "wrong", **DCF}),
        ((TRACKER,), {wrong("/camera_info"): "wrong", **DCF}),
        ((TRACKER,), {wrong("/depth"): "wrong", "location.depth": True, **DCF}),
        ((TRACKER, "bond"), DCF),
    ],
)
def test_an_activation_that_fails_leaves_nothing_at_work(
    domain: Domain, arguments: tuple[str, ...], parameters: dict[str, Any]
) -> None:
    first, *pairs, last = attempts(domain, arguments, parameters)
    assert len(pairs) == 6
    for before, after in zip(pairs[::2], pairs[1::2], strict=True):
        assert before == after and after["state"] == "inactive" and after["audible"] == 0
    assert last == first


def test_an_activation_that_breaks_leaves_nothing_at_work(domain: Domain) -> None:
    first, *pairs, last = attempts(domain, (GIMBAL, "fault"), {})
    assert pairs[1::2] == [first] * 3 and last == first


def test_a_configuration_that_fails_leaves_nothing_at_work(domain: Domain) -> None:
    parameters = {wrong("/gimbal/rate", "publisher"): "wrong", "output": "mavlink"}
    first, *others = attempts(domain, (GIMBAL,), parameters)
    assert others == [first] * 4
