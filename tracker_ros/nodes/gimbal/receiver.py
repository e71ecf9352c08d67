# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The interface of all receivers of a gimbal's rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tracker_ros.gimbal.controller import Rates
from tracker_ros.gimbal.settings import ranged

ROLL_LOCK, PITCH_LOCK, YAW_LOCK = 4, 8, 16  # GIMBAL_MANAGER_FLAGS


class OutputError(RuntimeError):
    """An output that cannot be offered here. The message names the package that is missing."""


@dataclass(frozen=True)
class MavlinkSettings:
    """The addresses of both ends, for the outputs that speak the MAVLink gimbal protocol v2."""

    target_system: int = ranged(1, "system id of the autopilot", 1, 255)
    target_component: int = ranged(1, "component id of the gimbal manager", 0, 255)
    source_system: int = ranged(1, "system id that takes control of the gimbal", 1, 255)
    source_component: int = ranged(191, "component id that takes control; 191: onboard computer", 1, 255)
    gimbal_device_id: int = ranged(0, "gimbal to move; 0: all", 0, 255)
    endpoint: str = ranged(
        "udpout:127.0.0.1:14550",
        "of output mavlink: udpout:HOST:PORT, udpin:HOST:PORT or serial:DEVICE:BAUD",
    )
    lock_yaw: bool = ranged(True, "yaw rates are relative to the earth, not to the vehicle")

    @property
    def flags(self) -> int:
        """GIMBAL_MANAGER_FLAGS: roll and pitch relative to the horizon, yaw as asked for."""
        return ROLL_LOCK | PITCH_LOCK | (YAW_LOCK if self.lock_yaw else 0)


class Output(Protocol):
    """A receiver of rates. `claim` lets the next `send` that is heard ask for control of the gimbal first.

    It asks once: who takes control away later, such as a pilot, keeps it.
    """

    def claim(self) -> None:
        """Take control of the gimbal."""

    def send(self, rates: Rates) -> None:
        """Command rates."""

    def close(self) -> None:
        """Give control back, if it was asked for; whoever has taken it meanwhile keeps it."""
