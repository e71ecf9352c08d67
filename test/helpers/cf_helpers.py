# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Clips, pairs and a trainer in miniature for the tests of the correlation-filter family."""

from __future__ import annotations

import warnings

import torch
import torch.nn.functional as F
from torch import Tensor

from tracker_ros.trackers.base import Estimate, Tracker, create
from tracker_ros.training.contract import PairTraining
from tracker_ros.weights import load_weights


def untrained(name: str, **settings: object) -> Tracker:
    """A tracker with seeded random parameters."""
    tracker = create(name, settings)
    load_weights(tracker, "random:0")
    return tracker


def clip(
    count: int, motion: tuple[float, float] = (2.0, 1.0), growth: float = 1.0
) -> tuple[list[Tensor], Tensor]:
    """Frames uint8 [3, 160, 240] of a chequered target over smooth ground, and its boxes [count, 4].

    The target moves by `motion` for 20 frames and back again, and grows by `growth` a frame.
    """
    generator = torch.Generator().manual_seed(0)
    ground = F.interpolate(torch.rand(1, 3, 10, 15, generator=generator), (160, 240), mode="bicubic")[0]
    pattern = torch.rand(1, 3, 6, 6, generator=generator) * 2 - 1
    frames, boxes = [], []
    for index in range(count):
        step, size = 20 - abs(index % 40 - 20), growth**index
        box = torch.tensor([100 + motion[0] * step, 70 + motion[1] * step, 32 * size, 28 * size])
        x = (torch.arange(240) + 0.5 - box[0]) * 2 / box[2]
        y = (torch.arange(160) + 0.5 - box[1]) * 2 / box[3]
        grid = torch.stack((x.expand(160, 240), y.unsqueeze(1).expand(160, 240)), dim=-1).unsqueeze(0)
        inside = ((grid[0].abs() <= 1).all(-1)).float()
        target = F.grid_sample(pattern, grid, "nearest", align_corners=False)[0]
        image = ground * (1 - inside) + (0.5 + 0.5 * target) * inside
        frames.append((image.clamp(0, 1) * 255).to(torch.uint8))
        boxes.append(box)
    return frames, torch.stack(boxes)


def track(tracker: Tracker, frames: list[Tensor], box: Tensor) -> list[Estimate]:
    """Estimates for every frame but the first."""
    estimates = []
    with torch.inference_mode():
        state = tracker.initialize(frames[0], box)
        for frame in frames[1:]:
            estimates.append(tracker.localize(frame, state))
            state = tracker.update(frame, state, estimates[-1])
    return estimates


def greatest_difference(tracker: Tracker, frames: list[Tensor], box: Tensor) -> float:
    """Largest difference in pixels between the boxes of the eager tracker and of its TorchScript."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(tracker)
    eager = torch.stack([e.box for e in track(tracker, frames, box)])
    return float((eager - torch.stack([e.box for e in track(scripted, frames, box)])).abs().max())


def pairs(exemplar: int, search: int, target: int) -> dict[str, Tensor]:
    """A batch of two positive pairs: textured targets of side `target`, displaced in the search crop."""
    generator = torch.Generator().manual_seed(0)
    images = [torch.rand(2, 3, side, side, generator=generator) * 60 + 60 for side in (exemplar, search)]
    boxes = []
    for index, (dx, dy) in enumerate(((-16, 8), (8, -16))):
        pattern = F.interpolate(torch.rand(1, 3, 6, 6, generator=generator) * 255, (target, target))[0]
        for image, shift in zip(images, ((0, 0), (dx, dy)), strict=True):
            top, left = ((image.shape[2] - target) // 2 + s for s in (shift[1], shift[0]))
            image[index, :, top : top + target, left : left + target] = pattern
        boxes.append([left + target / 2, top + target / 2, target, target])
    centre = [[exemplar / 2, exemplar / 2, target, target]] * 2
    return {
        "exemplar": images[0],
        "search": images[1],
        "exemplar_box": torch.tensor(centre),
        "search_box": torch.tensor(boxes),
        "positive": torch.ones(2),
    }


def overfit(
    module: PairTraining, batch: dict[str, Tensor], rate: float = 0.02, steps: int = 50
) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Losses before, and all outputs after, so many steps of Adam on one batch."""
    optimizer = torch.optim.Adam(module.parameters(), lr=rate)
    module.train()
    first = {}
    for step in range(steps):
        losses = module(batch)
        if step == 0:
            first = {name: float(value.detach()) for name, value in losses.items() if name != "response"}
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
    with torch.no_grad():
        return first, module(batch)


def peaks_of(response: Tensor, stride: float, side: int) -> Tensor:
    """(x, y) [N, 2] of the maxima of responses [N, h, w], in pixels of a crop of `side` pixels."""
    flat = response.flatten(1).argmax(1)
    width = response.shape[2]
    cells = torch.stack((flat % width, flat // width), dim=1).float()
    return (cells - (torch.tensor([width, response.shape[1]]) - 1) / 2) * stride + side / 2
