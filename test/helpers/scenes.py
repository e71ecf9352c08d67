# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Drawn scenes in which a target does one thing (it grows, hides, meets another), and a drawn response."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

HEIGHT, WIDTH = 160, 240


def pattern(seed: int) -> Tensor:
    """[1, 3, 6, 6] in [-1, 1]: what a target looks like."""
    return torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def _paint(image: Tensor, box: Tensor, texture: Tensor) -> Tensor:
    """`image` [3, H, W] in [0, 1] with a texture [1, 3, 6, 6] over a box (cx, cy, w, h)."""
    x = (torch.arange(WIDTH) + 0.5 - box[0]) * 2 / box[2]
    y = (torch.arange(HEIGHT) + 0.5 - box[1]) * 2 / box[3]
    grid = torch.stack((x.expand(HEIGHT, WIDTH), y.unsqueeze(1).expand(HEIGHT, WIDTH)), dim=-1)
    inside = (grid.abs() <= 1).all(-1).float()
    drawn = F.grid_sample(texture, grid.unsqueeze(0), "bilinear", "border", align_corners=False)[0]
    return image * (1 - inside) + (0.5 + 0.5 * drawn) * inside


def scene(target: Tensor | None, other: Tensor | None = None, alike: bool = False) -> Tensor:
    """A frame uint8 [3, 160, 240] of smooth ground with a target at a box [4] and another object.

    Args:
        target: its box; None hides it.
        other: box of a second object.
        alike: the second object looks as the target does.
    """
    generator = torch.Generator().manual_seed(0)
    image = F.interpolate(torch.rand(1, 3, 10, 15, generator=generator), (HEIGHT, WIDTH), mode="bicubic")[0]
    image = 0.25 + 0.5 * image.clamp(0, 1)
    if other is not None:
        image = _paint(image, other, pattern(1 if alike else 2))
    if target is not None:
        image = _paint(image, target, pattern(1))
    return (image * 255).to(torch.uint8)


def path(
    count: int,
    start: Sequence[float] = (120.0, 80.0, 32.0, 28.0),
    motion: tuple[float, float] = (0.0, 0.0),
    growth: tuple[float, float] = (1.0, 1.0),
) -> Tensor:
    """Boxes [count, 4]: from `start` on, so many pixels a frame and growing by so much in w and h."""
    steps = torch.arange(float(count))
    x, y, w, h = start
    return torch.stack(
        (x + motion[0] * steps, y + motion[1] * steps, w * growth[0] ** steps, h * growth[1] ** steps), dim=1
    )


def bump(row: int, column: int, height: float, cells: int = 33) -> Tensor:
    """[cells, cells] with one smooth peak."""
    away = torch.arange(cells).float()
    return height * torch.exp(-0.5 * ((away.view(-1, 1) - row) ** 2 + (away.view(1, -1) - column) ** 2) / 4)
