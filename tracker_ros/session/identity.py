# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Identify the target: its own appearance over time, and that of objects seen beside it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session.appearance import describe, likeness

VIEWS = 8
"""Views of the target that are kept: the first one, and the latest."""
OTHERS = 16
"""Views of other objects that are kept: those that are most like the target."""
SAME = 0.93
"""Views of other objects that are so much alike are of one object; the newer one counts."""
NUDGE = 0.12
"""Places that the search finds are exact to a cell: so far, in sizes, the best fit may be from them."""

USUAL = 0.85
"""The similarity of two views of a target, assumed until enough are known."""
RISE = 0.1
"""Share of a new likeness in the usual one where it is higher; a lower one counts at once."""


class Looks(NamedTuple):
    """An object's similarity to the target (`own`), and to the most similar other object (`rival`).

    `last` is that to the target as it was seen last: it may have turned since it was seen like this before.
    """

    own: float
    rival: float
    last: float = -1.0

    @property
    def margin(self) -> float:
        """By how much it is the target's likeness and not the other's."""
        return self.own - self.rival


class Identity:
    """Remembers views of the target, and of others that were seen while the target was."""

    def __init__(self) -> None:
        self._views = torch.empty(0)
        self._others = torch.empty(0)
        self._seen = self._last = torch.empty(0)
        self._frame: Tensor | None = None
        self._places: list[tuple[float, float]] = []
        self._there = torch.empty(0)
        self.usual = USUAL

    def start(self, frame: Tensor, box: Box) -> None:
        """Begin with the first view of a target (frame uint8 [3, H, W])."""
        self._views = describe(frame, _rows(box, frame))
        self._others = self._views[:0]
        self._seen = self._last = self._views
        self.usual = USUAL

    def begin_frame(self) -> None:
        """Forget what was looked at in the frame before."""
        self._frame = None

    @property
    def is_known(self) -> bool:
        """Return whether as many views are known as are kept."""
        return len(self._views) >= VIEWS

    def looks(self, frame: Tensor, box: Box) -> Looks:
        """Compare what is at `box` with all views."""
        self._seen = describe(frame, _rows(box, frame))
        return self.compare(self._seen)[0]

    def follow(self) -> None:
        """Hold later looks against what was looked at last: it was the target."""
        self._last = self._seen

    def compare(self, descriptions: Tensor) -> list[Looks]:
        """Compare descriptions [N, D] with all views."""
        alike = likeness(descriptions, torch.cat((self._views, self._last, self._others)))
        own, last, rival = alike.tensor_split([len(self._views), len(self._views) + 1], 1)
        rivals = rival.amax(1).tolist() if len(self._others) > 0 else [-1.0] * len(descriptions)
        return [Looks(*row) for row in zip(own.amax(1).tolist(), rivals, last[:, 0].tolist(), strict=True)]

    def rival_but(self, frame: Tensor, box: Box, elsewhere: Tensor, slack: float) -> float:
        """Return the similarity of what is at `box` to the most similar other, but for some; -1 for none.

        Args:
            frame: uint8 [3, H, W].
            box: in it.
            elsewhere: descriptions [N, D] of objects that are somewhere else. A view is of one of them if one
                is as much like it as what is at the box, less `slack`.
            slack: of likenesses.
        """
        if len(self._others) == 0:
            return -1.0
        alike = likeness(describe(frame, _rows(box, frame)), self._others)[0]
        left = alike[likeness(elsewhere, self._others).amax(0) < alike - slack]
        return float(left.max()) if len(left) > 0 else -1.0

    def see(self) -> None:
        """Add what was looked at last as a view of the target."""
        view = self._seen
        known = float(likeness(view, self._views).max())
        # How alike the target's own views are is what a candidate has to come up to.
        self.usual = min(known, self.usual + RISE * (known - self.usual))
        self._views = torch.cat((self._views[:1], self._views[1:][-(VIEWS - 2) :], view))

    def meet(self, frame: Tensor, box: Box, places: list[tuple[float, float]]) -> None:
        """Remember what stands at `places` (x, y), which resembles the target at `box` and is elsewhere."""
        for view in self.at(frame, box, places).unbind(0):
            self._remember(view.unsqueeze(0))

    def at(self, frame: Tensor, box: Box, places: list[tuple[float, float]]) -> Tensor:
        """Return the descriptions [N, D] of what stands at `places`, of the box's size.

        Each is shifted to be most like the target. Places that touch the box are left out.
        """
        free = [not touches(box, at) for at in places]
        if not any(free):
            return self._views[:0]
        return self.fitted(frame, box, places)[torch.tensor(free, device=frame.device)]

    def fitted(self, frame: Tensor, size: Box, places: list[tuple[float, float]]) -> Tensor:
        """Return the descriptions [N, D] of what stands at all of `places`, of a box's size."""
        if self._frame is not frame or self._places != places:  # else asked for another box in a frame
            self._frame, self._places = frame, places
            self._there = self._best_fits(frame, size, places)
        return self._there

    def _best_fits(self, frame: Tensor, box: Box, places: list[tuple[float, float]]) -> Tensor:
        """Return [N, D] for all places."""
        steps = torch.tensor([-NUDGE, 0.0, NUDGE], device=frame.device)
        shifts = torch.cartesian_prod(steps * box.w, steps * box.h)
        centres = torch.tensor(places, device=frame.device)[:, None] + shifts
        sizes = torch.tensor([box.w, box.h], device=frame.device).expand(len(places), len(shifts), 2)
        found = describe(frame, torch.cat((centres, sizes), 2).flatten(0, 1))
        best = likeness(found, self._views).amax(1).view(len(places), -1).argmax(1)
        return found.view(len(places), len(shifts), -1)[torch.arange(len(places)), best]

    def _remember(self, view: Tensor) -> None:
        if len(self._others) > 0:
            self._others = self._others[likeness(self._others, view)[:, 0] < SAME]
        self._others = torch.cat((self._others, view))
        if len(self._others) > OTHERS:
            alike = likeness(self._others, self._views).amax(1)
            self._others = self._others[alike.argsort(descending=True)[:OTHERS]]


def touches(box: Box, at: tuple[float, float]) -> bool:
    """Return whether a box of the same size about another place (x, y) touches one."""
    return abs(at[0] - box.cx) < box.w and abs(at[1] - box.cy) < box.h


def _rows(box: Box, frame: Tensor) -> Tensor:
    return box.to_tensor(frame.device).unsqueeze(0)
