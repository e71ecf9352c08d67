# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A tracker whose answers are written in the frame, and a session around it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session import Session, State
from tracker_ros.trackers.base import Estimate, Tracker

BOX = Box(32.0, 24.0, 10.0, 8.0)
RAISE, NAN = 254, 255


def frame(score: float = 0.9, dx: int = 0, width: int = 64, code: int | None = None) -> Tensor:
    """A frame that tells `Oracle` the score in percent, and how far the target moved to the right."""
    pixels = torch.zeros(3, 48, width, dtype=torch.uint8)
    pixels[0, 0, 0] = round(score * 100) if code is None else code
    pixels[0, 0, 1] = dx
    return pixels


class Oracle(Tracker):
    """Reads its answer from the frame; counts its updates in the state."""

    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        if int(frame[0, 0, 0]) == RAISE:
            raise KeyError("no such thing")
        return {"box": box, "updates": torch.zeros(())}

    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        code = int(frame[0, 0, 0])
        if code == RAISE:
            raise KeyError("no such thing")
        box = state["box"].clone()
        box[0] += frame[0, 0, 1]
        score = torch.tensor(math.nan if code == NAN else code / 100)
        return Estimate(box, score, torch.eye(5), box, {})

    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        return {"box": estimate.box, "updates": state["updates"] + 1}


def tracking(**values: object) -> Session:
    """A session in TRACKING at time 0.1. Its frames show nothing, so that all places look alike."""
    session = Session(Oracle(), {"verify_frames": 2, "look_margin": -0.01, "max_jump": 10.0, **values})
    session.select(frame(), BOX, 0.0)
    session.step(frame(), 0.05)
    assert session.step(frame(), 0.1).state is State.TRACKING
    return session
