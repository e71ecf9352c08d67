# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The look-alikes beside the target, followed while it is out of sight: none of them is the target."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from tracker_ros.session.appearance import likeness
from tracker_ros.session.motion import renewed

Place = tuple[float, float]

GATE = 0.5
"""Sizes from where a bystander should be within which it is found again."""
DRIFT = 0.3
"""So many sizes a second it may be farther from there, once it is out of sight itself."""
GAIN = 0.3
"""Share of a new measurement in its velocity; see `share`."""
KEPT_LOOKS = 0.6
"""Likeness to its last view below which something else stands where it should be."""
MOST = 16
"""So many are followed; those that were seen last."""


class Sight(NamedTuple):
    """A place (x, y) in pixels that looks like the target, and the description [D] of what stands there."""

    at: Place
    view: Tensor


@dataclass
class _Bystander:
    """One object: its last place in pixels, the time of that in seconds, its velocity, its last view [D]."""

    at: Place
    stamp: float
    view: Tensor
    was_beside: bool
    velocity: Place = (0.0, 0.0)

    def expected(self, stamp: float) -> Place:
        elapsed = stamp - self.stamp
        return self.at[0] + self.velocity[0] * elapsed, self.at[1] + self.velocity[1] * elapsed

    def move(self, sight: Sight, stamp: float) -> None:
        elapsed = stamp - self.stamp
        if elapsed > 0:
            way = (sight.at[0] - self.at[0], sight.at[1] - self.at[1])
            self.velocity = renewed(self.velocity, way, elapsed, GAIN)
        self.at, self.view, self.stamp = sight.at, sight.view, stamp


class Bystanders:
    """Follow what looks like the target and is not, by the continuity of its way and looks.

    What stood elsewhere while the target was seen is another object and stays one, however much it looks
    like the target. So is what comes into the image over its edge, out of the target's reach, while one of
    those is in sight: else the camera may have turned, and anything comes in.
    """

    def __init__(self) -> None:
        self._size = 1.0
        self._all: list[_Bystander] = []
        self._stamp = 0.0

    def start(self, size: float, sights: list[Sight], stamp: float) -> None:
        """Begin with what stood beside a target of `size` pixels while that was seen."""
        self._size, self._stamp = size, stamp
        self._all = [_Bystander(sight.at, stamp, sight.view, True) for sight in sights]

    def follow(self, sights: list[Sight], stamp: float) -> list[Sight]:
        """Find them again among the sights of a frame, and return the sights that are none of them."""
        self._stamp = stamp
        pairs = sorted(
            (away, b, s)
            for b, bystander in enumerate(self._all)
            for s, sight in enumerate(sights)
            if (away := self._away(bystander, sight.at)) <= GATE
            and float(likeness(sight.view[None], bystander.view[None])) >= KEPT_LOOKS
        )
        moved: set[int] = set()
        taken: set[int] = set()
        for _, b, s in pairs:
            if b not in moved and s not in taken:
                self._all[b].move(sights[s], stamp)
                moved.add(b)
                taken.add(s)
        return [sight for s, sight in enumerate(sights) if s not in taken]

    def add(self, sights: list[Sight]) -> None:
        """Follow more of them from now on."""
        self._all += [_Bystander(sight.at, self._stamp, sight.view, False) for sight in sights]
        self._all = sorted(self._all, key=lambda b: -b.stamp)[:MOST]

    @property
    def scene_lasts(self) -> bool:
        """Return whether one of those that stood beside the target is in sight now."""
        return any(b.was_beside and b.stamp == self._stamp for b in self._all)

    def stand_at(self, at: Place) -> bool:
        """Return whether one of them is in sight at a place (x, y) now."""
        return any(b.stamp == self._stamp and self._away(b, at) <= GATE for b in self._all)

    def elsewhere(self, at: Place) -> Tensor:
        """Return the last views [N, D] of those that cannot be at a place (x, y) now."""
        views = [
            b.view for b in self._all
            if self._away(b, at) > GATE + DRIFT * max(self._stamp - b.stamp, 0.0)
        ]  # fmt: skip
        return torch.stack(views) if views else torch.empty(0)

    def _away(self, bystander: _Bystander, at: Place) -> float:
        x, y = bystander.expected(self._stamp)
        return math.hypot(at[0] - x, at[1] - y) / self._size
