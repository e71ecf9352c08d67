# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Places in sight that look like the target, and who of those cannot be it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session.absence import Absence, sizes
from tracker_ros.session.bystanders import Bystanders, Place, Sight
from tracker_ros.session.identity import Identity, Looks, touches
from tracker_ros.session.search import PLACES, Search

OTHERS = 6
"""So many of the places most like the target count as others."""
APART = 1.0
"""Sizes from the target from which something is another object, and no part of its own picture."""
PICTURE_SECONDS = 0.1
"""While the target is well seen, the picture of what stands beside it is at most so old."""
FRESH_SECONDS = 0.3
"""Bystanders are not followed from a picture that is older: they may have gone anywhere."""


class Surroundings:
    """Search frames for what looks like the target, and tell who of these is somebody else.

    Args:
        identity: what the target looks like.
    """

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._search, self._bystanders = Search(), Bystanders()
        self._picture: Tensor | None = None
        self._box = Box(0.0, 0.0, 0.0, 0.0)
        self._stamp: float | None = None

    def start(self, frame: Tensor, box: Box) -> None:
        """Begin with another target, at `box` of a frame (uint8 [3, H, W])."""
        self._search.remember(frame, box)
        self.forget()

    def forget(self) -> None:
        """Forget who stands where: times or images begin anew."""
        self._bystanders.start(1.0, [], 0.0)
        self._stamp = None

    def begin_frame(self) -> None:
        """Forget what was found in the frame before."""
        self._search.begin_frame()
        self._identity.begin_frame()

    def restart(self) -> None:
        """Begin the search with the most similar place again."""
        self._search.restart()

    def keep(self, frame: Tensor, box: Box, stamp: float) -> None:
        """Keep a picture of what stands beside the target, well seen at `box`, now and then."""
        if self._stamp is not None and 0 <= stamp - self._stamp < PICTURE_SECONDS:
            return
        # A copy: the image's owner may use its memory again before the target is missed.
        if self._picture is None or self._picture.shape != frame.shape:
            self._picture = torch.empty_like(frame)
        self._picture.copy_(frame)
        self._box, self._stamp = box, stamp

    def remember(self, frame: Tensor, box: Box) -> None:
        """Renew the target's picture that is searched for."""
        self._search.remember(frame, box)

    def meet(self, frame: Tensor, box: Box) -> None:
        """Remember the looks of what is most like the target elsewhere."""
        self._identity.meet(frame, box, self._search.alike(frame)[:OTHERS])

    def watch(self, frame: Tensor, absence: Absence, least: float, stamp: float) -> None:
        """Follow the bystanders in a frame in which the target is missed.

        Those in sight while the target was seen and, as long as one of them is, those that come in over the
        image's edge out of its reach.

        Args:
            frame: uint8 [3, H, W].
            absence: of the target.
            least: likeness to the target from which something may be taken for it.
            stamp: seconds.
        """
        box = absence.predicted
        if self._stamp is not None:
            if self._picture is not None and 0 <= stamp - self._stamp <= FRESH_SECONDS:
                beside = self._sights(self._picture, self._box, least)
                beside = [s for s in beside if sizes(_placed(self._box, s.at), self._box) >= APART]
                self._bystanders.start(math.sqrt(self._box.w * self._box.h), beside, self._stamp)
            self._stamp = None
        strangers = self._bystanders.follow(self._sights(frame, box, least), stamp)
        if self._bystanders.scene_lasts:
            came = [s for s in strangers if _is_at_edge(s.at, box, frame) and not _is_reached(s.at, absence)]
            self._bystanders.add(came)

    def _sights(self, frame: Tensor, box: Box, least: float) -> list[Sight]:
        places = self._search.alike(frame)[:PLACES]
        if not places:
            return []
        views = self._identity.fitted(frame, box, places)
        looks = self._identity.compare(views)
        return [
            Sight(at, view)
            for at, view, look in zip(places, views.unbind(0), looks, strict=True)
            if look.own >= least
        ]

    def is_bystander(self, box: Box) -> bool:
        """Return whether a box is where one of the bystanders is in sight."""
        return self._bystanders.stand_at(box[:2])

    def unaccounted(self, frame: Tensor, box: Box, looks: Looks, slack: float) -> Looks:
        """Return looks of what is at `box` without the likeness to others that are elsewhere."""
        elsewhere = self._bystanders.elsewhere(box[:2])
        if len(elsewhere) == 0:
            return looks
        return looks._replace(rival=self._identity.rival_but(frame, box, elsewhere, slack))

    def rival(self, frame: Tensor, box: Box, absence: Absence | None, slope: float = 0.0) -> float:
        """Return the similarity of the best match elsewhere in the frame; -1 for none.

        With an absence, only what is within the target's reach and no bystander counts, less by `slope` for
        each size that it is away from where the target should be.
        """
        places = [
            at for at in self._search.alike(frame)
            if absence is None or (_is_reached(at, absence) and not self._bystanders.stand_at(at))
        ][:OTHERS]  # fmt: skip
        others = self._identity.compare(self._identity.at(frame, box, places))
        free = [_placed(box, at) for at in places if not touches(box, at)]
        away = [slope * absence.sizes(at) if absence else 0.0 for at in free]
        return max((other.own - less for other, less in zip(others, away, strict=True)), default=-1.0)

    def turns(self, frame: Tensor, absence: Absence, radius: float, least: float, count: int) -> list[Place]:
        """Return the next `count` places within `radius` pixels to look into, by turns.

        Those that are like the target by `least` and no bystanders; all but bystanders where there are none.
        """
        box = absence.predicted
        near = [at for at in self._search.near(frame, box[:2], radius) if not self._bystanders.stand_at(at)][
            :PLACES
        ]
        looks = self._identity.compare(self._identity.fitted(frame, box, near)) if near else []
        likely = [at for at, look in zip(near, looks, strict=True) if look.own >= least] or near
        return self._search.turns(likely, count)


def _placed(box: Box, at: Place) -> Box:
    return box._replace(cx=at[0], cy=at[1])


def _is_reached(at: Place, absence: Absence) -> bool:
    return absence.is_within_reach(_placed(absence.predicted, at))


def _is_at_edge(at: Place, box: Box, frame: Tensor) -> bool:
    """Return whether a place is so near the frame's edge that what is there may just have come in."""
    height, width = frame.shape[1:]
    return not (box.w <= at[0] <= width - box.w and box.h <= at[1] <= height - box.h)
