# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Boxes and the one pixel convention of this package.

The origin is the top-left *corner* of the top-left pixel, so the centre of pixel ``(i, j)`` lies at
``(j + 0.5, i + 0.5)`` and an image of width W spans ``[0, W]``. A box is ``(cx, cy, w, h)`` in float
pixels. The form ``x, y, w, h`` (top-left corner and size) exists only at file borders.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Box(NamedTuple):
    """An axis-aligned box: centre and size in float pixels.

    >>> Box.from_xywh(10, 20, 4, 6)
    Box(cx=12.0, cy=23.0, w=4, h=6)
    >>> Box(12, 23, 4, 6).to_xywh()
    (10.0, 20.0, 4, 6)
    """

    cx: float
    cy: float
    w: float
    h: float

    @classmethod
    def from_xywh(cls, x: float, y: float, w: float, h: float) -> Box:
        """Make a box from its top-left corner and size, as result and annotation files write it."""
        return cls(x + w / 2, y + h / 2, w, h)

    def to_xywh(self) -> tuple[float, float, float, float]:
        """Return the top-left corner and size, as result and annotation files write it."""
        return self.cx - self.w / 2, self.cy - self.h / 2, self.w, self.h

    def to_tensor(self, device: torch.device | str = "cpu") -> Tensor:
        """Return the box as the float32 tensor [4] that trackers take."""
        import torch  # takes seconds, and nodes without a tracker do without

        return torch.tensor(self, dtype=torch.float32, device=device)

    def clipped(self, width: float, height: float) -> Box:
        """Return the part of the box inside an image of this size; zero-sized where they do not meet."""
        x, y, w, h = self.to_xywh()
        left, top = min(max(x, 0.0), width), min(max(y, 0.0), height)
        right, bottom = min(max(x + w, 0.0), width), min(max(y + h, 0.0), height)
        return Box.from_xywh(left, top, right - left, bottom - top)

    def overlap(self, other: Box) -> float:
        """Return the intersection over union with another box; 0 where both have no area."""
        (ax, ay, aw, ah), (bx, by, bw, bh) = self.to_xywh(), other.to_xywh()
        across = min(ax + aw, bx + bw) - max(ax, bx)
        down = min(ay + ah, by + bh) - max(ay, by)
        both = max(across, 0.0) * max(down, 0.0)
        union = aw * ah + bw * bh - both
        return both / union if union > 0 else 0.0

    def problem(self, width: int, height: int, smallest: float = 2.0) -> str:
        """Explain why this box cannot be tracked in a ``width`` x ``height`` image; '' when it can."""
        if not all(math.isfinite(v) for v in self):
            return f"box {tuple(self)} has a value that is not finite"
        if self.w < smallest or self.h < smallest:
            return f"box is {self.w:g} x {self.h:g} px; at least {smallest:g} x {smallest:g} is needed"
        inside = self.clipped(width, height)
        if inside.w * inside.h < 0.25 * self.w * self.h:
            x, y, w, h = self.to_xywh()
            return (
                f"box x={x:g} y={y:g} w={w:g} h={h:g} lies outside the {width} x {height} image"
                " (less than a quarter of it is visible)"
            )
        return ""


def xywh_to_boxes(xywh: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return [..., 4] of x, y, w, h to [..., 4] of cx, cy, w, h.

    >>> xywh_to_boxes([10, 20, 4, 6])
    array([12., 23.,  4.,  6.])
    """
    a = np.array(xywh, dtype=np.float64)
    a[..., :2] += a[..., 2:] / 2
    return a
