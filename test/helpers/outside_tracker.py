# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A tracker of an outside package: finds its target nowhere but where it was, slowly if asked to."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from session_helpers import Oracle
from torch import Tensor

from tracker_ros.trackers import Estimate, register, setting


@dataclass(frozen=True)
class OutsideSettings:
    """What the tests need of it."""

    seconds: float = setting(0.0, "how long one localisation takes", 0.0, 60.0)


@register("outside", OutsideSettings)
class Outside(Oracle):
    """`Oracle`, whose answer is written in the frame, with a given cost."""

    def __init__(self, settings: OutsideSettings):
        super().__init__()
        self.seconds = settings.seconds

    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        if frame.shape[1] != 48:  # the node's test image, which is noise
            box = state["box"]
            return Estimate(box, torch.tensor(1.0), torch.eye(5), box, {})
        if self.seconds > 30:
            print("hangs", flush=True)
        time.sleep(self.seconds)
        return super().localize(frame, state)
