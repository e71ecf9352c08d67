# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A tracker of an outside package: the correlation filter, made to take a given time a frame."""

from __future__ import annotations

import time
from dataclasses import dataclass

from torch import Tensor

from tracker_ros.trackers import Estimate, register, setting
from tracker_ros.trackers.dcf import Dcf, DcfSettings


@dataclass(frozen=True)
class SlowedSettings(DcfSettings):
    """Those of the filter, and the time."""

    seconds: float = setting(1 / 15, "how long a frame takes at least", 0.0, 60.0)


@register("slowed", SlowedSettings)
class Slowed(Dcf):
    """What a larger network would be to a camera."""

    def __init__(self, settings: SlowedSettings):
        super().__init__(settings)
        self.seconds, self.began = settings.seconds, 0.0

    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        self.began = time.monotonic()
        return super().localize(frame, state)

    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        updated = super().update(frame, state, estimate)
        time.sleep(max(self.began + self.seconds - time.monotonic(), 0.0))
        return updated
