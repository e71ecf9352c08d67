# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A tracker whose answers are written in the frame, and a session around it."""

from __future__ import annotations

import math

import torch
from image_helpers import texture
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session import Session, State
from tracker_ros.trackers.base import Estimate, Tracker

BOX = Box(32.0, 24.0, 10.0, 8.0)
RAISE, NAN = 254, 255


def frame(score: float = 0.9, dx: int = 0, width: int = 64, code: int | None = None) -> Tensor:
    """A frame that tells `Oracle` the score in percent, and how far the target moved to the right.

    What it shows is black, whatever the score.
    """
    pixels = torch.zeros(3, 48, width, dtype=torch.uint8)
    pixels[0, 0, 0] = round(score * 100) if code is None else code
    pixels[0, 0, 1] = dx
    return pixels


def painted(share: float, score: float = 1.0, dx: int = 0) -> Tensor:
    """A frame whose target's colour is so far from red on its way to blue; with grain, as a camera's."""
    pixels = frame(score, dx=dx)
    color = torch.tensor([200.0, 60.0, 50.0]) * (1 - share) + torch.tensor([50.0, 60.0, 200.0]) * share
    grain = torch.rand(3, 8, 10, generator=torch.Generator().manual_seed(0)) * 40 - 20
    left = 27 + dx
    pixels[:, 20:28, left : left + 10] = (color.view(3, 1, 1) + grain).clamp(0, 255).to(torch.uint8)
    return pixels


def hidden() -> Tensor:
    """A frame in which something of another colour is in front of everything, and the score is low."""
    pixels = frame(0.1)
    pixels[1] = 200
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


class Spot(Tracker):
    """Knows one colour near the box; its state says which. The score is how much of it is there."""

    calls = 0

    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        x, y = (int(v) for v in box[:2])
        return {"box": box, "color": frame[:, y, x].float()}

    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        Spot.calls += 1
        x, y = (int(v) for v in state["box"][:2])
        same = ((frame.float() - state["color"].view(3, 1, 1)).abs().amax(0) < 20).float()
        near = torch.zeros_like(same)
        near[max(y - 20, 0) : y + 21, max(x - 20, 0) : x + 21] = 1
        rows, columns = (same * near).nonzero(as_tuple=True)
        box = state["box"].clone()
        if len(rows):
            box[0], box[1] = columns.float().mean() + 0.5, rows.float().mean() + 0.5
        score = torch.tensor(min(len(rows) / 400.0, 1.0))
        window = torch.cat((state["box"][:2], torch.tensor([40.0, 40.0])))
        return Estimate(box, score, torch.eye(12), window, {})

    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        x, y = (int(v) for v in estimate.box[:2])
        return {"box": estimate.box, "color": torch.lerp(state["color"], frame[:, y, x].float(), 0.5)}


def spot(x: int | None, y: int = 60, color: tuple[int, int, int] = (250, 40, 40)) -> Tensor:
    """A grey textured frame with a square of 20 px about (x, y)."""
    frame = texture(240, 320) // 4 + 60
    if x is not None:
        frame[:, y - 10 : y + 10, x - 10 : x + 10] = torch.tensor(color, dtype=torch.uint8).view(3, 1, 1)
    return frame
