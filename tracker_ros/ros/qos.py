# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Named quality-of-service profiles: what each topic of this package promises."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

RELIABILITIES = {"best_effort": ReliabilityPolicy.BEST_EFFORT, "reliable": ReliabilityPolicy.RELIABLE}

RESULT = QoSProfile(depth=10)
"""Small results of every frame: reliable, so that nobody misses that a target was lost."""

COMMAND = QoSProfile(depth=10)
"""Requests to a node: reliable, in order."""

MEASUREMENT = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=5,
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.VOLATILE,
)
"""Small sensor data such as attitudes: the newest few, in order; a queue of old ones would be a delay."""

PICTURE = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.VOLATILE,
)
"""Images and maps for people to look at: the newest or nothing."""


def camera(reliability: str = "best_effort") -> QoSProfile:
    """Return the profile for images to track: only the newest matters. `reliability`: see `RELIABILITIES`."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=1,
        reliability=RELIABILITIES[reliability],
        durability=DurabilityPolicy.VOLATILE,
    )
