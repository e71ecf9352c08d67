# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Search for a lost target: the places that resemble it most, at first near its last place."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.ops.crop import block_means
from tracker_ros.ops.template import local_maxima, match_template

CELLS = 8
"""The target's mean side in the small picture, at least, as far as `LONGEST` allows."""
LONGEST = 240
"""The small picture's longer side, at most: it bounds the time of a search."""
PLACES = 12
"""So many of the most similar places are looked into by turns."""


class Search:
    """Remembers a small picture of the target and lists places that look like it."""

    def __init__(self) -> None:
        self._template: Tensor | None = None
        self._block = 1
        self._turn = 0
        self._frame: Tensor | None = None
        self._alike: list[tuple[float, float]] = []

    def remember(self, frame: Tensor, box: Box) -> None:
        """Cut the target's picture from uint8 [3, H, W]."""
        self._frame = None
        self._block = max(1, int(math.sqrt(box.w * box.h) / CELLS), -(-max(frame.shape[1:]) // LONGEST))
        # Only the pixels of the box: this happens while the target is tracked, when time is short.
        rows = _blocks(box.cy, box.h, frame.shape[1], self._block)
        columns = _blocks(box.cx, box.w, frame.shape[2], self._block)
        self._template = F.avg_pool2d(frame[:, rows, columns].float(), self._block)

    def begin_frame(self) -> None:
        """Forget what was found in the frame before."""
        self._frame = None

    def restart(self) -> None:
        """Begin with the most similar place again."""
        self._turn = 0

    def near(self, frame: Tensor, center: tuple[float, float], radius: float) -> list[tuple[float, float]]:
        """Return the most similar places (x, y) within `radius` pixels, the most similar one first."""
        every = self.alike(frame)
        return [at for at in every if math.hypot(at[0] - center[0], at[1] - center[1]) <= radius]

    def turns(self, places: list[tuple[float, float]], count: int) -> list[tuple[float, float]]:
        """Return the next `count` of these places, by turns."""
        if not places:
            return []
        first, self._turn = self._turn, self._turn + count
        return [places[(first + i) % len(places)] for i in range(min(count, len(places)))]

    def alike(self, frame: Tensor) -> list[tuple[float, float]]:
        """Return places (x, y) all over the frame that look like the target, the most similar one first."""
        if self._template is None:
            return []
        if self._frame is frame:  # asked for more than once about a frame
            return self._alike
        height, width = self._template.shape[1:]
        self._frame, self._alike = frame, []
        if frame.shape[1] >= height * self._block and frame.shape[2] >= width * self._block:
            response = match_template(block_means(frame, self._block), self._template)
            found = local_maxima(response, height // 2, width // 2, 4 * PLACES).tolist()
            self._alike = [
                ((column + width / 2) * self._block, (row + height / 2) * self._block)
                for row, column, _ in found
            ]
        # Else the camera's images became smaller than the target was.
        return self._alike


def _blocks(center: float, side: float, length: int, block: int) -> slice:
    """Return the pixels of a side of the box, whole blocks of them and at least two inside the image."""
    count = max(2, min(round(side / block), length // block)) * block
    first = min(max(round(center - count / 2), 0), max(length - count, 0))
    return slice(first, first + count)
