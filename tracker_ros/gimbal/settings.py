# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Tunable settings. Fields carry their text and range, from which the node declares its parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def ranged(default: Any, text: str, low: float | None = None, high: float | None = None) -> Any:
    """Declare a setting as `trackers.base.setting` does, without PyTorch, which a gimbal does not need."""
    return field(default=default, metadata={"text": text, "low": low, "high": high})


@dataclass(frozen=True)
class ControlSettings:
    """The controller of both axes and the estimate of the line of sight."""

    kp: float = ranged(6.0, "rate per angle of error, 1/s", 0.0, 50.0)
    ki: float = ranged(2.0, "rate per angle of error and second, 1/s^2", 0.0, 50.0)
    kd: float = ranged(0.0, "rate per rate of the error", 0.0, 1.0)
    feedforward: float = ranged(1.0, "share of the line of sight's own rate that is commanded", 0.0, 1.5)
    deadband_deg: float = ranged(0.03, "errors below this count as none, degrees", 0.0, 10.0)
    max_rate_deg: float = ranged(60.0, "largest commanded rate of an axis, degrees/s", 0.1, 720.0)
    max_acceleration_deg: float = ranged(300.0, "largest change of it, degrees/s^2", 1.0, 10000.0)
    smoothing: float = ranged(0.06, "time constant of the line of sight's filter, s", 0.001, 5.0)
    timeout: float = ranged(0.5, "without a detection for so long the gimbal stops, s", 0.02, 10.0)
    latency_compensation: bool = ranged(True, "aim where the target is now, not where the image shows it")
